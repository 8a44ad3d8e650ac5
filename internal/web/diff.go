package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"harness/internal/view"
	"harness/metrics"
	"harness/registry"
)

// diffData is what the page of a difference shows.
type diffData struct {
	A, B       string // as they were asked for
	Trials     [2]*view.Record
	All        bool // what is the same in both, too
	Settings   pairs
	Provenance pairs
	Where      pairs
	Metrics    numberPairs
	Code       *view.CodeEdits
	Patches    []patchData
	Others     []trialChoice

	compared *view.Difference
}

// pairs are facts of two trials.
type pairs struct {
	Rows []pairRow
	Same int // that are alike
}

// pairRow is one of them.
type pairRow struct {
	view.FieldPair
	Differs bool
}

// None reports whether there is no row.
func (p pairs) None() bool { return len(p.Rows) == 0 }

// numberPairs are the metrics of two trials: results first, then what only explains them.
type numberPairs struct {
	Main, Rest numberRows
	Same       int
}

// None reports whether there is no row.
func (p numberPairs) None() bool { return len(p.Main)+len(p.Rest) == 0 }

type numberRows []numberPair

// Of are the rows under the IDs of the two trials.
func (n numberRows) Of(a, b string) struct {
	Rows numberRows
	A, B string
} {
	return struct {
		Rows numberRows
		A, B string
	}{n, a, b}
}

// numberPair is one of them.
type numberPair struct {
	view.MetricPair
	Goal metrics.Goal
}

// Verdict says whether b is better where the goal is known and the two differ.
func (n numberPair) Verdict() string {
	if n.Delta == nil || *n.Delta == 0 || math.IsNaN(float64(*n.Delta)) {
		return ""
	}
	switch {
	case n.Goal == metrics.NoGoal || n.Goal == "":
		return ""
	case (*n.Delta > 0) == (n.Goal == metrics.Maximize):
		return "better"
	}
	return "worse"
}

// Change is the difference in words.
func (n numberPair) Change() string {
	if n.Delta == nil {
		return ""
	}
	return signed(float64(*n.Delta))
}

// differs reports whether two trials differ in a metric; NaN is as NaN.
func differs(m view.MetricPair) bool {
	if m.A == nil || m.B == nil {
		return m.A != m.B
	}
	a, b := float64(*m.A), float64(*m.B)
	return a != b && !(math.IsNaN(a) && math.IsNaN(b))
}

// diffPage shows in what two trials differ, or asks which.
func (s *Server) diffPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	data := &diffData{A: q.Get("a"), B: q.Get("b"), All: q.Get("all") == "1"}
	f := frame{Title: "difference", Styles: []string{"trial.css"}, Scripts: []string{"trial.js"}}
	if data.A == "" && data.B == "" {
		f.Trail = []crumb{{"difference", "/diff"}}
		s.render(w, r, http.StatusOK, "diff.html", f, data)
		return
	}
	if err := errors.Join(s.readDiff(r.Context(), data), s.readCode(r.Context(), data)); err != nil {
		s.fail(w, r, err)
		return
	}
	var of *view.Record // whose sweep's trials are offered
	for _, t := range data.Trials {
		if t != nil {
			of = t
			f.Trail = append(f.Trail, crumb{short(t.ID), trialURL(t.ID)})
			f.Title += " " + short(t.ID)
		}
	}
	if of != nil {
		data.Others = s.choices(r.Context(), of)
	}
	f.Trail = append(f.Trail, crumb{"difference", "/diff"})
	s.render(w, r, http.StatusOK, "diff.html", f, data)
}

// readDiff reads two trials and compares them; of one it reads what it may be compared with.
func (s *Server) readDiff(ctx context.Context, data *diffData) error {
	err := s.read(ctx, func(db *registry.DB) error {
		for i, given := range []string{data.A, data.B} {
			if given == "" {
				continue
			}
			id, err := findTrial(ctx, db, given)
			if err != nil {
				return err
			}
			if data.Trials[i], err = view.ReadRecord(ctx, db, id, s.o.Staleness(db)); err != nil {
				return err
			}
		}
		return nil
	})
	a, b := data.Trials[0], data.Trials[1]
	if err != nil || a == nil || b == nil {
		return err
	}
	data.compared = &view.Difference{Metrics: view.PairMetrics(a, b)}
	settings, err := allSettings(a, b)
	if err != nil {
		return err
	}
	data.Settings = data.pair(settings[0], settings[1])
	_, codeA, whereA := attemptFacts(a.Counting())
	_, codeB, whereB := attemptFacts(b.Counting())
	data.Provenance, data.Where = data.pair(codeA, codeB), data.pair(whereA, whereB)
	known := s.columnsOf(ctx, a, b)
	main := mainMetrics(a.Listed, b.Listed)
	for _, m := range data.compared.Metrics {
		if !differs(m) {
			data.Metrics.Same++
		}
		switch row := (numberPair{m, known.goal(m.Name)}); {
		case !differs(m) && !data.All:
		case slices.Contains(main, m.Name):
			data.Metrics.Main = append(data.Metrics.Main, row)
		default:
			data.Metrics.Rest = append(data.Metrics.Rest, row)
		}
	}
	return nil
}

