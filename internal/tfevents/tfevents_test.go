package tfevents

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// written is a file with scalars and hyperparameters.
func written(t testing.TB, points int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, 1000)
	if err := w.Start(SessionStart{Group: "row", Time: 1000, Params: []HParam{{"lr", json.Number("0.1")}, {"name", "a"}, {"on", true}, {"none", nil}}}); err != nil {
		t.Fatal(err)
	}
	for i := range points {
		w.Scalar("loss", int64(i), 1000+float64(i), 1/float32(1+i))
	}
	w.End(SessionEnd{Status: StatusSuccess, Time: 2000})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, data []byte) *Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.out.tfevents.1.host")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return &Reader{Path: path}
}

type read struct {
	scalars []Scalar
	steps   []int64
	start   *SessionStart
	end     *SessionEnd
}

func (r *read) take(e *Event) error {
	for _, s := range e.Scalars {
		r.scalars, r.steps = append(r.scalars, s), append(r.steps, e.Step)
	}
	if e.Start != nil {
		r.start = e.Start
	}
	if e.End != nil {
		r.end = e.End
	}
	return nil
}

func TestRoundTrip(t *testing.T) {
	r := write(t, written(t, 3))
	var got read
	if err := r.Read(got.take); err != nil {
		t.Fatal(err)
	}
	want := []Scalar{{"loss", 1}, {"loss", 0.5}, {"loss", float64(float32(1.0 / 3))}}
	if !reflect.DeepEqual(got.scalars, want) || !reflect.DeepEqual(got.steps, []int64{0, 1, 2}) {
		t.Errorf("%v at %v", got.scalars, got.steps)
	}
	wantStart := &SessionStart{Group: "row", Time: 1000, Params: []HParam{{"lr", json.Number("0.1")}, {"name", "a"}, {"on", true}}}
	if !reflect.DeepEqual(got.start, wantStart) {
		t.Errorf("%+v", got.start)
	}
	if got.end == nil || *got.end != (SessionEnd{StatusSuccess, 2000}) {
		t.Errorf("%+v", got.end)
	}
}

// TestGrows reads a file of which every prefix is there for a while: each event is read once, and none before it is whole.
func TestGrows(t *testing.T) {
	data := written(t, 5)
	r := write(t, nil)
	var got read
	for n := range len(data) + 1 {
		if err := os.WriteFile(r.Path, data[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := r.Read(got.take); err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	if len(got.scalars) != 5 || r.Offset != int64(len(data)) {
		t.Errorf("%d scalars, read up to %d of %d", len(got.scalars), r.Offset, len(data))
	}
}

// TestDamage flips each byte: what is read is the beginning of what was written, and the damage is found.
func TestDamage(t *testing.T) {
	data := written(t, 4)
	var whole read
	if err := write(t, data).Read(whole.take); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 0x40
		r := write(t, damaged)
		var got read
		err := r.Read(got.take)
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Offset > int64(i) {
			t.Fatalf("byte %d: %v", i, err)
		}
		if n := len(got.scalars); n > 0 && !reflect.DeepEqual(got.scalars, whole.scalars[:n]) {
			t.Fatalf("byte %d: %v", i, got.scalars)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		kind, bits uint64
		want       float64
	}{
		{typeHalf, 0x3c00, 1}, {typeHalf, 0xc000, -2}, {typeHalf, 1, math.Ldexp(1, -24)}, {typeHalf, 0x7c00, math.Inf(1)}, {typeHalf, 0xfc00, math.Inf(-1)},
		{typeHalf, 0x7bff, 65504}, {typeBfloat16, 0x3f80, 1}, {typeFloat, 0x3f800000, 1}, {typeInt32, 0xffffffff, -1}, {typeInt64, 7, 7}, {typeBool, 1, 1},
	} {
		if got, ok := number(test.kind, test.bits); !ok || got != test.want {
			t.Errorf("type %d of %x is %v, want %v", test.kind, test.bits, got, test.want)
		}
	}
	if got, ok := number(typeHalf, 0x7e00); !ok || !math.IsNaN(got) {
		t.Errorf("NaN is %v", got)
	}
	if _, ok := number(7, 0); ok {
		t.Error("a text is a number")
	}
}

// TestHole waits where a file shows zeros in the place of what was written.
func TestHole(t *testing.T) {
	data := written(t, 4)
	r := write(t, data)
	var got read
	for _, hole := range []int{100, 0} {
		shown := bytes.Clone(data)
		clear(shown[len(data)-hole:])
		_ = os.WriteFile(r.Path, shown, 0o644)
		err := r.Read(got.take)
		var corrupt *CorruptError
		if hole == 0 && err != nil || err != nil && !errors.As(err, &corrupt) {
			t.Fatal(err)
		}
	}
	if len(got.scalars) != 4 {
		t.Errorf("%d scalars", len(got.scalars))
	}
	r = write(t, append(data, make([]byte, 4096)...))
	got = read{}
	if err := r.Read(got.take); err != nil || len(got.scalars) != 4 || r.Offset != int64(len(data)) {
		t.Errorf("%v, %d scalars, up to %d", err, len(got.scalars), r.Offset)
	}
}

// TestLong steps over a record that is too long to look into.
func TestLong(t *testing.T) {
	data := written(t, 1)
	long := binary.LittleEndian.AppendUint64(nil, largest+1)
	long = binary.LittleEndian.AppendUint32(long, masked(long))
	long = append(long, make([]byte, largest+1+footerSize)...)
	r := write(t, append(long, data...))
	var got read
	if err := r.Read(got.take); err != nil || r.Passed != 1 || len(got.scalars) != 1 {
		t.Errorf("%v, %d passed over, %d scalars", err, r.Passed, len(got.scalars))
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		var corrupt *CorruptError
		err := write(t, data).Read(func(*Event) error { return nil })
		if err != nil && !errors.As(err, &corrupt) {
			t.Error(err)
		}
		var e Event // what checksums would keep away
		e.decode(data, map[string]string{"": hparamsPlugin})
	})
}

func BenchmarkRead(b *testing.B) {
	r := write(b, written(b, 1_000_000))
	for b.Loop() {
		n := 0
		r.Offset = 0
		if err := r.Read(func(e *Event) error { n += len(e.Scalars); return nil }); err != nil || n != 1_000_000 {
			b.Fatal(n, err)
		}
	}
}
