package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/registry"
	"harness/reports"
	"harness/reports/page"
	"harness/sweeps"
)

// chartFigure is a figure of a page: charts.js draws what its address answers.
type chartFigure struct {
	Kind    page.Kind
	Name    string // in the part of the address behind #
	Caption string
	Src     string
	Still   string // a picture for who has no script; "" where there is none
}

// chartGroup is the charts of a kind: the first ones are shown, the others on demand.
type chartGroup struct {
	Title string
	Shown []chartFigure
	More  []chartFigure
}

// chartsShown is how many charts of a kind are shown at once.
const chartsShown = 2

func newGroup(title string, figures []chartFigure) chartGroup {
	n := min(chartsShown, len(figures))
	return chartGroup{title, figures[:n], figures[n:]}
}

// chartsData is what the page of charts shows.
type chartsData struct {
	Title   string
	Back    string
	Groups  []chartGroup
	Problem string
}

// sweepChartsPage shows all charts of a sweep. The page of the sweep takes its contents from here.
func (s *Server) sweepChartsPage(w http.ResponseWriter, r *http.Request) {
	handle := r.PathValue("handle")
	plan, err := s.plannedSweep(r.Context(), handle)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	recorded, err := s.curveMetrics(r.Context(), handle)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	table, problem, err := s.chartTable(r.Context(), handle)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	data := chartsData{Title: plan.Name, Back: sweepURL(handle)}
	if data.Groups = sweepCharts(plan, table, recorded); len(data.Groups) == 0 {
		data.Problem = problem
	}
	s.renderCharts(w, r, frame{Title: "charts of " + handle, Trail: []crumb{{handle, sweepURL(handle)}, {"charts", sweepURL(handle) + "/charts"}}}, data)
}

func (s *Server) renderCharts(w http.ResponseWriter, r *http.Request, f frame, data chartsData) {
	if len(data.Groups) == 0 && data.Problem == "" {
		data.Problem = "no trial has recorded a curve yet"
	}
	f.Styles, f.Scripts = []string{page.ChartStyle}, page.ChartScripts
	s.render(w, r, http.StatusOK, "charts.html", f, data)
}

