package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/internal/jsonfloat"
	"harness/internal/view"
	"harness/metrics"
	"harness/model"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/registry/provenance"
	"harness/runner"
)

// trials is a home with trials of a program in a test, and a server of it.
type trials struct {
	t      testing.TB
	home   string
	server *Server
}

func newTrials(t testing.TB, o Options) *trials {
	t.Helper()
	h := &trials{t: t, home: t.TempDir()}
	o.Home, o.Harness = h.home, "test"
	o.Staleness = func(db *registry.DB) *view.Staleness {
		return view.NewStaleness(db, func() journal.Provenance { return journal.Provenance{} }, nil)
	}
	h.server = New(o)
	t.Cleanup(func() { h.server.Close() })
	return h
}

func (h *trials) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// program is a trial of a program with a parameter.
func program(lr float64) spec.Trial {
	return spec.Trial{Command: spec.MakeWords("true"), Args: spec.Args(fmt.Sprintf(`{"lr":%g}`, lr)), Seed: 1}
}

// attempt is what happens in an attempt of a test.
type attempt struct {
	log    string
	points map[string][]float64
	notes  map[string]string
	code   string
	end    journal.End
}

// run makes an attempt of a trial and returns the trial's ID.
func (h *trials) run(trial spec.Trial, a attempt) string {
	h.t.Helper()
	number, dir, err := registry.NewAttempt(h.home, trial.ID(), trial, 0)
	h.must(err)
	w, err := journal.Create(dir)
	h.must(err)
	h.must(w.Start(journal.Start{Trial: trial.ID(), Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Canonical(),
		Provenance: journal.Provenance{Host: "here", Cores: 2, Code: a.code}}))
	for metric, values := range a.points {
		for step, v := range values {
			h.must(w.Point(metric, step, v))
		}
	}
	for key, text := range a.notes {
		h.must(w.Note(key, text))
	}
	if a.end.Outcome == "" {
		a.end.Outcome = journal.Done
	}
	h.must(w.End(a.end))
	h.must(w.Exit(journal.Exit{}))
	h.must(w.Close())
	h.must(os.WriteFile(filepath.Join(dir, runner.LogName), []byte(a.log), 0o644))
	return trial.ID()
}

// plan puts trials into a sweep, so that they are listed.
func (h *trials) plan(handle string, all ...spec.Trial) {
	h.t.Helper()
	s := registry.Sweep{Handle: handle, Name: handle, Plan: []byte("{}")}
	for i, t := range all {
		s.Members = append(s.Members, registry.Member{ID: t.ID(), Spec: t, Label: fmt.Sprintf("<b>row %d</b>\x1b[31m", i), Row: fmt.Sprint("row ", i)})
	}
	db, err := registry.Open(context.Background(), h.home)
	h.must(err)
	h.must(db.Plan(context.Background(), s))
	h.must(db.Close())
}

// ask sends a request.
func (h *trials) ask(method, address string, header ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+address, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	return w
}

// page is the text of a page that is there and holds the words.
func (h *trials) page(address string, words ...string) string {
	h.t.Helper()
	w := h.ask(http.MethodGet, address)
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s: %d %s", address, w.Code, w.Body)
	}
	for _, word := range words {
		if !strings.Contains(w.Body.String(), word) {
			h.t.Errorf("%s lacks %q", address, word)
		}
	}
	return w.Body.String()
}

func TestTrialPage(t *testing.T) {
	h := newTrials(t, Options{})
	trial := program(0.1)
	h.run(trial, attempt{log: "first try\n", end: journal.End{Outcome: journal.Failed, Error: "ValueError: <x>"}})
	id := h.run(trial, attempt{log: "\x1b[31mstep 1\rstep 2\n<script>alert(1)</script>\n", points: map[string][]float64{"loss": {3, 2, 1}, "acc<b>": {0.5}}})
	h.plan("grid", trial)
	page := h.page("/trials/"+id, "attempt 2", "attempt 1", "ValueError: &lt;x&gt;", "acc&lt;b&gt;", "&lt;b&gt;row 0&lt;/b&gt;\\x1b[31m", "args.lr",
		"step 2\n&lt;script&gt;alert(1)", "harness trial rerun "+id, `href="/sweeps/grid"`, `data-from="2:`, "its numbers are the trial's")
	for _, no := range []string{"<script>alert", "step 1", "<b>row", "\x1b", h.home + "/trials"} {
		if strings.Contains(page, no) {
			t.Errorf("the page has %q", no)
		}
	}
	if strings.Contains(page, "<textarea") || strings.Contains(page, `method="post"`) {
		t.Error("a page that is for reading has forms that change something")
	}
}

