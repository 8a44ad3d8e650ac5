package sweeps

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/internal/escape"
	"harness/metrics"
	"harness/sweeps/keys"
)

// claim is a hypothesis while the file is read: its rows are found when the plan is there.
type claim struct {
	Hypothesis
	key   string // hypotheses[2]
	at    *yaml.Node
	nodes map[string]*yaml.Node // values by key
}

// maxClaim bounds the bytes of a sentence.
const maxClaim = 1000

// hypotheses reads the list of claims.
func (p *parser) hypotheses(e entry) error {
	if e.value.Kind != yaml.SequenceNode || len(e.value.Content) == 0 {
		return p.refuse(e.value, e.key, "want a list: - {name: boxes, claim: …, metric: …, row: …, against: …}")
	}
	for i, n := range e.value.Content {
		c := &claim{key: fmt.Sprintf("%s[%d]", e.key, i+1), at: n, nodes: map[string]*yaml.Node{}}
		before := len(p.mistakes)
		p.keep(p.hypothesis(c, n))
		if len(p.mistakes) == before {
			p.sweep.hypotheses = append(p.sweep.hypotheses, c)
		}
	}
	return nil
}

// hypothesis reads one of them.
func (p *parser) hypothesis(c *claim, n *yaml.Node) error {
	entries, err := p.entries(n, c.key)
	if err != nil {
		return err
	}
	for _, f := range entries {
		name := joined(c.key, f.key)
		c.nodes[f.key] = f.value
		switch f.key {
		case "name":
			c.Name, err = p.sentence(f.value, name, maxName)
		case "claim":
			c.Claim, err = p.sentence(f.value, name, maxClaim)
		case "metric":
			c.Metric, err = p.sentence(f.value, name, maxName)
		case "row":
			c.Row, err = p.refs(f.value, name)
		case "against":
			c.Against, err = p.refs(f.value, name)
		case "at_least":
			c.AtLeast, err = p.float(f.value, name)
			if err == nil && c.AtLeast < 0 {
				err = p.refuse(f.value, name, "%v: want 0 or more; expect says the direction", c.AtLeast)
			}
		case "expect":
			var direction string
			direction, err = p.oneOf(f.value, name, keys.Choices("hypotheses.expect"))
			c.Expect = Expect(direction)
		case "refuted_if":
			c.RefutedIf, err = p.sentence(f.value, name, maxClaim)
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("hypotheses")))
		}
		p.keep(err)
	}
	for _, k := range keys.File {
		if key, below := strings.CutPrefix(k.Path, "hypotheses."); below && k.Required && c.nodes[key] == nil {
			p.keep(p.refuse(n, joined(c.key, key), "missing: %s", lowerFirst(k.Doc)))
		}
	}
	return nil
}

// lowerFirst is a sentence as it goes on behind a colon, without its full stop.
func lowerFirst(text string) string {
	first, _, _ := strings.Cut(text, ". ")
	first = strings.TrimSuffix(first, ".")
	return strings.ToLower(first[:1]) + first[1:]
}

// sentence reads text that is printed on one line, however it is written.
func (p *parser) sentence(n *yaml.Node, key string, most int) (string, error) {
	text, err := p.text(n, key)
	if err != nil {
		return "", err
	}
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case text == "":
		return "", p.refuse(n, key, "empty: want text")
	case len(text) > most:
		return "", p.refuse(n, key, "%d bytes: want at most %d", len(text), most)
	}
	return escape.Line(text), nil
}

// refs reads one row or a list of rows.
func (p *parser) refs(n *yaml.Node, key string) ([]Ref, error) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	if len(nodes) == 0 {
		return nil, p.refuse(n, key, "want a row, or a list of rows")
	}
	var list []Ref
	for _, item := range nodes {
		ref, err := p.ref(item, key)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(r Ref) bool { return r.String() == ref.String() }) {
			return nil, p.refuse(item, key, "%q stands twice", ref)
		}
		list = append(list, ref)
	}
	return list, nil
}

// ref reads one row: its label, or settings.
func (p *parser) ref(n *yaml.Node, key string) (Ref, error) {
	if n.Kind != yaml.MappingNode {
		label, err := p.sentence(n, key, maxClaim)
		if err != nil {
			return Ref{}, p.refuse(n, key, "%s: want the label of a row in quotes, or settings {PATH: VALUE}", shown(n))
		}
		return Ref{Label: label}, nil
	}
	settings, err := p.refSettings(n, key, "")
	if err == nil && len(settings) == 0 {
		err = p.refuse(n, key, "no settings: want {PATH: VALUE}")
	}
	return Ref{Settings: settings}, err
}

// refSettings reads settings, nested or dotted. Whether rows have them is seen when the plan is there.
func (p *parser) refSettings(n *yaml.Node, key, prefix string) ([]Param, error) {
	entries, err := p.entries(n, key)
	if err != nil {
		return nil, err
	}
	var list []Param
	for _, e := range entries {
		path := p.sweep.fieldOf(joined(prefix, e.key))
		if e.value.Kind == yaml.MappingNode && len(e.value.Content) > 0 {
			inner, err := p.refSettings(e.value, joined(key, e.key), path)
			if err != nil {
				return nil, err
			}
			list = append(list, inner...)
			continue
		}
		value, err := p.value(e.value, joined(key, e.key))
		if err != nil {
			return nil, err
		}
		list = append(list, Param{Path: path, Value: value, Text: shownValue(value)})
	}
	return list, nil
}

