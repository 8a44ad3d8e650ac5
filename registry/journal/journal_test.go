package journal

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"harness/internal/jsonfloat"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// attemptDir is the folder of attempt 1 of a trial.
func attemptDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "1")
	must(t, os.Mkdir(dir, 0o755))
	return dir
}

// events reads a journal without times.
func events(t testing.TB, dir string) []Event {
	t.Helper()
	var list []Event
	_, err := Read(filepath.Join(dir, FileName), Position{}, func(e *Event) error {
		e.Time = 0
		list = append(list, *e)
		return nil
	})
	must(t, err)
	return list
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	dir := attemptDir(t)
	w, err := Create(dir)
	must(t, err)
	start := Start{Trial: "abc", Attempt: 1, Purpose: PurposeRun, Spec: []byte(`{"seed":1}`), Provenance: Provenance{Host: "h", Cores: 2}}
	must(t, w.Start(start))
	must(t, w.Point("a/b", -3, 0.1))
	must(t, w.Point(`quote " and \ and é and <`, 7, 1e-300))
	must(t, w.Point("n", 1, math.NaN()))
	must(t, w.Point("n", 2, math.Inf(-1)))
	must(t, w.Point("n", 3, math.Copysign(0, -1)))
	w.Progress("train", 1, 10, 3)
	w.Progress("train", 2, 10, math.Inf(1)) // only the last of a batch is written
	must(t, w.Note("key", "two\nlines"))
	must(t, w.End(End{Outcome: Failed, Error: "e"}))
	must(t, w.Exit(Exit{Code: 3, Class: ClassError}))
	must(t, w.Close())
	want := []Event{
		{Seq: 1, Kind: KindStart, Start: &start},
		{Seq: 2, Kind: KindPoint, Metric: "a/b", Step: -3, Value: 0.1},
		{Seq: 3, Kind: KindPoint, Metric: `quote " and \ and é and <`, Step: 7, Value: 1e-300},
		{Seq: 4, Kind: KindPoint, Metric: "n", Step: 1, Value: jsonfloat.Float(math.NaN())},
		{Seq: 5, Kind: KindPoint, Metric: "n", Step: 2, Value: jsonfloat.Float(math.Inf(-1))},
		{Seq: 6, Kind: KindPoint, Metric: "n", Step: 3, Value: jsonfloat.Float(math.Copysign(0, -1))},
		{Seq: 7, Kind: KindNote, Note: &Note{"key", "two\nlines"}},
		{Seq: 8, Kind: KindProgress, Progress: &Progress{"train", 2, 10, jsonfloat.Float(math.Inf(1))}},
		{Seq: 9, Kind: KindEnd, End: &End{Failed, "e"}},
		{Seq: 10, Kind: KindExit, Exit: &Exit{Code: 3, Class: ClassError}},
	}
	got := events(t, dir)
	start.UUID = got[0].Start.UUID // drawn by the writer
	same := cmp.Comparer(func(a, b jsonfloat.Float) bool { return a == b || a != a && b != b })
	if d := cmp.Diff(want, got, same); d != "" {
		t.Error("-want +got\n" + d)
	}
	if !math.Signbit(float64(got[5].Value)) {
		t.Error("the sign of zero was lost")
	}
}

// TestStartDrawsAUUID: two journals never share one, not even where one start is a copy of the other.
func TestStartDrawsAUUID(t *testing.T) {
	seen := map[string]bool{}
	start := Start{Trial: "abc", Attempt: 1}
	for range 2 {
		dir := attemptDir(t)
		w, err := Create(dir)
		must(t, err)
		must(t, w.Start(start))
		must(t, w.Close())
		start = *events(t, dir)[0].Start
		if id, err := uuid.Parse(start.UUID); err != nil || id.Version() != 7 || seen[start.UUID] {
			t.Errorf("UUID %q after %v: %v", start.UUID, seen, err)
		}
		seen[start.UUID] = true
	}
}

func TestContinueAfterATornLine(t *testing.T) {
	dir := attemptDir(t)
	w, err := Create(dir)
	must(t, err)
	must(t, w.Point("a", 1, 1))
	must(t, w.Close())
	path := filepath.Join(dir, FileName)
	whole, err := os.ReadFile(path)
	must(t, err)
	for n := range whole { // a second line, cut at every place
		must(t, os.WriteFile(path, append(bytes.Clone(whole), whole[:n]...), 0o644))
		w, err := Continue(dir)
		must(t, err)
		must(t, w.Point("a", 2, 2))
		must(t, w.Close())
		if got := events(t, dir); len(got) != 2 || got[1].Seq != 2 || got[1].Step != 2 {
			t.Fatalf("cut at %d: %+v", n, got)
		}
	}
	if _, err := Create(dir); !errors.Is(err, os.ErrExist) {
		t.Error("a journal was made twice:", err)
	}
}