// allSettings are the settings of two trials.
func allSettings(a, b *view.Record) (all [2][]view.Field, err error) {
	for i, r := range []*view.Record{a, b} {
		if all[i], err = view.Settings(r.Spec); err != nil {
			return all, err
		}
	}
	return all, nil
}

// pair puts facts side by side, by name; those that are alike only where all are asked for.
func (d *diffData) pair(a, b []view.Field) pairs {
	values := [2]map[string]string{{}, {}}
	for i, fields := range [][]view.Field{a, b} {
		for _, f := range fields {
			values[i][f.Name] = f.Value
		}
	}
	names := slices.Collect(maps.Keys(values[0]))
	for name := range values[1] {
		if _, both := values[0][name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var p pairs
	for _, name := range names {
		row := pairRow{FieldPair: view.FieldPair{Name: name, A: values[0][name], B: values[1][name]}}
		if row.Differs = row.A != row.B; !row.Differs {
			p.Same++
		}
		if row.Differs || d.All {
			p.Rows = append(p.Rows, row)
		}
	}
	return p
}

// Address is that of a page or a table of the same two trials. Swapped exchanges them.
func (d *diffData) Address(path string, all, swapped bool) string {
	q := url.Values{"a": {d.A}, "b": {d.B}}
	if swapped {
		q = url.Values{"a": {d.B}, "b": {d.A}}
	}
	if all {
		q.Set("all", "1")
	}
	return path + "?" + q.Encode()
}

// Copies are the addresses of a table of the page, to be taken away.
func (d *diffData) Copies(table string) []copyAs {
	return copiesOf("/diff/"+table, strings.TrimPrefix(d.Address("", d.All, false), "?"))
}

// Of are the pairs under the IDs of the two trials.
func (p pairs) Of(a, b string) struct {
	Pairs pairs
	A, B  string
} {
	return struct {
		Pairs pairs
		A, B  string
	}{p, a, b}
}

// diffSheet reads a difference for a table to take away; the rows that are alike are in it where the address asks for all.
func (s *Server) diffSheet(fill func(d *diffData, t *sheet)) func(r *http.Request) (sheet, error) {
	return func(r *http.Request) (sheet, error) {
		q := r.URL.Query()
		data := &diffData{A: q.Get("a"), B: q.Get("b"), All: q.Get("all") == "1"}
		if data.A == "" || data.B == "" {
			return sheet{}, badRequest{fmt.Errorf("want two trials: ?a=ID&b=ID")}
		}
		if err := s.readDiff(r.Context(), data); err != nil {
			return sheet{}, err
		}
		var t sheet
		fill(data, &t)
		return t, nil
	}
}

// fillMetrics is the table of metrics side by side.
func fillMetrics(d *diffData, t *sheet) {
	t.Head, t.Numbers = []string{"metric", short(d.Trials[0].ID), short(d.Trials[1].ID), "difference"}, 3
	for _, m := range slices.Concat(d.Metrics.Main, d.Metrics.Rest) {
		t.Rows = append(t.Rows, []string{m.Name, optional(m.A), optional(m.B), optional(m.Delta)})
	}
}

// fillSettings is the table of settings side by side.
func fillSettings(d *diffData, t *sheet) {
	t.Head = []string{"setting", short(d.Trials[0].ID), short(d.Trials[1].ID)}
	for _, p := range d.Settings.Rows {
		t.Rows = append(t.Rows, []string{p.Name, p.A, p.B})
	}
}

// fillProvenance is the table of what code ran, and where.
func fillProvenance(d *diffData, t *sheet) {
	t.Head = []string{"fact", short(d.Trials[0].ID), short(d.Trials[1].ID)}
	for _, p := range slices.Concat(d.Provenance.Rows, d.Where.Rows) {
		t.Rows = append(t.Rows, []string{p.Name, p.A, p.B})
	}
}
