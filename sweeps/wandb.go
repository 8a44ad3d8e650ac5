package sweeps

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/metrics"
	"harness/sweeps/keys"
)

// tool is whose words a file speaks.
type tool string

// The tools. W&B's words are ours too, where they mean something here.
const (
	toolOurs  tool = ""
	toolWandB tool = "W&B"
	toolSEML  tool = "SEML"
	toolHydra tool = "Hydra"
)

// toolOf tells the tools apart by the keys at the top: ours has a version, SEML's and Hydra's name themselves, and W&B's has a
// method, or parameters of a program.
func toolOf(entries []entry) tool {
	has := func(key string) bool {
		return slices.ContainsFunc(entries, func(e entry) bool { return e.key == key })
	}
	switch {
	case has("version"):
		return toolOurs
	case has("seml"), has("grid") && !has("parameters"), has("random") && has("fixed"):
		return toolSEML
	case has("hydra"), has("defaults"):
		return toolHydra
	case has("method"), has("program") && has("parameters"), has("metric") && has("parameters"):
		return toolWandB
	}
	return toolOurs
}

// noEffect are W&B's keys for its own service.
var noEffect = []string{"entity", "controller", "apiVersion", "kind"}

// wandb reads the keys that W&B has and we had not.
func (p *parser) wandb(e entry) error {
	switch e.key {
	case "metric":
		return p.metricOfSearch(e)
	case "early_terminate":
		return p.earlyTerminate(e)
	case "job", "image_uri":
		return p.refuse(e.at, e.key, "W&B Launch is not there: write program: train.py, or command:")
	case "scheduler":
		return p.refuse(e.at, e.key, "a scheduler of W&B is not run here: leave it out")
	case "slurm":
		return p.refuse(e.at, e.key, "is not read in this place%s", didYouMean(e.key, keys.Below("")))
	}
	if strings.HasPrefix(e.key, "x-") { // a place for anchors, as in Compose files
		return nil
	}
	if slices.Contains(noEffect, e.key) {
		p.without = append(p.without, e)
		return nil
	}
	for _, other := range []struct{ key, tool, instead string }{
		{"seml", "SEML", "command: [python3, train.py, \"${args}\"]"}, {"fixed", "SEML", "base: {...}"}, {"grid", "SEML", "parameters: {NAME: {values: [...]}}"},
		{"random", "SEML", "method: random and parameters"}, {"hydra", "Hydra", "parameters: {NAME: {values: [...]}}"}, {"defaults", "Hydra", "parameters"},
	} {
		if e.key == other.key {
			return p.refuse(e.at, e.key, "is a key of %s, and this file is not: write %s", other.tool, other.instead)
		}
	}
	return p.refuse(e.at, e.key, "unknown key%s", didYouMean(e.key, keys.Below("")))
}

