package web

import (
	"net/http"
	"net/url"
	"slices"

	"harness/internal/escape"
	"harness/registry"
	"harness/reports/page"
)

// trialOf reads the trial that a request names.
func trialOf(r *http.Request, db *registry.DB) (registry.Trial, error) {
	id, err := findTrial(r.Context(), db, r.PathValue("id"))
	if err != nil {
		return registry.Trial{}, err
	}
	trials, err := db.Trials(r.Context(), registry.Query{IDs: []string{id}})
	if err == nil && len(trials) == 0 {
		err = registry.ErrUnknown
	}
	if err != nil {
		return registry.Trial{}, err
	}
	return trials[0], nil
}

// trialChartsPage shows the curves of a trial, and what it used of the machine. The page of the trial takes its contents from here.
func (s *Server) trialChartsPage(w http.ResponseWriter, r *http.Request) {
	var groups []chartGroup
	var t registry.Trial
	err := s.read(r.Context(), func(db *registry.DB) (err error) {
		if t, err = trialOf(r, db); err != nil {
			return err
		}
		metrics, err := page.TrialMetrics(r.Context(), db, t)
		if err == nil {
			groups, err = trialCharts(db, t, metrics)
		}
		return err
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name := short(t.ID)
	s.renderCharts(w, r, frame{Title: "charts of " + name, Trail: []crumb{{name, trialURL(t.ID)}, {"charts", trialURL(t.ID) + "/charts"}}},
		chartsData{Title: "trial " + name, Back: trialURL(t.ID), Groups: groups})
}

// trialCharts lists the charts of a trial: what was not measured has none.
func trialCharts(db *registry.DB, t registry.Trial, metrics []string) ([]chartGroup, error) {
	base := trialURL(t.ID) + "/charts/"
	var curves, system []chartFigure
	for _, m := range metrics {
		curves = append(curves, chartFigure{page.KindCurves, "curves:" + m, m, base + "curve.json?" + url.Values{"metric": {m}}.Encode(), ""})
	}
	attempt := t.Result
	if attempt == 0 {
		attempt = t.Attempt
	}
	if attempt > 0 {
		used, err := db.Resources(t.ID, attempt)
		if err != nil {
			return nil, err
		}
		for _, m := range registry.SystemMetrics {
			if len(m.Curve(used)) > 0 {
				system = append(system, chartFigure{page.KindSystem, m.Name, m.Name, base + "system.json?" + url.Values{"metric": {m.Name}}.Encode(), ""})
			}
		}
	}
	var groups []chartGroup
	for _, g := range []chartGroup{newGroup("Curves", curves), newGroup("What it used over time", system)} {
		if len(g.Shown) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// trialChart answers with a chart of a trial: curve.json?metric=, system.json?metric=.
func (s *Server) trialChart(w http.ResponseWriter, r *http.Request) {
	metric := r.URL.Query().Get("metric")
	var chart *page.Curves
	err := s.read(r.Context(), func(db *registry.DB) error {
		t, err := trialOf(r, db)
		if err != nil {
			return err
		}
		switch file := r.PathValue("file"); file {
		case "curve.json":
			q, err := curveQuery(r.URL.Query())
			if err != nil {
				return err
			}
			chart, err = page.TrialCurve(r.Context(), db, t, q)
			return err
		case "system.json":
			i := slices.IndexFunc(registry.SystemMetrics, func(m registry.SystemMetric) bool { return m.Name == metric })
			if i < 0 && metric != "" {
				return notThere{"there is no " + escape.Line(metric) + " of the machine"}
			}
			chart, err = page.System(r.Context(), db, t, registry.SystemMetrics[max(0, i)])
			return err
		default:
			return notThere{"there is no chart " + escape.Line(file) + ": there are curve.json and system.json"}
		}
	})
	answerChart(s, w, r, chart, err)
}
