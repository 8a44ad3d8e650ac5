package collect

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"harness/internal/escape"
)

// names decides under which name a value is recorded.
type names struct {
	declared  map[string]bool // nil = any
	metrics   map[string]*metric
	others    map[string]bool // names that are not declared
	settlings []*curveOf      // in the order in which they were met: curves that another place competes with
}

// metric is a name that is recorded.
type metric struct {
	name  string
	owner *curveOf // whose values are recorded
}

// curveOf is a curve with what it belongs to.
type curveOf struct {
	*curve
	place *place
	name  string // in the file
}

const longestName = 200 // bytes of a metric's name

func newNames(declared []string) names {
	n := names{metrics: map[string]*metric{}, others: map[string]bool{}}
	if len(declared) > 0 {
		n.declared = map[string]bool{}
	}
	for _, name := range declared {
		n.declared[escape.Line(name)] = true
	}
	return n
}

// take takes a value from a place.
func (n *names) take(w *Watcher, p *place, name string, step int64, value float64) {
	c := p.curves[name]
	if c == nil {
		c = n.meet(w, p, name)
		p.curves[name] = c
	}
	if c.state == dropped || !c.set(step, value) {
		return
	}
	switch c.state {
	case recorded:
		p.values++
		w.points = append(w.points, Point{c.metric.name, step, value})
		n.recheck(w, c, step)
	case compared, agreeing:
		n.compare(w, n.of(c), step)
	}
}

// of finds the record of a curve that is compared.
func (n *names) of(c *curve) *curveOf {
	i := slices.IndexFunc(n.settlings, func(o *curveOf) bool { return o.curve == c })
	return n.settlings[i]
}

// meet gives a new curve its metric, if it has one.
func (n *names) meet(w *Watcher, p *place, name string) *curve {
	c := &curve{}
	if len(escape.Line(name)) > longestName {
		w.say(fmt.Sprintf("%s: a name of more than %d bytes: it is not recorded: %s", p.name, longestName, clip(escape.Line(name))))
		return c
	}
	key := n.nameFor(p, name)
	if key == "" {
		if n.declared != nil {
			n.others[escape.Line(name)] = true
		}
		return c
	}
	own := &curveOf{c, p, name}
	m := n.metrics[key]
	if m == nil {
		m = &metric{key, own}
		n.metrics[key] = m
		c.metric, c.state = m, recorded
		return c
	}
	c.metric, c.state = m, compared
	n.settlings = append(n.settlings, own)
	return c
}

// nameFor is the name that a value is recorded under unless another place has it: the declared one that says most of where it stands
// ("validation/loss" for a loss in the folder validation), else its own; "" where nothing is to be recorded.
func (n *names) nameFor(p *place, name string) string {
	key := escape.Line(name)
	if strings.TrimSpace(key) == "" {
		return ""
	}
	if n.declared == nil {
		return key
	}
	best := ""
	if n.declared[key] {
		best = key
	}
	for qualified, dir := key, p.below; dir != "." && dir != "/" && dir != ""; dir = path.Dir(dir) {
		qualified = escape.Line(path.Base(dir)) + "/" + qualified
		if n.declared[qualified] {
			best = qualified
		}
	}
	return best
}

// recheck compares a new value of the recorded curve with the curves of other places.
func (n *names) recheck(w *Watcher, c *curve, step int64) {
	if len(n.settlings) == 0 {
		return
	}
	for _, other := range slices.Clone(n.settlings) {
		if other.metric == c.metric && other.curve != c {
			n.compare(w, other, step)
		}
	}
}

// compare looks whether a curve says the same at a step as the one that is recorded.
func (n *names) compare(w *Watcher, c *curveOf, step int64) {
	owner := c.metric.owner
	value, ok := c.at(step)
	recordedValue, both := owner.at(step)
	if !ok || !both {
		return
	}
	if !alike(value, recordedValue) {
		n.part(w, c, fmt.Sprintf("%s is %v at step %d there, and %v in %s", escape.Line(c.name), value, step, recordedValue, owner.place.name))
		return
	}
	if c.state = agreeing; exactness(c.place) < exactness(owner.place) {
		n.takeOver(w, c)
	}
}

// exactness ranks places by the digits that their format keeps, the best first.
func exactness(p *place) int { return slices.Index(Formats[:], p.format) }

// takeOver records the values of a curve that has more digits in place of those of the owner.
func (n *names) takeOver(w *Watcher, c *curveOf) {
	m := c.metric
	old := m.owner
	m.owner = c
	for i, other := range n.settlings {
		if other == c {
			n.settlings[i] = old
		}
	}
	c.state, old.state = recorded, agreeing
	for i, step := range c.steps {
		c.place.values++
		w.points = append(w.points, Point{m.name, step, c.values[i]})
	}
}

// part gives a curve that says something else than the recorded one a name of its own, by the folder that it stands in. Where metrics are
// declared, or that name is taken, it is not recorded. Both are said.
func (n *names) part(w *Watcher, c *curveOf, reason string) {
	n.settlings = slices.DeleteFunc(n.settlings, func(o *curveOf) bool { return o == c })
	key := escape.Line(path.Base(c.place.below)) + "/" + escape.Line(c.name)
	if n.declared != nil || c.place.below == "." || c.place.format != c.metric.owner.place.format || n.metrics[key] != nil || len(key) > longestName {
		w.say(fmt.Sprintf("%s: %s, which counts: this one is not recorded", c.place.name, reason))
		*c.curve = curve{}
		return
	}
	w.say(fmt.Sprintf("%s: %s: it is recorded as %s", c.place.name, reason, key))
	c.metric = &metric{key, c}
	n.metrics[key] = c.metric
	c.state = recorded
	for i, step := range c.steps {
		c.place.values++
		w.points = append(w.points, Point{key, step, c.values[i]})
	}
}

// settle says of the curves that never shared a step with the recorded one what becomes of them.
func (n *names) settle(w *Watcher) {
	for _, c := range slices.Clone(n.settlings) {
		if c.state == compared {
			n.part(w, c, fmt.Sprintf("%s shares no step with %s in %s", escape.Line(c.name), c.metric.name, c.metric.owner.place.name))
		}
	}
}
