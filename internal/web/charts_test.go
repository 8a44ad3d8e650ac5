package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"harness/internal/view"
	"harness/internal/web/fixture"
	"harness/model/checkpoint/hub"
	"harness/registry"
	"harness/registry/journal"
)

// charted is a server of a home with one sweep, and the ID of a trial of it.
func charted(t *testing.T, size fixture.Size) (*Server, string) {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	must(t, size.Make(context.Background(), home))
	db, err := registry.OpenReadOnly(context.Background(), home)
	must(t, err)
	trials, err := db.Trials(context.Background(), registry.Query{})
	must(t, err)
	must(t, db.Close())
	s := New(Options{Home: home, Staleness: func(db *registry.DB) *view.Staleness {
		return view.NewStaleness(db, func() journal.Provenance { return journal.Provenance{} }, hub.New(hub.Options{Access: hub.CacheOnly, Cache: t.TempDir()}))
	}})
	t.Cleanup(func() { s.Close() })
	return s, trials[0].ID
}

// TestChartAddresses: what each address of a chart answers, and in one plain line why it has nothing.
func TestChartAddresses(t *testing.T) {
	s, trial := charted(t, fixture.Size{Handle: "large", Rows: 4, Seeds: 2, Metrics: 2, Points: 6})
	for _, c := range []struct {
		path   string
		status int
		has    string
	}{
		{"/sweeps/large/charts", 200, `data-src="/sweeps/large/charts/curves.json?metric=metric%2F00"`},
		{"/sweeps/large/charts/curves.json?metric=metric/00", 200, `"kind":"curves"`},
		{"/sweeps/large/charts/curves.json?metric=metric/00&log=x&from=1&to=3", 200, `"from":1,"to":3`},
		{"/sweeps/large/charts/curves.json?metric=none", 200, `"lines":[]`},
		{"/sweeps/large/charts/curves.json", 400, "metric: name one"},
		{"/sweeps/large/charts/curves.json?metric=metric/00&log=z", 400, `log: "z": want x, y or xy`},
		{"/sweeps/large/charts/curves.json?metric=metric/00&from=3&to=1", 400, "from and to"},
		{"/sweeps/large/charts/curves.json?metric=metric/00&from=1e3&to=x", 400, "from and to"},
		{"/sweeps/large/charts/curves.json?metric=metric/00&row=%1b[31m", 404, `row "\\x1b[31m"`},
		{"/sweeps/large/charts/seeds.json?metric=metric/01", 200, `"kind":"seeds"`},
		{"/sweeps/large/charts/seeds.json", 200, `"metric":"metric/00"`},
		{"/sweeps/large/charts/parallel.json", 200, `"axes":[{"name":`},
		{"/sweeps/large/charts/forest.json", 200, `"baseline":"width=1"`},
		{"/sweeps/large/charts/seeds.json?metric=none", 404, `no column "none"`},
		{"/sweeps/large/charts/pie.json", 404, "there are curves, forest, seeds and parallel"},
		{"/sweeps/large/charts/curves", 404, "there is no chart curves"},
		{"/sweeps/none/charts/curves.json?metric=x", 404, "no such sweep"},
		{"/sweeps/large/charts/curves.svg?metric=metric/00", 200, "<svg"},
		{"/sweeps/large/charts/seeds.svg?metric=metric/00", 200, "<svg"},
		{"/sweeps/large/charts/forest.svg?metric=none", 404, "nothing to draw"},
		{"/trials/" + trial + "/charts", 200, `data-src="/trials/` + trial + `/charts/curve.json?metric=metric%2F00"`},
		{"/trials/" + trial + "/charts/curve.json?metric=metric/00", 200, `"kind":"curves"`},
		{"/trials/" + trial[:8] + "/charts/curve.json?metric=metric/00", 200, `"kind":"curves"`},
		{"/trials/" + trial + "/charts/curve.json", 400, "metric: name one"},
		{"/trials/" + trial + "/charts/system.json?metric=system/cpu", 200, "system/cpu was not measured"},
		{"/trials/" + trial + "/charts/system.json?metric=system/x", 404, "there is no system/x"},
		{"/trials/" + trial + "/charts/x.json", 404, "there are curve.json and system.json"},
		{"/trials/ffffffff/charts/curve.json?metric=metric/00", 404, "ffffffff"},
		{"/trials/ab/charts", 404, "at least"},
		{"/trials/ab/charts/curve.json?metric=metric/00", 404, "at least"},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.path, nil))
		body := w.Body.String()
		if w.Code != c.status || !strings.Contains(body, c.has) {
			t.Errorf("%s: %d, want %d with %q:\n%.300s", c.path, w.Code, c.status, c.has, body)
		}
		if c.status >= 400 && strings.Contains(c.path, ".") && (strings.Count(body, "\n") != 1 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain")) {
			t.Errorf("%s: no plain line: %q", c.path, body)
		}
		if media := w.Header().Get("Content-Type"); c.status == 200 && strings.Contains(c.path, ".json") && (media != "application/json" || !json.Valid(w.Body.Bytes())) {
			t.Errorf("%s: %s, no JSON", c.path, media)
		}
		head := httptest.NewRecorder()
		s.ServeHTTP(head, httptest.NewRequest(http.MethodHead, c.path, nil))
		if head.Code != c.status {
			t.Errorf("HEAD %s: %d", c.path, head.Code)
		}
	}
}