func TestBadLinesStopTheReader(t *testing.T) {
	dir := attemptDir(t)
	w, err := Create(dir)
	must(t, err)
	for step := range 3 {
		must(t, w.Point("a", step, 1))
	}
	must(t, w.Close())
	path := filepath.Join(dir, FileName)
	whole, err := os.ReadFile(path)
	must(t, err)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, damaged := range map[string][]byte{
		"a changed digit":  bytes.Replace(whole, []byte(`"s":1`), []byte(`"s":7`), 1),
		"a hole":           bytes.Replace(whole, lines[1][:20], make([]byte, 20), 1),
		"a missing line":   append(bytes.Clone(lines[0]), lines[2]...),
		"a line twice":     append(bytes.Clone(lines[0]), lines[0]...),
		"an empty line":    append(bytes.Clone(lines[0]), '\n'),
		"no kind":          append(bytes.Clone(lines[0]), line(`{"q":2,"t":0}`)...),
		"a step too large": append(bytes.Clone(lines[0]), line(`{"q":2,"t":0,"k":"point","m":"a","s":9223372036854775808,"v":1}`)...),
		"a step of 1e300":  append(bytes.Clone(lines[0]), line(`{"q":2,"t":0,"k":"point","m":"a","s":1e300,"v":1}`)...),
		"a gap in numbers": append(bytes.Clone(lines[0]), line(`{"q":3,"t":0,"k":"what"}`)...),
		"no content":       append(bytes.Clone(lines[0]), line(`{"q":2,"t":0,"k":"end"}`)...),
		"no JSON":          append(bytes.Clone(lines[0]), line(`{"q":2,`)...),
		"a line too long":  append(bytes.Clone(lines[0]), bytes.Repeat([]byte{'x'}, maxLine+(1<<20))...),
		"a number that is": append(bytes.Clone(lines[0]), line(`{"q":2,"t":0,"k":"point","m":"a","s":1,"v":none}`)...),
	} {
		must(t, os.WriteFile(path, damaged, 0o644))
		n := 0
		at, err := Read(path, Position{}, func(*Event) error { n++; return nil })
		var bad *BadLineError
		if !errors.As(err, &bad) || n != 1 || at.Seq != 1 || at.Offset != int64(len(lines[0])) || bad.Offset != at.Offset {
			t.Errorf("%s: %d events, %+v, %v", name, n, at, err)
		}
	}
}

// TestNewerKinds: what a newer version wrote between our events is passed over, whatever its parts look like.
func TestNewerKinds(t *testing.T) {
	dir := attemptDir(t)
	data := slices.Concat(line(`{"q":1,"t":0,"k":"point","m":"a","s":1,"v":1}`),
		line(`{"q":2,"t":0,"k":"artifact","artifact":{"x":1}}`), line(`{"q":3,"t":0,"k":"what","s":1e300,"v":[]}`),
		line(`{"q":4,"t":0,"k":"point","m":"a","s":2,"v":2}`))
	must(t, os.WriteFile(filepath.Join(dir, FileName), data, 0o644))
	got := events(t, dir)
	if len(got) != 2 || got[0].Step != 1 || got[1].Step != 2 || got[1].Seq != 4 {
		t.Errorf("%+v", got)
	}
	w, err := Continue(dir)
	must(t, err)
	must(t, w.Resume(-1))
	must(t, w.Close())
	if got = events(t, dir); len(got) != 3 || got[2].Seq != 5 || got[2].Resume.Step != -1 {
		t.Errorf("%+v", got)
	}
}

// line frames a body as the writer does.
func line(body string) []byte {
	w := &Writer{buffer: []byte("00000000 " + strings.TrimSuffix(body, "}"))}
	w.finish(0)
	return w.buffer
}

func TestReadingIsTakenUpAgain(t *testing.T) {
	dir := attemptDir(t)
	w, err := Create(dir)
	must(t, err)
	path := filepath.Join(dir, FileName)
	var at Position
	var steps []int64
	read := func() {
		at, err = Read(path, at, func(e *Event) error { steps = append(steps, e.Step); return nil })
		must(t, err)
	}
	for step := range 5 {
		must(t, w.Point("a", step, 1))
		must(t, w.Sync())
		read()
		read()
	}
	must(t, w.Close())
	if want := []int64{0, 1, 2, 3, 4}; !cmp.Equal(steps, want) {
		t.Errorf("steps %v", steps)
	}
	stop := errors.New("stop")
	back, err := Read(path, Position{}, func(e *Event) error {
		if e.Step == 2 {
			return stop
		}
		return nil
	})
	if err != stop || back.Seq != 2 {
		t.Error("an event that was refused was counted:", back, err)
	}
}