// A trial that waits has a page and differences, too; one that no sweep has, and one that notes programs.
func TestTrialPageOfOthers(t *testing.T) {
	h := newTrials(t, Options{})
	waits, lone, notes := program(0.1), program(0.2), program(0.3)
	h.plan("grid", waits)
	h.run(lone, attempt{points: map[string][]float64{"nan": {math.NaN()}, "inf": {math.Inf(-1)}}})
	h.run(notes, attempt{notes: map[string]string{model.CompiledKey + "step": `{"purpose":"step","key":"pretrain <x>","memory":2048,"flops":3e9}`, "warning": "few <samples>"}})
	h.page("/trials/"+waits.ID(), "state-queued", "It was not started", "No number was recorded")
	h.page("/trials/"+lone.ID(), "NaN", "-Inf", "state-done")
	h.page("/trials/"+notes.ID(), "pretrain &lt;x&gt;", "2.0 KiB", "3.0 GFLOP", "few &lt;samples&gt;")
	h.page("/diff?a="+waits.ID()+"&b="+lone.ID(), "has not run", "Not both are done")
	if w := h.ask(http.MethodGet, "/trials/"+waits.ID()+"/log"); w.Code != http.StatusNotFound {
		t.Errorf("the log of a trial that waits: %d", w.Code)
	}
	h.page("/diff/metrics.md?a="+waits.ID()+"&b="+lone.ID(), "| nan |  | NaN |")
}

func TestTrialNames(t *testing.T) {
	h := newTrials(t, Options{})
	id := h.run(program(0.1), attempt{})
	for _, c := range []struct{ from, to string }{
		{"/trials/" + id[:8], "/trials/" + id},
		{"/trials/" + id[:8] + "/log?attempt=1", "/trials/" + id + "/log?attempt=1"},
		{"/trials/" + id[:6] + "/files/1/a%20b", "/trials/" + id + "/files/1/a%20b"},
		{"/trials/" + strings.ToUpper(id), "/trials/" + id},
	} {
		if w := h.ask(http.MethodGet, c.from); w.Code != http.StatusFound || w.Header().Get("Location") != c.to {
			t.Errorf("%s leads to %d %q, want %q", c.from, w.Code, w.Header().Get("Location"), c.to)
		}
	}
	for _, name := range []string{"ffffffffff", "ab", "%00%00%00%00", "..%2f..%2f..", "<script>alert(1)<%2fscript>"} {
		w := h.ask(http.MethodGet, "/trials/"+name)
		if body := w.Body.String(); w.Code != http.StatusNotFound || !strings.Contains(name, "%2f") && !strings.Contains(body, "harness ls") || strings.Contains(body, "<script>a") {
			t.Errorf("/trials/%s: %d %s", name, w.Code, body)
		}
	}
	w := httptest.NewRecorder()
	h.server.fail(w, httptest.NewRequest(http.MethodGet, "/trials/abcd", nil), &registry.AmbiguousError{Prefix: "abcd", Candidates: []string{"abcd1", "abcd2"}})
	if body := w.Body.String(); w.Code != http.StatusNotFound || !strings.Contains(body, `href="/trials/abcd2"`) {
		t.Errorf("ambiguous: %d %s", w.Code, body)
	}
}

