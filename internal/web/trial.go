package web

import (
	"net/http"

	"harness/internal/view"
	"harness/registry"
)

// trialPage shows all that is known of a trial. A shortened ID leads to the whole one.
func (s *Server) trialPage(w http.ResponseWriter, r *http.Request) {
	var record *view.Record
	id := ""
	err := s.read(r.Context(), func(db *registry.DB) (err error) {
		if id, err = db.Find(r.Context(), r.PathValue("id")); err != nil || id != r.PathValue("id") {
			return err
		}
		record, err = view.ReadRecord(r.Context(), db, id, s.o.Staleness(db))
		return err
	})
	switch {
	case err != nil:
		s.fail(w, r, err)
	case record == nil:
		http.Redirect(w, r, trialURL(id), http.StatusFound)
	default:
		s.render(w, r, http.StatusOK, "trial.html", frame{Title: id[:8], Trail: []crumb{{record.Sweep, sweepURL(record.Sweep)}, {id[:8], trialURL(id)}}}, record)
	}
}
