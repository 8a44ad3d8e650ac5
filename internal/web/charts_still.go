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
	switch {
	case table == nil:
		err = notThere{problem}
	case len(table.Rows) > mostStill:
		err = notThere{"the sweep has too many rows for a still picture: the table has the numbers"}
	}
	if err != nil {
		answerChart(s, w, r, nil, err)
		return
	}
	plan := table.Plan()
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
		figures, wrong := plots.Draw(table, plan, lines, plots.Options{Kinds: []plots.Kind{plots.Kind(kind)}, Metrics: []string{metric}, Format: "svg"})
		err = writeStill(&picture, figures, wrong)
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

// writeStill writes the first of the figures, or says why there is none.
func writeStill(to *bytes.Buffer, figures []*plots.Figure, err error) error {
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