func TestTrialSheets(t *testing.T) {
	h := newTrials(t, Options{})
	id := h.run(program(0.1), attempt{points: map[string][]float64{"loss": {3, -2.5e-7}, "=cmd|a": {0.1}}})
	for ending, want := range map[string]string{
		"md":  "| metric | last | step | min | max | points |\n| --- | ---: | ---: | ---: | ---: | ---: |\n| =cmd\\|a | 0.1 | 0 | 0.1 | 0.1 | 1 |\n| loss | -2.5e-07 | 1 | -2.5e-07 | 3 | 2 |\n",
		"csv": "metric,last,step,min,max,points\n'=cmd|a,0.1,0,0.1,0.1,1\nloss,-2.5e-07,1,-2.5e-07,3,2\n",
	} {
		if got := h.page("/trials/" + id + "/metrics." + ending); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", ending, got, want)
		}
	}
	h.page("/trials/"+id+"/metrics.tex", "\\begin{tabular}{lrrrrr}", "=cmd", "a & $0.1$", `loss & $-2.5\times10^{-7}$ & $1$`)
	h.page("/trials/"+id+"/settings.md", "| args.lr | 0.1 |", "| seed | 1 |")
}

func TestDiffPage(t *testing.T) {
	h := newTrials(t, Options{})
	dir := t.TempDir()
	snapshot := func(text string) string {
		h.must(os.WriteFile(filepath.Join(dir, "train.py"), []byte(text), 0o644))
		s, err := provenance.Take(context.Background(), h.home, dir, nil)
		h.must(err)
		return s.Digest
	}
	one, two := program(0.1), program(0.2)
	a := h.run(one, attempt{points: map[string][]float64{"acc": {0.5}, "loss": {1}, "old": {2}}, code: snapshot("a = 1\n<b>\n")})
	b := h.run(two, attempt{points: map[string][]float64{"acc": {0.75}, "loss": {1}}, code: snapshot("a = 2\n<b>\n")})
	h.plan("one", one)
	h.plan("two", two)
	query := "?" + url.Values{"a": {a[:8]}, "b": {b}}.Encode()
	page := h.page("/diff"+query, "args.lr", "&#43;0.25", "-a = 1\n", "&#43;a = 2\n", " &lt;b&gt;\n", `href="/sweeps/two"`, "1 are the same")
	if strings.Contains(page, "loss") || strings.Contains(page, "<b>\n") {
		t.Error("what is the same is shown, or text of a file is markup")
	}
	h.page("/diff"+query+"&all=1", "loss", "only what differs")
	h.page("/diff/metrics.csv"+query, "acc,0.5,0.75,0.25\nold,2,,\n")
	h.page("/diff/metrics.csv"+query+"&all=1", "loss,1,1,0\n")
	h.page("/diff/settings.md"+query, "| args.lr | 0.1 | 0.2 |")
	h.page("/diff/code.patch"+query, "--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n-a = 1\n+a = 2\n <b>\n")
	h.page("/diff", `name="a"`)
	h.page("/diff?a="+a, `name="b"`)
	h.page("/diff?a="+a+"&b="+a, "Both are one trial")
	for address, status := range map[string]int{"/diff?a=ffffffff&b=" + b: 404, "/diff/metrics.md?a=" + a: 400, "/diff/code.patch": 400, "/diff/metrics.html" + query: 404} {
		if w := h.ask(http.MethodGet, address); w.Code != status {
			t.Errorf("%s: %d, want %d", address, w.Code, status)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		delta jsonfloat.Float
		goal  metrics.Goal
		want  string
	}{
		{1, metrics.Maximize, "better"}, {-1, metrics.Maximize, "worse"}, {1, metrics.Minimize, "worse"}, {-1, metrics.Minimize, "better"},
		{0, metrics.Minimize, ""}, {1, metrics.NoGoal, ""}, {jsonfloat.Float(math.NaN()), metrics.Maximize, ""},
	} {
		if got := (numberPair{view.MetricPair{Delta: &c.delta}, c.goal}).Verdict(); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if got := (numberPair{Goal: metrics.Maximize}).Verdict(); got != "" {
		t.Errorf("of a number that one lacks: %q", got)
	}
}

// record answers a request.
func record(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// entries are the names in a folder.
func entries(t *testing.T, dir string) (names []string) {
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}
