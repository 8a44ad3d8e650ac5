package web

import (
	"errors"
	"net/http"
	"strings"

	"harness/internal/view"
	"harness/registry"
	"harness/reports"
	"harness/sweeps"
)

// sweepPage shows the table of a sweep.
func (s *Server) sweepPage(w http.ResponseWriter, r *http.Request) {
	handle := r.PathValue("handle")
	var data struct {
		Plan    *sweeps.Plan
		Problem string
		Text    string
	}
	err := s.read(r.Context(), func(db *registry.DB) (err error) {
		if data.Plan, err = view.Plan(r.Context(), db, handle); err != nil {
			return err
		}
		table, err := view.Table(r.Context(), db, data.Plan, s.o.Staleness(db))
		if errors.Is(err, reports.ErrNothing) || errors.Is(err, reports.ErrNoMetrics) {
			data.Problem = err.Error()
			return nil
		}
		if err != nil {
			return err
		}
		var text strings.Builder
		err = table.Text(&text)
		data.Text = text.String()
		return err
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "sweep.html", frame{Title: handle, Trail: []crumb{{handle, sweepURL(handle)}}}, data)
}