// checkClaims refuses metrics that nothing records, directions that nobody knows, and names that stand twice.
func (p *parser) checkClaims() {
	seen := map[string]int{}
	for _, c := range p.sweep.hypotheses {
		if line, twice := seen[c.Name]; twice {
			p.keep(p.refuse(c.nodes["name"], c.key+".name", "%q stands twice, first on line %d", c.Name, line))
		}
		seen[c.Name] = c.nodes["name"].Line
		if err := p.checkMetric(c); err != nil {
			p.keep(err)
			continue
		}
		if c.Expect != "" {
			continue
		}
		switch p.sweep.goalOf(c.Metric) {
		case metrics.Maximize:
			c.Expect = ExpectHigher
		case metrics.Minimize:
			c.Expect = ExpectLower
		default:
			p.keep(p.refuse(c.nodes["metric"], c.key+".expect", "missing: %s has no goal: want expect: higher or lower", c.Metric))
		}
	}
}

// checkMetric refuses a metric that no trial records.
func (p *parser) checkMetric(c *claim) error {
	var declared []string
	for _, m := range p.sweep.Metrics {
		declared = append(declared, m.Key)
	}
	key, at := c.key+".metric", c.nodes["metric"]
	switch {
	case slices.Contains(declared, c.Metric):
	case strings.HasPrefix(c.Metric, "controls/"):
		return p.refuse(at, key, "%q is that of a control: name the metric, and the control under against", c.Metric)
	case p.sweep.Command != "" && len(declared) > 0:
		return p.refuse(at, key, "%q is not among metrics%s", c.Metric, didYouMean(c.Metric, declared))
	case !p.recorded(c.Metric):
		return p.refuse(at, key, "%q: "+notRecorded, c.Metric, didYouMean(c.Metric, recordedKeys()))
	}
	return nil
}

// goalOf is the better direction of a metric, as the file declares it or as it is known.
func (s *Sweep) goalOf(key string) metrics.Goal {
	return metricOf(s.Metrics, key, s.Command != "").Goal
}

// claim puts the hypotheses into the plan, with the rows that they are about.
func (s *Sweep) claim(p *Plan) error {
	var mistakes Errors
	for _, c := range s.hypotheses {
		h := c.Hypothesis
		err := p.resolve(&h)
		if err == nil {
			p.Hypotheses = append(p.Hypotheses, h)
			continue
		}
		mistake := &Error{File: s.File, Line: c.at.Line, Key: c.key, Reason: err.Error()}
		var of *keyed
		if errors.As(err, &of) {
			mistake.Line, mistake.Key, mistake.Reason = c.nodes[of.key].Line, c.key+"."+of.key, of.reason
		}
		mistakes = append(mistakes, mistake)
	}
	switch len(mistakes) {
	case 0:
		s.warnOfPower(p)
		return nil
	case 1:
		return mistakes[0]
	}
	return mistakes
}

// warnOfPower says before anything runs when no result could support a hypothesis: seeds are too few for the test, and for Holm's rule where
// every other hypothesis has the smallest p that its test can reach. Over test samples that is next to 0.
func (s *Sweep) warnOfPower(p *Plan) {
	smallest, overSeeds := make([]float64, len(p.Hypotheses)), 0
	for i, h := range p.Hypotheses {
		if p.overSeeds(h) {
			smallest[i] = metrics.SmallestSignFlip(len(p.Seeds))
			overSeeds++
		}
	}
	var hopeless []string
	for i, reached := range metrics.Holm(smallest) {
		if reached >= metrics.Level {
			hopeless = append(hopeless, p.Hypotheses[i].Name)
		}
	}
	if len(hopeless) == 0 {
		return
	}
	family, seeds := fmt.Sprint(len(p.Hypotheses)), fmt.Sprintf("there are %d seeds", len(p.Seeds))
	if overSeeds < len(p.Hypotheses) {
		family += fmt.Sprintf(", %d of them over test samples", len(p.Hypotheses)-overSeeds)
	}
	if len(p.Seeds) == 1 {
		seeds = "there is 1 seed"
	}
	text := fmt.Sprintf("%s: hypotheses: no result can support %s: p < .05 over seeds, Holm over %s, takes %d seeds, and %s", s.File,
		strings.Join(hopeless, ", "), family, metrics.SeedsFor(overSeeds), seeds)
	if !slices.Contains(s.Warnings, text) {
		s.Warnings = append(s.Warnings, text)
	}
}

// overSeeds reports whether a hypothesis has a comparison that is tested over seeds and not over test samples: its trials keep no answers to
// test samples, or it is with a control, whose answers are not kept. A program may keep answers; that it does is not known before it runs.
func (p *Plan) overSeeds(h Hypothesis) bool {
	_, _, answers := metrics.SplitRecorded(h.Metric)
	return !answers || p.Command || p.Metric(h.Metric).At != "last" ||
		slices.ContainsFunc(h.Comparisons, func(c Comparison) bool { return c.Control != "" })
}
