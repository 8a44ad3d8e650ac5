package web

import (
	"net/http"
	"strings"

	"harness/reports/page"
)

const (
	eventsPath = "/events"
	assetsPath = "/assets/"
)

// routes says what answers which address. Methods are the guard's.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.live.seen(s.sweepsPage))
	mux.HandleFunc("/sweeps/{handle}", s.live.seen(s.sweepPage))
	for ending := range tableFormats {
		mux.HandleFunc("/sweeps/{handle}/table."+ending, s.tableFile(ending))
	}
	mux.HandleFunc("/sweeps/{handle}/samples", s.live.seen(s.samplesPage))
	mux.HandleFunc("/sweeps/{handle}/samples/image", s.samplesImage)
	mux.HandleFunc("/sweeps/{handle}/charts", s.sweepChartsPage)
	mux.HandleFunc("/sweeps/{handle}/charts/{file}", s.sweepChart)
	mux.HandleFunc("/trials/{id}/charts", s.trialChartsPage)
	mux.HandleFunc("/trials/{id}/charts/{file}", s.trialChart)
	mux.HandleFunc("/trials/{id}", s.live.seen(s.wholeID(s.trialPage)))
	mux.HandleFunc("/trials/{id}/log", s.wholeID(s.logPage))
	mux.HandleFunc("/trials/{id}/log/events", s.wholeID(s.logEvents))
	mux.HandleFunc("/trials/{id}/files/{path...}", s.wholeID(s.filesPage))
	s.handleSheet(mux, "/trials/{id}/metrics", s.metricSheet)
	s.handleSheet(mux, "/trials/{id}/settings", s.settingSheet)
	s.handleSheet(mux, "/sweeps", s.sweepSheet)
	s.handleSheet(mux, "/sweeps/{handle}/trials", s.memberSheet)
	s.handleSheet(mux, "/sweeps/{handle}/samples/rows", s.answerSheet)
	s.editRoutes(mux)
	mux.HandleFunc("/diff", s.live.seen(s.diffPage))
	mux.HandleFunc("/diff/code.patch", s.patchPage)
	s.handleSheet(mux, "/diff/metrics", s.diffSheet(fillMetrics))
	s.handleSheet(mux, "/diff/settings", s.diffSheet(fillSettings))
	s.handleSheet(mux, "/diff/provenance", s.diffSheet(fillProvenance))
	mux.HandleFunc(eventsPath, s.live.events)
	mux.HandleFunc(assetsPath, func(w http.ResponseWriter, r *http.Request) {
		if !asset(w, r) {
			s.notFound(w, r, "there is no such file")
		}
	})
	mux.HandleFunc(tokenPath, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusSeeOther) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.notFound(w, r, "there is no such page") })
	return mux
}

// assetURL is where an asset is served: its contents are in the address, so that a browser keeps it for ever.
func assetURL(name string) string {
	a, ok := page.Find(name)
	if !ok {
		return assetsPath + "missing/" + name
	}
	return assetsPath + a.Hash + "/" + name
}

// asset answers a request for an asset, and reports whether it was one.
func asset(w http.ResponseWriter, r *http.Request) bool {
	hash, name, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, assetsPath), "/")
	if !ok || !strings.HasPrefix(r.URL.Path, assetsPath) {
		return false
	}
	a, ok := page.Find(name)
	if !ok || a.Hash != hash {
		return false
	}
	w.Header().Set("Content-Type", a.Type)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.Data) // the browser may be gone
	}
	return true
}
