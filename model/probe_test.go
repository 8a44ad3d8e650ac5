package model

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/probe"
	"harness/model/spec"
)

// The control raw pixels is computed once a home and data set; a trial that follows reads what was kept, and computes it again where that
// is damaged.
func TestRawPixelsAreKept(t *testing.T) {
	trial := smokeTrial(t)
	trial.Until, trial.Pretrain.Steps = spec.UntilRegions, 1
	home := t.TempDir()
	first, _ := runAt(t, trial, home, 1)
	want := ofControl(first)
	if len(want) < 3 {
		t.Fatalf("recorded of the control: %v", want)
	}
	paths, err := filepath.Glob(filepath.Join(home, "cache", "raw-pixels-*.json"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("kept: %v %v", paths, err)
	}
	kept, err := readFacts(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	same(t, "what is kept", kept.points, want)

	trial.Seed = 7
	kept.points[0].Value = 0.123
	if err := writeFacts(paths[0], kept); err != nil {
		t.Fatal(err)
	}
	second, _ := runAt(t, trial, home, 1)
	same(t, "another seed reads it", ofControl(second), kept.points)

	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(paths[0], []byte(strings.Replace(string(data), "0.123", "0.124", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	rec := &tape{}
	if err := Run(context.Background(), trial, Env{Home: home, Dir: t.TempDir(), Threads: 1}, rec); err != nil {
		t.Fatal(err)
	}
	same(t, "computed again", ofControl(rec.points), want)
	if !strings.Contains(rec.notes["raw-pixels/damaged"], paths[0]) {
		t.Errorf("the damage is not told: %v", rec.notes)
	}
}

func ofControl(points []point) []point {
	return slices.DeleteFunc(slices.Clone(points), func(p point) bool { return !strings.HasPrefix(p.Metric, "controls/raw-pixels/") })
}

func TestSetF1SaysWhyThereIsNone(t *testing.T) {
	present := [][]bool{{true, false}}
	scores := [][]float64{{0.9, 0.1}}
	whole := answers{findings: []string{"edema"}, train: present, validation: present, test: present, pairs: []probe.Pair{{Ref: 0, Main: 1}}}
	if f1, why := setF1(whole, scores, scores); why != "" || f1 != 1 {
		t.Errorf("got %v %q", f1, why)
	}
	unpaired, still := whole, whole
	unpaired.pairs, still.test = nil, [][]bool{{true, true}}
	if _, why := setF1(unpaired, scores, scores); !strings.Contains(why, "no test pair") {
		t.Errorf("without pairs: %q", why)
	}
	unseen := whole
	unseen.validation = [][]bool{nil}
	if _, why := setF1(unseen, [][]float64{nil}, scores); !strings.Contains(why, "no validation image") {
		t.Errorf("without validation images: %q", why)
	}
	if _, why := setF1(still, scores, [][]float64{{0.1, 0.1}}); !strings.Contains(why, "no finding changes") {
		t.Errorf("without changes: %q", why)
	}
}

// Features that fit no memory are the same from the disk, and leave no file.
func TestFeaturesOnDisk(t *testing.T) {
	closed := 0
	f := &features{tokens: 2, width: 3, scratch: t.TempDir(), close: func() { closed++ }}
	f.compute = func(images []int) (engine.Tensor, error) {
		var data []float32
		for _, image := range images {
			for k := range 6 {
				data = append(data, float32(image*10+k))
			}
		}
		return engine.Floats(data, len(images), 2, 3), nil
	}
	images := []int{40, 7, 9, 1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15, 16, 17}
	rows, err := f.onDisk(context.Background(), images)
	if err != nil {
		t.Fatal(err)
	}
	held, err := f.rows(context.Background(), images)
	if err != nil || len(rows) != len(images) || !slices.EqualFunc(rows, held, slices.Equal) {
		t.Errorf("got %v, want %v: %v", rows, held, err)
	}
	if left, err := os.ReadDir(f.scratch); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if f.close(); closed != 1 {
		t.Error("the encoder was not closed")
	}
	f.scratch = filepath.Join(f.scratch, "none")
	if _, err := f.onDisk(context.Background(), images); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func FuzzReadFacts(f *testing.F) {
	path := filepath.Join(f.TempDir(), "facts.json")
	if err := writeFacts(path, &facts{points: []point{{"probe/auc", 0, 0.5}, {"probe/f1", 0, nan}}, notes: [][2]string{{"a", "b"}}}); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(`{"sha256": "", "facts": null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "facts.json")
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		read, err := readFacts(path)
		if err != nil {
			if !errors.Is(err, checkpoint.ErrDamaged) {
				t.Errorf("another error than damage: %v", err)
			}
			return
		}
		if err := writeFacts(path, read); err != nil {
			t.Fatal(err)
		}
		if again, err := readFacts(path); err != nil || len(again.points) != len(read.points) || len(again.notes) != len(read.notes) {
			t.Errorf("what was read is not what is written: %v", err)
		}
	})
}
