package sweeps

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hypothesis is a claim about rows of the table, with the rule by which package reports judges it. It is written in the file before the
// experiment runs, and changes no trial.
type Hypothesis struct {
	Name      string  `json:"name"` // unique in the file
	Claim     string  `json:"claim"`
	Metric    string  `json:"metric"`
	Row       []Ref   `json:"row"`     // it must hold in each
	Against   []Ref   `json:"against"` // and against each
	AtLeast   float64 `json:"at_least"`
	Expect    Expect  `json:"expect"`
	RefutedIf string  `json:"refuted_if,omitzero"` // the author's words; the rule is that of AtLeast and Expect
	Seeds     []int64 `json:"seeds,omitzero"`      // of the plan: more of them once results are there are another rule
	// Comparisons are what Row and Against come to in the plan. Where they come to nothing, as in the layout of another file,
	// Missing says why.
	Comparisons []Comparison `json:"comparisons"`
	Missing     string       `json:"missing,omitzero"`
	Written     Written      `json:"written,omitzero"`
}

// Ref names rows of the plan as the file does: by a label, which may be that of a control, or by settings.
type Ref struct {
	Label    string  `json:"label,omitzero"`
	Settings []Param `json:"settings,omitzero"`
}

func (r Ref) String() string {
	if r.Label != "" {
		return r.Label
	}
	parts := make([]string, len(r.Settings))
	for i, s := range r.Settings {
		parts[i] = s.Path + "=" + s.Text
	}
	return strings.Join(parts, ", ")
}

// Comparison is one row beside another, or beside a control that its own trials record.
type Comparison struct {
	Row     string `json:"row"`
	Against string `json:"against,omitzero"` // name of a row
	Control string `json:"control,omitzero"` // key of metrics.Controls, where Against is empty
}

// Expect is the direction in which a hypothesis expects the difference.
type Expect string

// The directions.
const (
	ExpectHigher Expect = "higher"
	ExpectLower  Expect = "lower"
)

// Written says when a hypothesis was stored first as it stands, and what could be known then. The zero value is one that no stored
// plan has.
type Written struct {
	At     time.Time `json:"at"`
	Ended  int       `json:"ended,omitzero"`  // trials of the plan that had ended
	Former int       `json:"former,omitzero"` // trials that had ended and that the sweep does not want any more
	First  time.Time `json:"first,omitzero"`  // when the first of both ended
}

// Late reports whether results were there before.
func (w Written) Late() bool { return w.Ended+w.Former > 0 }

// Withdrawn is a hypothesis as it stood before it was changed or taken out while results were there.
type Withdrawn struct {
	Hypothesis
	Until   Written `json:"until"`            // when a plan without it was stored
	Changed bool    `json:"changed,omitzero"` // one of its name stands in its place
}

// says reports whether two hypotheses say the same, whenever they were written.
func (h Hypothesis) says(other Hypothesis) bool {
	return h.Name == other.Name && h.Claim == other.Claim && h.Metric == other.Metric && h.AtLeast == other.AtLeast &&
		h.Expect == other.Expect && h.RefutedIf == other.RefutedIf && slices.Equal(h.Comparisons, other.Comparisons) &&
		(slices.Equal(h.Seeds, other.Seeds) || h.Seeds == nil || other.Seeds == nil)
}

// KeepWritten dates the hypotheses of a plan that is about to be stored in place of another, which may be nil: what stood there already
// keeps its date, all else is written now. What is gone stays as withdrawn where trials had ended.
func (p *Plan) KeepWritten(before *Plan, now Written) {
	if before == nil {
		before = &Plan{}
	}
	p.Withdrawn = slices.Clone(before.Withdrawn)
	for i := range p.Hypotheses {
		h := &p.Hypotheses[i]
		h.Written = now
		if old := before.hypothesis(h.Name); old != nil && old.says(*h) {
			h.Written = old.Written
		}
	}
	if !now.Late() {
		return
	}
	for _, old := range before.Hypotheses {
		if h := p.hypothesis(old.Name); h == nil || !h.says(old) {
			p.Withdrawn = append(p.Withdrawn, Withdrawn{Hypothesis: old, Until: now, Changed: h != nil})
		}
	}
}

// Undated reports whether a plan that is to be stored in place of another has a hypothesis that is new, changed or gone.
func (p *Plan) Undated(before *Plan) bool {
	if before == nil || len(before.Hypotheses) != len(p.Hypotheses) {
		return before != nil || len(p.Hypotheses) > 0
	}
	return slices.ContainsFunc(p.Hypotheses, func(h Hypothesis) bool {
		old := before.hypothesis(h.Name)
		return old == nil || !old.says(h)
	})
}

func (p *Plan) hypothesis(name string) *Hypothesis {
	if i := slices.IndexFunc(p.Hypotheses, func(h Hypothesis) bool { return h.Name == name }); i >= 0 {
		return &p.Hypotheses[i]
	}
	return nil
}

// relaidHypotheses gives a plan in the layout of another file the hypotheses of that file. Those that the plan has keep their date.
func (p *Plan) relaidHypotheses(s *Sweep) {
	stored := p.Hypotheses
	p.Hypotheses = nil
	for _, placed := range s.hypotheses {
		h := placed.Hypothesis
		if err := p.resolve(&h); err != nil {
			h.Comparisons, h.Missing = nil, err.Error()
		}
		if i := slices.IndexFunc(stored, func(o Hypothesis) bool { return o.says(h) }); i >= 0 {
			h.Written = stored[i].Written
		}
		p.Hypotheses = append(p.Hypotheses, h)
	}
}

// renameHypotheses follows rows that have got other names.
func (p *Plan) renameHypotheses(renamed map[string]string) {
	p.Hypotheses = slices.Clone(p.Hypotheses)
	for i := range p.Hypotheses {
		list := slices.Clone(p.Hypotheses[i].Comparisons)
		for j := range list {
			list[j].Row, list[j].Against = renamed[list[j].Row], renamed[list[j].Against]
		}
		p.Hypotheses[i].Comparisons = list
	}
}

// Rule says by which rule a hypothesis is judged, in words; amount prints a difference.
func (h Hypothesis) Rule(amount func(float64) string) string {
	other := map[Expect]string{ExpectHigher: "lower", ExpectLower: "higher"}[h.Expect]
	text := fmt.Sprintf("supported if the row is %s with p < .05 after Holm; refuted if it is %s with such a p", h.Expect, other)
	if h.AtLeast > 0 {
		text += fmt.Sprintf(", or if all of the 95%% interval falls short of a difference of %s", amount(h.AtLeast))
	}
	return text
}
