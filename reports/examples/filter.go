package examples

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/internal/nearest"
	"harness/reports/plots"
)

var nan32 = float32(math.NaN())

// Filter chooses samples. Its fields are joined by "and"; empty ones choose all.
type Filter struct {
	Right, Wrong []string // names of rows that must have answered right, or wrong
	Finding      string   // that the reference names
	Text         string   // in ID, question, references or any answer; case does not matter
	Disagree     bool     // some rows have answered right, others wrong
}

// Order says in which order samples stand.
type Order string

// The orders.
const (
	OrderID       Order = "id"
	OrderSpread   Order = "spread" // first where the scores of the rows differ most; without scores, where right and wrong rows are nearest to even
	OrderHardest  Order = "hardest"
	OrderEasiest  Order = "easiest"
	OrderFindings Order = "findings" // first what names most findings
)

// Orders lists the orders.
var Orders = []Order{OrderID, OrderSpread, OrderHardest, OrderEasiest, OrderFindings}

// Choose lists the places of the samples that a filter chooses. What cannot be met is a *plots.OptionError.
func (s *Samples) Choose(f Filter, order Order) ([]int, error) {
	right, err := s.places("right", f.Right)
	if err != nil {
		return nil, err
	}
	wrong, err := s.places("wrong", f.Wrong)
	if err != nil {
		return nil, err
	}
	for _, r := range right {
		if slices.Contains(wrong, r) {
			return nil, &plots.OptionError{Option: "right and wrong", Reason: s.Rows[r].Name + " cannot be both"}
		}
	}
	finding := -1
	if f.Finding != "" {
		var ok bool
		if finding, ok = slices.BinarySearch(s.Findings, f.Finding); !ok {
			hint := nearest.Hint(nearest.Meant(f.Finding, s.Findings))
			return nil, &plots.OptionError{Option: "finding", Reason: fmt.Sprintf("no reference names %s%s", f.Finding, hint)}
		}
	}
	text := strings.ToLower(f.Text)
	var chosen []int
	for i := range s.list {
		one := &s.list[i]
		switch {
		case slices.ContainsFunc(right, func(r int) bool { return one.verdicts[r] != RightAnswer }),
			slices.ContainsFunc(wrong, func(r int) bool { return one.verdicts[r] != WrongAnswer }),
			finding >= 0 && !slices.Contains(one.findings, int32(finding)),
			f.Disagree && (one.right == 0 || one.wrong == 0),
			text != "" && !one.contains(text):
		default:
			chosen = append(chosen, i)
		}
	}
	return chosen, s.sort(chosen, order)
}

// places are those of rows by name.
func (s *Samples) places(option string, names []string) ([]int, error) {
	list := make([]int, len(names))
	var err error
	for i, name := range names {
		if list[i], err = placeOf(s.Rows, option, name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// placeOf is the place of a row by its name.
func placeOf(rows []Row, option, name string) (int, error) {
	if at := slices.IndexFunc(rows, func(r Row) bool { return r.Name == escape.Line(name) }); at >= 0 {
		return at, nil
	}
	var known []string
	for _, r := range rows {
		known = append(known, r.Name)
	}
	hint := nearest.Hint(nearest.Meant(name, known))
	return 0, &plots.OptionError{Option: option, Reason: fmt.Sprintf("%q: the rows are %s%s", name, strings.Join(known, ", "), hint)}
}

// contains reports whether a sample has a text, which is in lower case.
func (one *item) contains(text string) bool {
	in := func(whole string) bool { return strings.Contains(strings.ToLower(whole), text) }
	return in(one.id) || in(one.question) || slices.ContainsFunc(one.refs, in) || slices.ContainsFunc(one.answers, in)
}

// sort puts samples, which stand in the order of their IDs, in another one.
func (s *Samples) sort(chosen []int, order Order) error {
	by := func(key func(one *item) float64) {
		slices.SortStableFunc(chosen, func(a, b int) int { return cmp.Compare(key(&s.list[a]), key(&s.list[b])) })
	}
	share := func(one *item) float64 { return float64(one.right) / float64(max(one.right+one.wrong, 1)) }
	switch order {
	case OrderID, "":
	case OrderSpread:
		if s.Measure.Score() != "" {
			by(func(one *item) float64 { return -float64(one.spread) })
		} else {
			by(func(one *item) float64 { return math.Abs(share(one) - .5) })
		}
	case OrderHardest:
		by(share)
	case OrderEasiest:
		by(func(one *item) float64 { return -share(one) })
	case OrderFindings:
		by(func(one *item) float64 { return -float64(len(one.findings)) })
	default:
		names := make([]string, len(Orders))
		for i, o := range Orders {
			names[i] = string(o)
		}
		return &plots.OptionError{Option: "sort", Reason: fmt.Sprintf("%s: want one of %s", order, strings.Join(names, ", "))}
	}
	return nil
}

// Place is where a sample stands, by its ID.
func (s *Samples) Place(id string) (int, bool) {
	return slices.BinarySearchFunc(s.list, id, func(one item, id string) int { return cmp.Compare(one.id, id) })
}

// Knows reports whether there is a sample of an ID.
func (s *Samples) Knows(id string) bool {
	_, ok := s.Place(id)
	return ok
}

// ID is that of the sample at a place.
func (s *Samples) ID(i int) string { return s.list[i].id }