// sweepCharts lists the charts of a sweep. Metrics of the table come first, in its order.
func sweepCharts(plan *sweeps.Plan, table *reports.Table, recorded []string) []chartGroup {
	var groups []chartGroup
	base := sweepURL(plan.Handle) + "/charts/"
	figure := func(kind page.Kind, metric, label string) chartFigure {
		query := "?" + url.Values{"metric": {metric}}.Encode()
		return chartFigure{kind, string(kind) + ":" + metric, label, base + string(kind) + ".json" + query, base + string(kind) + ".svg" + query}
	}
	var forests, strips, parallels []chartFigure
	var columns []string
	for c := 0; table != nil && c < len(table.Columns); c++ {
		metric, label := table.Columns[c].Metric, table.Columns[c].Label
		columns = append(columns, metric)
		if page.HasForest(table, c) {
			forests = append(forests, figure(page.KindForest, metric, label))
		}
		if page.HasSeeds(table, c) {
			strips = append(strips, figure(page.KindSeeds, metric, label))
		}
		if page.HasParallel(table, plan, c) {
			parallels = append(parallels, figure(page.KindParallel, metric, label))
		}
	}
	var curves []chartFigure
	inTable := func(metric string) bool { return slices.Contains(columns, metric) }
	for _, metric := range columns {
		if slices.Contains(recorded, metric) {
			curves = append(curves, figure(page.KindCurves, metric, metric))
		}
	}
	for _, metric := range recorded {
		if !inTable(metric) {
			curves = append(curves, figure(page.KindCurves, metric, metric))
		}
	}
	for _, g := range []chartGroup{newGroup("Curves", curves), newGroup("Differences from the baseline", forests), newGroup("Seeds", strips), newGroup("Parallel coordinates", parallels)} {
		if len(g.Shown) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// plannedSweep is the plan of a sweep.
func (s *Server) plannedSweep(ctx context.Context, handle string) (plan *sweeps.Plan, err error) {
	err = s.read(ctx, func(db *registry.DB) (err error) {
		plan, err = s.plan(ctx, db, handle)
		return err
	})
	return plan, err
}

// curveMetrics lists the metrics of a sweep that have curves.
func (s *Server) curveMetrics(ctx context.Context, handle string) ([]string, error) {
	list, _, err := cached(ctx, s, "curve metrics "+handle, nil, func(ctx context.Context, db *registry.DB) ([]string, error) {
		plan, err := s.plan(ctx, db, handle)
		if err != nil {
			return nil, err
		}
		return reports.CurveMetrics(ctx, db, plan)
	})
	return list, err
}

// chartTable is the table of a sweep as its plan has it, nil with the reason where there is nothing yet.
func (s *Server) chartTable(ctx context.Context, handle string) (*reports.Table, string, error) {
	found, err := s.computed(ctx, handle, reports.Layout{})
	return found.table, found.problem, err
}

// sweepChart answers with a chart of a sweep: its data as JSON, or a still picture as SVG.
func (s *Server) sweepChart(w http.ResponseWriter, r *http.Request) {
	name, still := strings.CutSuffix(r.PathValue("file"), ".svg")
	if !still {
		name = strings.TrimSuffix(name, ".json")
	}
	kind := page.Kind(name)
	if !slices.Contains(page.Kinds[:], kind) || name == r.PathValue("file") {
		plainError(w, http.StatusNotFound, "there is no chart "+r.PathValue("file")+": there are curves, forest, seeds and parallel, each .json or .svg")
		return
	}
	if still {
		s.stillChart(w, r, kind)
		return
	}
	var chart any
	var err error
	if kind == page.KindCurves {
		chart, err = s.curvesOf(r)
	} else {
		chart, err = s.tableChart(r, kind)
	}
	answerChart(s, w, r, chart, err)
}

// tableChart is a chart of what the table of a sweep has.
func (s *Server) tableChart(r *http.Request, kind page.Kind) (any, error) {
	handle := r.PathValue("handle")
	table, problem, err := s.chartTable(r.Context(), handle)
	if err != nil {
		return nil, err
	}
	if table == nil {
		return nil, notThere{problem}
	}
	plan := table.Plan() // of the same moment: the sweep may have been planned anew since
	metric := r.URL.Query().Get("metric")
	c := slices.IndexFunc(table.Columns, func(c reports.Column) bool { return c.Metric == metric })
	if metric == "" && len(table.Columns) > 0 {
		c = 0
	}
	if c < 0 {
		return nil, notThere{"the table has no column " + strconv.Quote(escape.Line(metric))}
	}
	switch kind {
	case page.KindForest:
		if f := page.NewForest(table, c); f != nil {
			return f, nil
		}
		return nil, notThere{"no row has a difference from a baseline in " + escape.Line(table.Columns[c].Label)}
	case page.KindSeeds:
		if f := page.NewSeeds(table, plan, c); f != nil {
			return f, nil
		}
	case page.KindParallel:
		if f := page.NewParallel(table, plan, c); f != nil {
			return f, nil
		}
		return nil, notThere{"the sweep has no axis with several values, or no result in " + escape.Line(table.Columns[c].Label)}
	}
	return nil, notThere{"nothing was measured of " + escape.Line(table.Columns[c].Label)}
}

// curvesOf reads the curves that a request asks for.
func (s *Server) curvesOf(r *http.Request) (*page.Curves, error) {
	q, err := curveQuery(r.URL.Query())
	if err != nil {
		return nil, err
	}
	var chart *page.Curves
	err = s.read(r.Context(), func(db *registry.DB) error {
		plan, err := s.plan(r.Context(), db, r.PathValue("handle"))
		if err != nil {
			return err
		}
		chart, err = page.ReadCurves(r.Context(), db, plan, q)
		return err
	})
	return chart, err
}

// curveQuery reads which curves are asked for: metric, row (several), log=x, from and to.
func curveQuery(query url.Values) (page.CurveQuery, error) {
	q := page.CurveQuery{Metric: query.Get("metric"), Rows: query["row"]}
	if q.Metric == "" {
		return q, badRequest{errors.New("metric: name one, such as ?metric=train/loss")}
	}
	switch log := query.Get("log"); log {
	case "", "y":
	case "x", "xy":
		q.Span.LogSteps = true
	default:
		return q, badRequest{fmt.Errorf("log: %q: want x, y or xy", escape.Line(log))}
	}
	if query.Has("from") || query.Has("to") {
		var errs [2]error
		q.Span.Part = true
		q.Span.From, errs[0] = strconv.ParseInt(query.Get("from"), 10, 64)
		q.Span.To, errs[1] = strconv.ParseInt(query.Get("to"), 10, 64)
		if errors.Join(errs[:]...) != nil || q.Span.From > q.Span.To {
			return q, badRequest{errors.New("from and to: want two steps, the first of which is not above the second")}
		}
	}
	return q, nil
}

// notThere is what a chart lacks.
type notThere struct{ why string }

func (e notThere) Error() string { return e.why }

// answerChart writes a chart, or in one line why there is none.
func answerChart(s *Server, w http.ResponseWriter, r *http.Request, chart any, err error) {
	var bad badRequest
	var lacking notThere
	var row *reports.UnknownRowError
	switch {
	case err == nil:
	case errors.As(err, &bad):
		plainError(w, http.StatusBadRequest, err.Error())
	case errors.As(err, &lacking), errors.As(err, &row), errors.Is(err, registry.ErrNoSweep), errors.Is(err, registry.ErrUnknown), errors.Is(err, registry.ErrNone):
		plainError(w, http.StatusNotFound, err.Error())
	default:
		s.fail(w, r, err)
	}
	if err != nil {
		return
	}
	data, err := page.JSON(chart)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.Method != http.MethodHead {
		_, _ = w.Write(data) // the browser may be gone
	}
}

// plainError answers with one line of text.
func plainError(w http.ResponseWriter, status int, text string) {
	http.Error(w, escape.Line(text), status)
}
