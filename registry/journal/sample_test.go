package journal

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"harness/internal/jsonfloat"
)

// TestSampleProgress reads a journal that is longer than what is sampled, and one that is not.
func TestSampleProgress(t *testing.T) {
	for _, steps := range []int{10, 20_000} {
		dir := attemptDir(t)
		w, err := Create(dir)
		must(t, err)
		w.At(time.UnixMilli(1_000_000))
		must(t, w.Start(Start{}))
		for i := range steps {
			w.At(time.UnixMilli(int64(1_000_000 + i*1000)))
			must(t, w.Point("loss", i, 1/float64(i+1)))
			w.add(KindProgress, "progress", Progress{Stage: "train", Step: i, Total: steps, Loss: jsonfloat.Float(math.NaN())})
		}
		must(t, w.Close())
		path := filepath.Join(dir, FileName)
		info, err := os.Stat(path)
		must(t, err)
		heard, err := SampleProgress(path)
		must(t, err)
		if long := info.Size() > sampleSize*sampleCount; long == (len(heard) == steps) || len(heard) < 10 {
			t.Fatalf("%d of %d heard, %d bytes", len(heard), steps, info.Size())
		}
		for i, h := range heard {
			if h.After != time.Duration(h.Step+1)*time.Second-time.Second || i > 0 && h.Step <= heard[i-1].Step {
				t.Fatalf("%d: %+v", i, h)
			}
		}
		if first, last := heard[0].Step, heard[len(heard)-1].Step; first != 0 || last != steps-1 {
			t.Errorf("from %d to %d of %d", first, last, steps)
		}
	}
}

func TestLastUsage(t *testing.T) {
	dir := t.TempDir()
	if _, some, err := LastUsage(dir); some || err != nil {
		t.Error(some, err)
	}
	r, err := CreateResources(dir, Meter{Cores: 2})
	must(t, err)
	if _, some, err := LastUsage(dir); some || err != nil {
		t.Error(some, err)
	}
	for i := range 300 {
		cpu := float64(i)
		must(t, r.Usage(Usage{From: int64(i) * 5000, To: int64(i+1) * 5000, CPU: &cpu}))
	}
	must(t, r.Close())
	f, err := os.OpenFile(filepath.Join(dir, ResourcesName), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("12345678 {torn")
	must(t, err)
	must(t, f.Close())
	u, some, err := LastUsage(dir)
	if err != nil || !some || *u.CPU != 299 || u.To != 300*5000 {
		t.Errorf("%+v %v %v", u, some, err)
	}
}

// FuzzSample reads damaged files: what is no event is passed over.
func FuzzSample(f *testing.F) {
	f.Add([]byte("00000000 {}\n"))
	f.Add(line(`{"q":1,"t":5,"k":"progress","progress":{"stage":"a","step":1,"total":2,"loss":"NaN"}}`))
	f.Add(line(`{"q":1,"t":5,"k":"usage","usage":{"from":1,"to":2}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		for _, name := range []string{FileName, ResourcesName} {
			must(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
		}
		if _, err := SampleProgress(filepath.Join(dir, FileName)); err != nil {
			t.Error(err)
		}
		if _, _, err := LastUsage(dir); err != nil {
			t.Error(err)
		}
	})
}
