package synthetic_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"harness/metrics"
	"harness/model/dataset"
	"harness/model/dataset/synthetic"
)

func small() synthetic.Params {
	p := synthetic.Default()
	p.Patients, p.Laterals = 10, .3
	return p
}

func smallPlace() synthetic.Params {
	p := synthetic.Place.Default()
	p.Patients = 10
	return p
}

func write(t *testing.T, p synthetic.Params) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "set")
	if err := synthetic.Write(t.Context(), root, p, nil); err != nil {
		t.Fatal(err)
	}
	return root
}

// hashTree hashes the names and contents of all files below root, or of those that count.
func hashTree(t *testing.T, root string, counts ...func(path string) bool) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.ContainsFunc(counts, func(f func(string) bool) bool { return !f(path) }) {
			return err
		}
		data, err := os.ReadFile(path)
		sum.Write([]byte(strings.TrimPrefix(path, root)))
		sum.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func TestSameBytesOnAnyThreads(t *testing.T) {
	for _, p := range []synthetic.Params{small(), smallPlace()} {
		checkThreads(t, p)
	}
}

func checkThreads(t *testing.T, p synthetic.Params) {
	t.Helper()
	threads := runtime.GOMAXPROCS(1)
	one := hashTree(t, write(t, p))
	runtime.GOMAXPROCS(max(threads, 4))
	four := hashTree(t, write(t, p))
	runtime.GOMAXPROCS(threads)
	if one != four {
		t.Errorf("design %q: one thread and four write different data", p.Design)
	}
	p.Seed++
	if hashTree(t, write(t, p)) == one {
		t.Errorf("design %q: another seed writes the same data", p.Design)
	}
}

// The questions hang on no floating-point arithmetic but comparisons of draws, so their bytes are the same on every
// machine. If this fails and the change is meant, raise Version and renew the hash.
func TestQuestionsAreThoseOfThisVersion(t *testing.T) {
	const version, want = 5, "bfc55d94f6656149"
	if got := hashQuestions(t, small()); got != want || synthetic.Version != version {
		t.Errorf("version %d writes questions %s, want version %d and %s", synthetic.Version, got, version, want)
	}
	const wantPlace = "8deacb66377538e9"
	if got := hashQuestions(t, smallPlace()); got != wantPlace {
		t.Errorf("version %d of the design place writes questions %s, want %s", synthetic.Version, got, wantPlace)
	}
}

func hashQuestions(t *testing.T, p synthetic.Params) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(write(t, p), "medical-diff-vqa", "mimic_pair_questions.csv"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// The loader of the real data reads all of it: every image, report, pair and answer, and the faults put in on purpose.
func TestLoaderReadsEverything(t *testing.T) {
	p := small()
	p.Patients, p.BoxFaults = 30, .02
	set, err := dataset.Open(t.Context(), write(t, p), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(set.Synthetic, "SynCXR:") {
		t.Errorf("the set is not marked as synthetic: %q", set.Synthetic)
	}
	if n := p.Patients * p.Studies; len(set.Images) != n {
		t.Errorf("%d usable images, want %d", len(set.Images), n)
	}
	subjects := map[dataset.Split]map[string]bool{}
	for _, img := range set.Images {
		if img.Caption == "" {
			t.Errorf("image %s has no caption", img.ID)
		}
		if len(img.Regions) < 10 {
			t.Errorf("image %s has %d regions with phrases", img.ID, len(img.Regions))
		}
		if subjects[img.Split] == nil {
			subjects[img.Split] = map[string]bool{}
		}
		subjects[img.Split][img.Subject] = true
	}
	if a, b, c := len(subjects[dataset.Train]), len(subjects[dataset.Val]), len(subjects[dataset.Test]); a != 24 || b != 3 || c != 3 {
		t.Errorf("%d, %d, %d subjects in train, val, test; want 24, 3, 3", a, b, c)
	}
	if want := p.Patients * 3; len(set.Pairs) < want {
		t.Errorf("%d pairs, want at least %d", len(set.Pairs), want)
	}
	for _, pair := range set.Pairs {
		if _, err := metrics.ParseAnswer(pair.Answer); err != nil {
			t.Errorf("%s: %v", pair.ID, err)
		}
	}
	kinds := map[string]int{}
	for _, q := range set.Questions {
		kinds[q.Type]++
	}
	for _, kind := range []string{"abnormality", "presence", "view", "location", "level", "type"} {
		if kinds[kind] == 0 {
			t.Errorf("no question of type %s", kind)
		}
	}
	f := set.Faults
	if f.Pairs.BadAnswer.N+f.Pairs.BadRows.N+f.Pairs.NoImage.N+f.Pairs.ReferenceLater.N+f.Images.Missing.N+f.Images.BadRows.N+f.Reports.Empty.N != 0 {
		t.Errorf("faults that were not meant: %+v", f)
	}
	if f.Regions.BadBox.N == 0 || f.Regions.UnknownName.N+f.Regions.NoBox.N == 0 || f.Images.NotFrontal.N == 0 {
		t.Errorf("faults put in on purpose are not found: %+v", f)
	}
}

func TestWriteReplacesOnlyItsOwn(t *testing.T) {
	p := small()
	root := write(t, p)
	if !synthetic.UpToDate(root, p) {
		t.Error("a set just written is not up to date")
	}
	p.Seed++
	if synthetic.UpToDate(root, p) {
		t.Error("another seed counts as up to date")
	}
	done := 0
	if err := synthetic.Write(t.Context(), root, p, func(n, total int) {
		if done++; n != done || total != p.Patients {
			t.Errorf("progress %d of %d after %d calls", n, total, done)
		}
	}); err != nil || done != p.Patients {
		t.Errorf("replace an earlier set: %v, %d patients", err, done)
	}

	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.tex"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := synthetic.Write(t.Context(), foreign, p, nil); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a foreign folder: %v, want one line", err)
	}
	if _, err := os.Stat(filepath.Join(foreign, "thesis.tex")); err != nil {
		t.Error(err)
	}
}

func TestCancelLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	root := filepath.Join(t.TempDir(), "set")
	p := small()
	p.Patients = 100
	err := synthetic.Write(ctx, root, p, func(done, total int) {
		if done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if left, _ := filepath.Glob(root + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestParamsAreValidated(t *testing.T) {
	for _, d := range synthetic.Designs {
		if err := d.Default().Validate(); err != nil {
			t.Errorf("design %q: %v", d, err)
		}
	}
	for name, spoil := range map[string]func(*synthetic.Params){
		"patients 2":         func(p *synthetic.Params) { p.Patients = 2 },
		"studies 0":          func(p *synthetic.Params) { p.Studies = 0 },
		"prevalence 1.5":     func(p *synthetic.Params) { p.Prevalence = 1.5 },
		"noise -1":           func(p *synthetic.Params) { p.Noise = -1 },
		"fine amplitude 9":   func(p *synthetic.Params) { p.FineAmplitude = 9 },
		"phrase dropout 2":   func(p *synthetic.Params) { p.PhraseDropout = 2 },
		"report dropout NaN": func(p *synthetic.Params) { p.ReportDropout = math.NaN() },
		`unknown design "shape": want one of ["" "place"]`: func(p *synthetic.Params) { p.Design = "shape" },
	} {
		p := synthetic.Default()
		spoil(&p)
		if err := p.Validate(); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
