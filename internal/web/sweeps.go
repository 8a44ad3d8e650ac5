package web

import (
	"errors"
	"net/http"

	"harness/registry"
)

// sweepsPage lists the sweeps, the one that was planned last first.
func (s *Server) sweepsPage(w http.ResponseWriter, r *http.Request) {
	var list []registry.SweepInfo
	err := s.read(r.Context(), func(db *registry.DB) (err error) {
		list, err = db.Sweeps(r.Context())
		return err
	})
	if err != nil && !errors.Is(err, registry.ErrNone) {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "sweeps.html", frame{Title: "sweeps"}, list)
}
