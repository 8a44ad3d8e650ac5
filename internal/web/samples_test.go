package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"harness/internal/view"
	"harness/internal/web/fixture"
	"harness/model/dataset"
	"harness/model/dataset/synthetic"
	"harness/registry"
	"harness/registry/journal"
	"harness/reports"
	"harness/reports/examples"
	"harness/sweeps"
)

// answering is a server of a sweep of two rows whose programs have answered: row 0 right, row 1 wrong in the first of n samples. It
// returns the folder of the first trial's attempt, and the names of the rows.
func answering(t *testing.T, n int, change func(p *reports.Prediction)) (s *Server, attempt string, rows []string) {
	t.Helper()
	ctx, home := context.Background(), filepath.Join(t.TempDir(), "home")
	size := fixture.Size{Handle: "own", Rows: 2, Seeds: 1, Metrics: 1, Points: 4}
	if err := size.Make(ctx, home); err != nil {
		t.Fatal(err)
	}
	db, err := registry.OpenReadOnly(ctx, home)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	plan, err := view.Plan(ctx, db, "own")
	if err != nil {
		t.Fatal(err)
	}
	for r, row := range plan.Rows {
		rows = append(rows, row.Name)
		dir := db.AttemptDir(row.Trials[0], 1)
		if r == 0 {
			attempt = dir
		}
		var out bytes.Buffer
		for i := range n {
			p := reports.Prediction{Task: "vqa", ID: fmt.Sprintf("q%03d", i), Question: "how many?", Hyp: fmt.Sprint(i), Refs: []string{fmt.Sprint(i)}}
			if r == 1 && i < (n+1)/2 {
				p.Hyp = "none"
			}
			if change != nil {
				change(&p)
			}
			if err := json.NewEncoder(&out).Encode(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "predictions.jsonl"), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s = New(Options{Home: home, Harness: "test", Staleness: func(db *registry.DB) *view.Staleness {
		return view.NewStaleness(db, func() journal.Provenance { return journal.Provenance{} }, nil)
	}})
	t.Cleanup(func() { s.Close() })
	return s, attempt, rows
}

func asked(s *Server, address string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+address, nil))
	return w
}

var shownIDs = regexp.MustCompile(`<li class="sample card" id="([^"]*)"`)

func idsOn(body string) string {
	var list []string
	for _, m := range shownIDs.FindAllStringSubmatch(body, -1) {
		list = append(list, m[1])
	}
	return strings.Join(list, " ")
}

func TestSamplesPage(t *testing.T) {
	s, _, rows := answering(t, 6, nil)
	for address, want := range map[string]string{
		"":                                   "q000 q001 q002 q003 q004 q005",
		"?n=2":                               "q000 q001",
		"?n=2&page=3":                        "q004 q005",
		"?n=2&page=99":                       "q004 q005",
		"?n=2&id=q003":                       "q002 q003",
		"?right=" + url.QueryEscape(rows[0]): "q000 q001 q002 q003 q004 q005",
		"?wrong=" + url.QueryEscape(rows[1]): "q000 q001 q002",
		"?right=" + url.QueryEscape(rows[1]): "q003 q004 q005",
		"?disagree=1&q=Q00&sort=hardest":     "q000 q001 q002",
		"?right=&wrong=&finding=&q=&sort=":   "q000 q001 q002 q003 q004 q005",
		"?q=q004&right=" + url.QueryEscape(rows[0]) + "&task=vqa&seed=1": "q004",
		"?q=nothing": "",
	} {
		w := asked(s, "/sweeps/own/samples"+address)
		if got := idsOn(w.Body.String()); w.Code != http.StatusOK || got != want {
			t.Errorf("%s: %d, %s; want %s", address, w.Code, got, want)
		}
	}
	body := asked(s, "/sweeps/own/samples?n=1").Body.String()
	for _, want := range []string{`<span class="sign" aria-hidden="true">✓</span> right`, `<span class="sign" aria-hidden="true">✗</span> wrong`, "1 right, 1 wrong",
		`rel="next" href="/sweeps/own/samples?n=1&amp;page=2"`, "An answer is right where it is the text of a reference", "No images: the program&#39;s answers name none"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// TestSamplesAreReadOnce: a change elsewhere in the registry leaves what was read; another run of a trial does not.
func TestSamplesAreReadOnce(t *testing.T) {
	s, attempt, _ := answering(t, 2, nil)
	if got := idsOn(asked(s, "/sweeps/own/samples").Body.String()); got != "q000 q001" {
		t.Fatal(got)
	}
	first := s.lastSamples.of
	db, err := registry.Open(context.Background(), s.o.Home)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	id := filepath.Base(filepath.Dir(attempt))
	if err := db.SetNote(context.Background(), id, "seen"); err != nil {
		t.Fatal(err)
	}
	s.cache = cache{}
	asked(s, "/sweeps/own/samples")
	if first == nil || s.lastSamples.of != first {
		t.Error("the answers were read again after a note")
	}
	if err := db.Redo(context.Background(), []string{id}); err != nil {
		t.Fatal(err)
	}
	s.cache = cache{}
	if body := asked(s, "/sweeps/own/samples").Body.String(); s.lastSamples.of == first || !strings.Contains(body, "no result: ") {
		t.Error("the answers of a trial that is to run again are shown")
	}
}

// TestSamplesAreLinked: the page of a sweep leads to its samples where there are any.
func TestSamplesAreLinked(t *testing.T) {
	with, attempt, rows := answering(t, 1, nil)
	if !strings.Contains(asked(with, "/sweeps/own").Body.String(), `href="/sweeps/own/samples"`) {
		t.Error("the samples are not linked")
	}
	others, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(attempt)), "*", "1", "predictions.jsonl"))
	if err != nil || len(others) != len(rows) {
		t.Fatal(others, err)
	}
	for _, path := range others {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(asked(with, "/sweeps/own").Body.String(), `href="/sweeps/own/samples"`) {
		t.Error("samples that there are not are linked")
	}
}

