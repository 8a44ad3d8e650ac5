package metrics

import "strings"

// Control is a baseline that the trial of a model measures beside it, under controls/KEY/METRIC.
type Control struct {
	Key  string // in the names of metrics
	Name string // in tables
	Of   string // what the metrics that it has begin with
}

// Controls are those that the built-in trainer measures, in the order of a table.
var Controls = []Control{
	{"most-frequent", "most frequent answer", "diffvqa/"},
	{"question-only", "question only", "diffvqa/"},
	{"shuffled-images", "shuffled images", "diffvqa/"},
	{"mean-box", "mean box", "caref/"},
	{"raw-pixels", "raw pixels", "probe/tokens/"},
}

// ControlNamed finds a control by its key or by the name that tables give it.
func ControlNamed(name string) (Control, bool) {
	for _, c := range Controls {
		if name == c.Key || name == c.Name {
			return c, true
		}
	}
	return Control{}, false
}

// FromImages reports whether a recorded metric follows from images and their findings alone: what reports and phrases say changes
// neither its test samples nor what is right. The probes are such.
func FromImages(name string) bool { return strings.HasPrefix(name, "probe/") }