// metricOfSearch reads W&B's metric: the one column of the table, and what early stopping looks at.
func (p *parser) metricOfSearch(e entry) error {
	if p.metricAt = e.at; len(p.sweep.Metrics) > 0 {
		return p.refuse(e.at, e.key, "metrics declares them already: want one of the two")
	}
	if e.value.Kind != yaml.MappingNode {
		return p.refuse(e.value, e.key, "want {name: acc, goal: maximize}")
	}
	m := Metric{}
	var name *yaml.Node
	goal := ""
	err := p.each(e, func(f entry, key string) (err error) {
		switch f.key {
		case "name":
			m.Key, err = p.text(f.value, key)
			name = f.value
		case "goal":
			goal, err = p.oneOf(f.value, key, keys.Choices("metric.goal"))
		case "target", "impute", "impute_while_running":
			p.without = append(p.without, entry{key: key, at: f.at})
		default:
			err = p.refuse(f.at, key, "unknown key%s", didYouMean(f.key, keys.Below("metric")))
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case name == nil:
		return p.refuse(e.at, e.key+".name", "missing: which metric?")
	case !plainName(m.Key):
		return p.refuse(name, e.key+".name", "want a name of 1 to %d bytes without control characters", maxName)
	case !p.recorded(m.Key):
		return p.refuse(name, e.key+".name", notRecorded, didYouMean(m.Key, recordedKeys()))
	}
	m = DefaultMetric(m.Key, p.sweep.Command != "")
	m.Primary = true
	if goal != "" {
		m.Goal = metrics.Goal(goal)
	} else if m.Goal == metrics.NoGoal {
		p.note(e.at, "metric.goal is not given: W&B takes minimize; here the table calls nothing best until the file says goal:")
	}
	p.sweep.Metrics = []Metric{m}
	return nil
}

// note adds a note at a place of the file.
func (p *parser) note(at *yaml.Node, format string, args ...any) {
	p.sweep.Notes = append(p.sweep.Notes, fmt.Sprintf("%s: line %d: %s", p.sweep.File, at.Line, fmt.Sprintf(format, args...)))
}

// finishWandB checks what W&B's files need beside ours, and says what had no effect.
func (p *parser) finishWandB(root *yaml.Node) {
	if len(p.without) > 0 {
		slices.SortStableFunc(p.without, func(a, b entry) int { return a.at.Line - b.at.Line })
		var keys []string
		for _, e := range p.without {
			keys = append(keys, e.key)
		}
		p.note(p.without[0].at, "without effect here: %s", strings.Join(keys, ", "))
	}
	if p.tool != toolWandB {
		return
	}
	p.liftSeeds()
	if p.methodAt == nil {
		p.keep(p.refuse(root, "method", "missing: want %s", strings.Join(methods, ", ")))
	}
	if p.program == "" && p.commandAt == nil && !slices.ContainsFunc(p.mistakes, func(e *Error) bool { return e.Key == "command" || e.Key == "job" || e.Key == "image_uri" }) {
		p.keep(p.refuse(root, "program", "missing: what to run: write program: train.py, or command: [python3, train.py, \"${args}\"]"))
	}
}

// liftSeeds makes the axis seed of a grid the seeds of the trials, where it lists whole numbers.
func (p *parser) liftSeeds() {
	s := p.sweep
	at := s.axis(seedName)
	if at < 0 || s.Search.Method != "" || s.seeded || s.axes[at].when != nil {
		return
	}
	if seeds, whole := wholeValues(s.axes[at].options); whole && len(seeds) > 1 {
		s.axes = slices.Delete(s.axes, at, at+1)
		s.Seeds, s.seeded = seeds, true
		s.Notes = append(s.Notes, seedNote(s.File, seeds))
	}
}

var unnamed = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// fileName makes a sweep's name of the name of its file.
func fileName(file string) string {
	return nameOf(strings.TrimSuffix(strings.TrimSuffix(filepath.Base(filepath.ToSlash(file)), ".yaml"), ".yml"))
}

// nameOf makes a sweep's name of a text: what a name may not have becomes a dash.
func nameOf(text string) string {
	name := strings.TrimLeft(unnamed.ReplaceAllString(text, "-"), "-._")
	if name = strings.TrimRight(name, "-"); name == "" {
		return "sweep"
	}
	return name
}

// oldBool are the words that YAML 1.1, which Python's tools read, takes for true and false, and YAML 1.2 for text; oldNumber are numbers
// to the base of 60.
var (
	oldBool   = regexp.MustCompile(`^(?i:yes|no|on|off)$`)
	oldNumber = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
)

// checkOld refuses what the file's own tool reads in another way than we do.
func (p *parser) checkOld(n *yaml.Node, key string) error {
	if p.tool == toolOurs || n.Kind != yaml.ScalarNode || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 || n.ShortTag() != "!!str" {
		return nil
	}
	switch {
	case oldBool.MatchString(n.Value):
		return p.refuse(n, key, "%s: %s reads true or false there, YAML 1.2 text: write true, false or '%s'", n.Value, p.tool, n.Value)
	case oldNumber.MatchString(n.Value):
		return p.refuse(n, key, "%s: %s reads a number to the base of 60 there, YAML 1.2 text: write '%s' or the number", n.Value, p.tool, n.Value)
	}
	return nil
}
