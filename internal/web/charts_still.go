package web

import (
	"bytes"
	"errors"
	"net/http"

	"harness/registry"
	"harness/reports"
	"harness/reports/page"
	"harness/reports/plots"
)

// mostStill bounds the rows of a still picture: drawing one of thousands takes long, and shows nothing.
const mostStill = 200

// stillChart draws a chart as "harness plot" does, for who has no script.
func (s *Server) stillChart(w http.ResponseWriter, r *http.Request, kind page.Kind) {
	handle, metric := r.PathValue("handle"), r.URL.Query().Get("metric")
	table, problem, err := s.chartTable(r.Context(), handle)
	if err != nil {
		answerChart(s, w, r, nil, err)
		return
	}
	plan, err := s.plannedSweep(r.Context(), handle)
	switch {
	case err != nil:
	case table == nil:
		err = notThere{problem}
	case len(table.Rows) > mostStill:
		err = notThere{"the sweep has too many rows for a still picture: the table has the numbers"}
	}
	if err != nil {
		answerChart(s, w, r, nil, err)
		return
	}
	var lines []reports.Curve
	if kind == page.KindCurves {
		err = s.read(r.Context(), func(db *registry.DB) error {
			all, err := reports.OpenCurves(r.Context(), db, plan)
			if err != nil {
				return err
			}
			c, err := all.Read(r.Context(), metric, false)
			lines = append(lines, c)
			return err
		})
	}
	var picture bytes.Buffer
	if err == nil {
		err = drawStill(&picture, table, plots.Options{Kinds: []plots.Kind{plots.Kind(kind)}, Metrics: []string{metric}, Format: "svg"}, func(o plots.Options) ([]*plots.Figure, error) {
			return plots.Draw(table, plan, lines, o)
		})
	}
	if err != nil {
		answerChart(s, w, r, nil, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	if r.Method != http.MethodHead {
		_, _ = w.Write(picture.Bytes()) // the browser may be gone
	}
}

// drawStill writes the first figure that draw gives.
func drawStill(to *bytes.Buffer, table *reports.Table, o plots.Options, draw func(plots.Options) ([]*plots.Figure, error)) error {
	figures, err := draw(o)
	var option *plots.OptionError
	switch {
	case errors.As(err, &option):
		return notThere{err.Error()}
	case err != nil:
		return err
	case len(figures) == 0:
		return notThere{"there is nothing to draw of this kind"}
	}
	return figures[0].Write(to)
}