func TestSamplesRefused(t *testing.T) {
	s, _, _ := answering(t, 2, nil)
	for address, want := range map[string]string{
		"?page=0": "page=0: want a number from 1", "?n=x": "n=x: want a number from 1", "?seed=x": "seed=x: want a seed of the sweep", "?seed=9": "seed: 9: the seeds of own are 1",
		"?task=cap": "task: cap: the rows have answered vqa", "?right=nobody": "right: &#34;nobody&#34;: the rows are ", "?sort=best": "sort: best: want one of id, ",
		"?finding=edema": "finding: no reference names edema", "?id=q9": "id=q9: there is no such sample of vqa", "?id=q001&q=q000": "id=q001: the filter leaves this sample out",
		"?boxes=nobody": "boxes: &#34;nobody&#34;: the rows are ",
	} {
		if w := asked(s, "/sweeps/own/samples"+address); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d, want 400 with %s", address, w.Code, want)
		}
	}
	if w := asked(s, "/sweeps/none/samples"); w.Code != http.StatusNotFound {
		t.Errorf("a sweep that there is not: %d", w.Code)
	}
}

// TestSamplesWithoutAnswers: the reasons are told.
func TestSamplesWithoutAnswers(t *testing.T) {
	s, attempt, _ := answering(t, 0, nil)
	if w := asked(s, "/sweeps/own/samples"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "No answers were kept by the trials of seed 1: the trial kept no answers.") {
		t.Errorf("%d", w.Code)
	}
	if err := os.WriteFile(filepath.Join(attempt, "predictions.jsonl"), []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.cache, s.lastSamples = cache{}, lastSamples{}
	if w := asked(s, "/sweeps/own/samples"); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "predictions.jsonl: line 1") {
		t.Errorf("a damaged file: %d", w.Code)
	}
}

