package document

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"html"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/reports"
	"harness/reports/examples"
	"harness/sweeps"
)

var update = flag.Bool("update", false, "rewrite the golden file")

const smallFile = `version: 1
name: small
base: {preset: smoke}
ablations:
  - {label: all tasks}
  - {label: CAP only, set: {pretrain.tasks: [cap]}}
seeds: [0, 1]
metrics:
  caref/acc50: {label: "Acc@0.5"}
  diffvqa/cider: {label: CIDEr, digits: 2}
`

// small is a report of invented results: the second trial failed once, the last one is not done.
func small(t testing.TB, file string) Contents {
	t.Helper()
	s, err := sweeps.Parse("small.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	plan.Handle, plan.Harness = plan.Name, "v1.2.3"
	results := reports.Results{}
	record := &Record{}
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, trial := range plan.Trials {
		value := .5 + .01*float64(i)
		results[trial.ID] = reports.Result{State: registry.Done, Notes: map[string]string{}, Synthetic: trial.Spec.Command == "", Values: map[string]registry.Summary{
			"caref/acc50": {Last: value, Min: value, Max: value, N: 1}, "diffvqa/cider": {Last: 2 * value, Min: value, Max: 2 * value, N: 1},
			"accuracy": {Last: value, Min: value, Max: value, N: 1},
		}}
		a := registry.Attempt{Number: 1, Purpose: journal.PurposeRun, State: registry.Done, Started: began, Ended: began.Add(90 * time.Second), Engine: "native",
			Threads: 1, CPUSeconds: 60, PeakMemory: 1 << 28, Dir: "/home/somebody/secret", DataHash: "d41d8cd98f00"}
		a.Provenance = journal.Provenance{Harness: "v1.2.3", Host: "secret-host", CPU: "a CPU", Cores: 2}
		one := Tried{Trial: trial, State: registry.Done, Result: 1, Newest: 1, Attempts: []registry.Attempt{a}}
		if i == 1 {
			failed := a
			failed.State, failed.Class, failed.Error = registry.Failed, journal.ClassMemory, "out of memory: 8 GiB asked for"
			one.Result, one.Newest = 2, 2
			one.Attempts = []registry.Attempt{failed, a}
			one.Attempts[1].Number = 2
		}
		if i == len(plan.Trials)-1 {
			one.State, one.Result, one.Attempts[0].State, one.Attempts[0].Error = registry.Failed, 0, registry.Failed, "exit status 3"
			results[trial.ID] = reports.Result{State: registry.Failed, Error: "exit status 3"}
		}
		record.Trials = append(record.Trials, one)
	}
	table, err := reports.Compute(context.Background(), plan, results, reports.Options{})
	if err != nil {
		t.Fatal(err)
	}
	charts, err := tableCharts(plan, table)
	if err != nil {
		t.Fatal(err)
	}
	return Contents{Charts: charts, Plan: plan, Table: table, Record: record, File: File{Name: "small.yaml", Text: file}, Harness: "v1.2.3",
		SettingsOf: func(s spec.Trial) ([]Setting, error) {
			return []Setting{{"command", string(s.Command)}, {"method", string(s.Method)}, {"tasks", fmt.Sprint(s.Pretrain.Tasks)}}, nil
		}}
}

// pairsWith are n test pairs with images of noise, which no encoder makes small.
func pairsWith(n, side int) *examples.Examples {
	rng := rand.New(rand.NewPCG(1, 2))
	e := &examples.Examples{Name: "small", Choice: examples.Choice{Rule: examples.Random, Seed: new(int64), N: n}, Candidates: 9, BoxesOf: "all tasks"}
	pixels := image.NewGray(image.Rect(0, 0, side, side))
	for k := range pixels.Pix {
		pixels.Pix[k] = uint8(rng.UintN(256))
	}
	for i := range n {
		p := examples.Pair{ID: strings.Repeat("x", i+1), Question: "what has changed?", Reference: "nothing has changed.", Answers: []examples.Answer{
			{Row: "all tasks", Text: "nothing has changed.", Pieces: []examples.Piece{{Text: "nothing has changed", Mark: examples.Right}, {Text: "."}}},
			{Row: "CAP only", Absent: "not started"}}}
		for _, role := range []string{"reference", "main"} {
			iou := .5
			p.Images = append(p.Images, examples.Image{ID: role, Role: role, Width: side, Height: side, Pixels: pixels, Regions: []examples.Region{
				{Name: "left lung", Reference: metrics.Box{1, 2, 30, 40}, Predicted: &metrics.Box{2, 3, 31, 41}, IoU: &iou}}})
		}
		e.Pairs = append(e.Pairs, p)
	}
	return e
}

var steps = []Step{{"Train all trials anew.", "harness sweep small.yaml"}}

// written is the file of some contents.
func written(t testing.TB, c Contents) (string, Written) {
	t.Helper()
	var out bytes.Buffer
	w, err := c.Write(&out, steps)
	if err != nil {
		t.Fatal(err)
	}
	if w.Bytes != out.Len() {
		t.Errorf("%d bytes, said to be %d", out.Len(), w.Bytes)
	}
	return out.String(), w
}

var (
	scripts = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
	sheets  = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
)

// bare is a file without its scripts and style sheet.
func bare(file string) string {
	return sheets.ReplaceAllString(scripts.ReplaceAllString(file, "<script></script>"), "<style></style>")
}

var (
	payload = regexp.MustCompile(`base64,[A-Za-z0-9+/=]+`)
	hashes  = regexp.MustCompile(`sha256-(&#43;|[A-Za-z0-9/=])+`) // of the scripts and the style sheet
)

func TestGolden(t *testing.T) {
	c := small(t, smallFile)
	c.Examples = pairsWith(1, 64)
	got, _ := written(t, c)
	got = hashes.ReplaceAllString(payload.ReplaceAllString(bare(got), "base64,…"), "sha256-…")
	path := filepath.Join("testdata", "small.html")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// TestNamesNobody: reviews are blind.
func TestNamesNobody(t *testing.T) {
	got, _ := written(t, small(t, smallFile))
	for _, secret := range []string{"secret-host", "somebody"} {
		if strings.Contains(got, secret) {
			t.Errorf("the file names %s", secret)
		}
	}
}

func TestSameBytes(t *testing.T) {
	first := small(t, smallFile)
	first.Examples = pairsWith(2, 64)
	a, _ := written(t, first)
	second := small(t, smallFile)
	second.Examples = pairsWith(2, 64)
	if b, _ := written(t, second); a != b {
		t.Error("the same results gave other bytes")
	}
}

var (
	attributes = regexp.MustCompile(`(?i)\s(src|href|srcset|action|data|poster|background|xlink:href|formaction|ping)="([^"]*)"`)
	tags       = regexp.MustCompile(`(?i)<(link|iframe|object|embed|base|form|video|audio|source|area)\b`)
	inStyle    = regexp.MustCompile(`(?i)url\(|@import|@font-face`)
	inElement  = regexp.MustCompile(`(?i)<[^>]*\s(style|on[a-z]+)=`)
)

// TestRefersToNothingOutside: every reference is to the file itself, and its policy allows nothing else.
func TestRefersToNothingOutside(t *testing.T) {
	c := small(t, smallFile)
	c.Examples = pairsWith(1, 64)
	whole, _ := written(t, c)
	got := bare(whole)
	found := attributes.FindAllStringSubmatch(got, -1)
	if len(found) < 5 {
		t.Fatalf("%d references: the test looks at nothing", len(found))
	}
	for _, m := range found {
		if !strings.HasPrefix(m[2], "#") && !strings.HasPrefix(m[2], "data:image/") {
			t.Errorf("%s=%.80s leads out of the file", m[1], m[2])
		}
	}
	for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(got, -1) {
		if !strings.Contains(got, ` id="`+m[1]+`"`) {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
	if m := tags.FindString(got); m != "" {
		t.Errorf("an element %s>", m)
	}
	if m := inElement.FindString(payload.ReplaceAllString(got, "")); m != "" {
		t.Errorf("a style or script in an element, which the policy forbids: %.200s", m)
	}
	policy := html.UnescapeString(between(t, got, `Content-Security-Policy" content="`, `"`))
	texts := append(scripts.FindAllStringSubmatch(whole, -1), sheets.FindAllStringSubmatch(whole, -1)...)
	if len(texts) != 4 {
		t.Errorf("%d scripts and style sheets, want those of charts and of the page", len(texts))
	}
	for _, m := range texts {
		if !strings.Contains(policy, "'"+digest(m[1])+"'") {
			t.Errorf("the policy does not allow %.80s", m[1])
		}
		if found := inStyle.FindString(m[1]); strings.HasPrefix(m[0], "<style") && found != "" {
			t.Errorf("the style sheet has %s", found)
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("policy %s", policy)
	}
}

func between(t *testing.T, text, start, end string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, start)
	part, _, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("nothing between %s and %s", start, end)
	}
	return part
}

// TestHostileTexts: labels, errors and files are shown as text.
func TestHostileTexts(t *testing.T) {
	hostile := `</script></style><script>alert(1)</script><img src=x onerror=alert(2)>` + "\x1b[31m\u202e" + strings.Repeat("W", 10_000)
	c := small(t, smallFile)
	c.Plan.Description, c.Plan.Rows[0].Name, c.File.Text, c.Remark = hostile, hostile, hostile, hostile
	c.Table.Columns[0].Label = hostile
	charts, err := tableCharts(c.Plan, c.Table)
	if err != nil {
		t.Fatal(err)
	}
	c.Charts = charts
	c.Plan.Options, c.Record.Trials[0].Row, c.Record.Trials[1].Attempts[0].Error = []string{hostile}, hostile, hostile
	c.Record.Trials[0].Attempts[0].CPU, c.Table.Caption, c.Table.Rows[0].Name = hostile, []string{hostile}, hostile
	c.Examples = pairsWith(1, 64)
	p := &c.Examples.Pairs[0]
	p.ID, p.Question, p.Reference, p.Answers[0].Row, p.Answers[1].Absent, p.Images[0].Regions[0].Name = hostile, hostile, hostile, hostile, hostile, hostile
	got, _ := written(t, c)
	for _, bad := range []string{"<script>alert", "<img src=x", "\x1b", "\u202e"} {
		if strings.Contains(got, bad) {
			t.Errorf("the file contains %q", bad)
		}
	}
	if starts, ends := strings.Count(bare(got), "<script"), strings.Count(got, "</script>"); starts != ends {
		t.Errorf("%d scripts and %d ends", starts, ends)
	}
	if !strings.Contains(got, "&lt;script&gt;alert(1)") {
		t.Error("the text is not shown")
	}
}

// TestLimit: images are shrunk, then left out, and the file says so.
func TestLimit(t *testing.T) {
	for pairs, want := range map[int]string{1: "", 14: "Images are at most", 600: "Images are left out"} {
		c := small(t, smallFile)
		c.Examples = pairsWith(pairs, 448)
		got, w := written(t, c)
		if w.Bytes > Limit {
			t.Errorf("%d pairs: %d bytes", pairs, w.Bytes)
		}
		if said := strings.Join(w.Remarks, " "); !strings.Contains(said, want) || want == "" && said != "" || !strings.Contains(got, want) {
			t.Errorf("%d pairs: it says %q, want %q", pairs, said, want)
		}
	}
}

func TestKeep(t *testing.T) {
	all := []figure{{Title: "a", Picture: `src="12345"`}, {Title: "b", About: strings.Repeat("x", 9000)}, {Title: "c"}}
	kept, left := keep(all, 1200)
	if len(kept) != 2 || kept[1].Title != "c" || len(left) != 1 || left[0] != "b" {
		t.Errorf("kept %v, left %v", kept, left)
	}
}

// TestInteractive: each chart has its data and a still picture; without charts the file has no library.
func TestInteractive(t *testing.T) {
	c := small(t, smallFile)
	got, _ := written(t, c)
	for _, want := range []string{`data-chart="forest"`, `data-chart="seeds"`, `"kind":"forest"`, "Copyright 2017-2026 The Apache Software Foundation", "echarts"} {
		if !strings.Contains(got, want) {
			t.Errorf("the file lacks %s", want)
		}
	}
	figures, err := c.figures()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		if f.Picture == "" {
			t.Errorf("%s has no still picture", f.Title)
		}
	}
	c.Charts = nil
	got, _ = written(t, c)
	if strings.Contains(got, "echarts") || !strings.Contains(got, "It contains no library of others.") {
		t.Error("a file without charts has their library")
	}
}

// TestProgram: what a program's trials lack is not invented.
func TestProgram(t *testing.T) {
	c := small(t, "version: 1\nname: own\ncommand: [python, train.py]\nparameters: {lr: {values: [0.1, 0.2]}}\n")
	c.File, c.Remark = File{Name: "own.yaml", Absent: "own.yaml has changed."}, "There are no examples: no answers were kept."
	for i := range c.Record.Trials {
		c.Record.Trials[i] = Tried{Trial: c.Record.Trials[i].Trial}
	}
	got, _ := written(t, c)
	for _, want := range []string{"own.yaml has changed.", "There are no examples: no answers were kept.", "2 not started", "nothing was recorded yet"} {
		if !strings.Contains(got, want) {
			t.Errorf("the file does not say %q", want)
		}
	}
	for _, no := range []string{"Times and costs", "What training saw", "Synthetic"} {
		if strings.Contains(got, no) {
			t.Errorf("the file says %q", no)
		}
	}
}