func TestSupersededWriterStops(t *testing.T) {
	dir := attemptDir(t)
	w, err := Create(dir)
	must(t, err)
	must(t, w.Point("a", 1, 1))
	must(t, w.Sync())
	must(t, os.Mkdir(filepath.Join(filepath.Dir(dir), "2"), 0o755))
	if err := w.Sync(); !errors.Is(err, ErrSuperseded) {
		t.Error(err)
	}
	if err := w.Point("a", 2, 2); !errors.Is(err, ErrSuperseded) {
		t.Error(err)
	}
	if err := w.Close(); !errors.Is(err, ErrSuperseded) {
		t.Error(err)
	}
	if got := events(t, dir); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	w := newWriter(full, t.TempDir(), 0)
	err = w.Start(Start{})
	if !errors.Is(err, syscall.ENOSPC) || err.Error() != "write journal: write /dev/full: no space left on device" {
		t.Error(err)
	}
	if again := w.Point("a", 1, 1); again != err {
		t.Error("the error did not stay:", again)
	}
	if last := w.Close(); last != err {
		t.Error(last)
	}
}

// TestBatchesAreWrittenBySelf waits for what nobody has asked to be written.
func TestBatchesAreWrittenBySelf(t *testing.T) {
	dir := attemptDir(t)
	w, err := Create(dir)
	must(t, err)
	defer w.Close()
	must(t, w.Point("a", 1, 1))
	deadline := time.Now().Add(10 * time.Second)
	for len(events(t, dir)) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("nothing was written")
		}
		time.Sleep(flushEvery / 10)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("00000000 {}\n"))
	f.Add(line(`{"q":1,"t":0,"k":"point","m":"a","s":1,"v":0.5}`))
	f.Add(append(line(`{"q":1,"t":0,"k":"note","note":{"key":"a","text":"b"}}`), "00"...))
	f.Add(line(`{"q":1,"t":0,"k":"rung","rung":{"rule":"asha","metric":"a","rung":3,"step":4,"value":"NaN","threshold":null,"stop":true}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(from Position, data []byte) (Position, int) {
			n := 0
			at, err := readFrom(bufio.NewReaderSize(bytes.NewReader(data[from.Offset:]), 16), "fuzz", from,
				func(e *Event) error { n++; return nil })
			var bad *BadLineError
			if err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
			return at, n
		}
		whole, n := read(Position{}, data)
		half, a := read(Position{}, data[:len(data)/2])
		again, b := read(half, data)
		if a+b != n || again != whole {
			t.Fatalf("in two parts %d+%d events up to %+v, at once %d up to %+v", a, b, again, n, whole)
		}
	})
}

// FuzzPoint compares the fast way to read a point with encoding/json.
func FuzzPoint(f *testing.F) {
	f.Add("loss", int64(3), 0.25)
	f.Add("a\"b\\\n\x00é\xff", int64(-1), math.MaxFloat64)
	f.Fuzz(func(t *testing.T, metric string, step int64, value float64) {
		w := &Writer{names: map[string][]byte{}}
		must(t, w.Point(metric, int(step), value))
		var e Event
		if reason := decode(w.buffer[:len(w.buffer)-1], &e, map[string]string{}); reason != "" {
			t.Fatalf("%s: %s", reason, w.buffer)
		}
		if e.Step != step || utf8.ValidString(metric) && e.Metric != metric {
			t.Errorf("%+v of %q %d", e, metric, step)
		}
		if got := float64(e.Value); math.Float64bits(got) != math.Float64bits(value) && !math.IsNaN(value) {
			t.Errorf("%v of %v", got, value)
		}
	})
}

func BenchmarkPoint(b *testing.B) {
	w, err := Create(attemptDir(b))
	must(b, err)
	for i := range b.N {
		must(b, w.Point("pretrain/loss", i, 1/float64(i+1)))
	}
	must(b, w.Close())
}

func BenchmarkRead(b *testing.B) {
	w := &Writer{names: map[string][]byte{}, file: nil}
	w.buffer = make([]byte, 0, flushSize)
	for i := range 500 {
		must(b, w.Point("pretrain/loss", i, 1/float64(i+1)))
	}
	data := bytes.Clone(w.buffer)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		at, err := readFrom(bufio.NewReader(io.NopCloser(bytes.NewReader(data))), "bench", Position{}, func(*Event) error { return nil })
		if err != nil || at.Seq != 500 {
			b.Fatal(at, err)
		}
	}
	b.ReportMetric(500*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