// TestHostileSamples: what programs write is text.
func TestHostileSamples(t *testing.T) {
	hostile := "</td><script>alert(1)</script>\x1b[31m\u202e" + strings.Repeat("W", 10_000)
	s, _, _ := answering(t, 1, func(p *reports.Prediction) {
		p.ID, p.Question, p.Hyp, p.Refs, p.Images = hostile, hostile, hostile, []string{hostile, hostile}, []string{hostile}
	})
	body := asked(s, "/sweeps/own/samples").Body.String()
	for _, bad := range []string{"<script>alert", "\x1b", "\u202e"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if strings.Count(body, "&lt;script&gt;alert(1)") < 5 {
		t.Error("the texts are not shown")
	}
}

// TestProgramImages: files below the attempt's folder are shown, and nothing else.
func TestProgramImages(t *testing.T) {
	names := []string{"a.png", "../../../secret.png", "/etc/passwd", "note.txt", "link.png", "gone.png"}
	s, attempt, _ := answering(t, 1, func(p *reports.Prediction) { p.Images = names })
	var picture bytes.Buffer
	colours := image.NewRGBA(image.Rect(0, 0, 1000, 500))
	colours.Set(0, 0, color.RGBA{255, 0, 0, 255})
	if err := png.Encode(&picture, colours); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(s.o.Home, "secret.png")
	for path, data := range map[string][]byte{filepath.Join(attempt, "a.png"): picture.Bytes(), secret: picture.Bytes(), filepath.Join(attempt, "note.txt"): []byte("text")} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(secret, filepath.Join(attempt, "link.png")); err != nil {
		t.Fatal(err)
	}
	body := asked(s, "/sweeps/own/samples?task=vqa").Body.String()
	if !strings.Contains(body, `src="/sweeps/own/samples/image?file=0&amp;id=q000&amp;task=vqa"`) {
		t.Error("the address of an image does not ask for the samples of the page")
	}
	if n := strings.Count(body, "<img "); n != len(names) {
		t.Fatalf("%d images on the page", n)
	}
	for k := range len(names) + 2 {
		w := asked(s, fmt.Sprintf("/sweeps/own/samples/image?seed=1&task=vqa&id=q000&file=%d", k-1))
		if k != 1 {
			if w.Code != http.StatusNotFound {
				t.Errorf("file %d: %d", k-1, w.Code)
			}
			continue
		}
		config, err := jpeg.DecodeConfig(w.Body)
		if err != nil || w.Header().Get("Content-Type") != "image/jpeg" || config.Width != pictureSide || config.Height != pictureSide/2 {
			t.Errorf("%d, %v, %v", w.Code, config, err)
		}
	}
}

// TestAtlas: images of pairs and of regions are found in the data set; one that is damaged is an error.
func TestAtlas(t *testing.T) {
	ctx, root := context.Background(), filepath.Join(t.TempDir(), "set")
	p := synthetic.Default()
	p.Patients = 12
	if err := synthetic.Write(ctx, root, p, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(ctx, root, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pair := set.Pairs[0]
	main := &set.Images[pair.Main]
	regionID := main.ID + "_" + main.Regions[0].Name
	path := filepath.Join(t.TempDir(), "predictions.jsonl")
	lines := fmt.Sprintf("{\"task\":\"diffvqa\",\"id\":%q,\"hyp\":\"x\",\"refs\":[\"y\"]}\n{\"task\":\"caref\",\"id\":%q,\"hyp\":\"[1, 2, 3, 4]\",\"refs\":[\"[1, 2, 3, 4]\"]}\n", pair.ID, regionID)
	if err := os.WriteFile(path, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	plan := &sweeps.Plan{Name: "a", Handle: "a", Seeds: []int64{0}, Rows: []sweeps.Row{{Name: "row", Trials: []string{"t"}}}, Trials: []sweeps.Trial{{ID: "t"}}}
	results := reports.Results{"t": {State: registry.Done, Predictions: path}}
	for task, want := range map[string]int{"diffvqa": 2, "caref": 1} {
		all, err := examples.ReadSamples(plan, results, task, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := &atlas{}
		a.take(set, all)
		if len(a.images) != want {
			t.Errorf("%s: %d images are kept, want %d", task, len(a.images), want)
		}
		if _, err := a.read(main.ID); err != nil {
			t.Error(err)
		}
		if _, err := a.read("another"); err == nil {
			t.Error("an image that the samples do not have")
		}
	}
}

// TestPictures: encoded images are kept up to a bound.
func TestPictures(t *testing.T) {
	var p pictures
	for i := range 40 {
		p.put(fmt.Sprint(i), make([]byte, 1<<20))
	}
	if _, ok := p.get("39"); !ok || p.bytes > pictureBytes || len(p.of) != len(p.order) || len(p.order) != pictureBytes>>20 {
		t.Errorf("%d bytes of %d images", p.bytes, len(p.of))
	}
	if _, ok := p.get("0"); ok {
		t.Error("the oldest was kept")
	}
}

// TestAtlasOnce: a page does not wait for ever for a data set, and the next one finds why there is none.
func TestAtlasOnce(t *testing.T) {
	s, _, _ := answering(t, 1, nil)
	of := &sampled{samples: &examples.Samples{}, plan: &sweeps.Plan{}, results: reports.Results{}}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	a, opening := s.atlas(ctx, "own", of)
	if opening || a.err == nil || len(s.atlases.list) != 0 {
		t.Errorf("opening %t, %v, %d kept", opening, a.err, len(s.atlases.list))
	}
}
