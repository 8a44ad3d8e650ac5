package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recordedFile is the path of a file in testdata/metrics.
func recordedFile(t testing.TB, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "testdata", "metrics"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// raw returns the bytes of a safetensors file with the given header and data.
func raw(header string, data ...byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), data...)
}

func writeTemp(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSaveLoad(t *testing.T) {
	long := make([]float32, 300_000) // more than one buffer
	for i := range long {
		long[i] = float32(i) * 0.37
	}
	tensors := []Named{
		{Name: "b", Shape: []int{2, 3}, F32: []float32{1, -2, 3.5, float32(math.Inf(1)), 0, -0.25}},
		{Name: "a", Shape: []int{}, I64: []int64{math.MinInt64}},
		{Name: "bytes", Shape: []int{3}, U8: []byte{0, 127, 255}},
		{Name: "ids", Shape: []int{2}, I32: []int32{math.MinInt32, math.MaxInt32}},
		{Name: "long", Shape: []int{3, 100_000}, F32: long},
		{Name: "empty", Shape: []int{0, 4}},
	}
	meta := map[string]string{"step": "12", "a \"quoted\" key": "line\nbreak"}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := Save(path, tensors, meta); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(path, tensors, meta); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(path); !cmp.Equal(first, second) {
		t.Error("two saves of the same tensors differ")
	}
	if n := binary.LittleEndian.Uint64(first); n%8 != 0 {
		t.Errorf("the data begins at %d, not aligned", 8+n)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if diff := cmp.Diff(meta, f.Meta()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a", "b", "bytes", "empty", "ids", "long"}, f.Names()); diff != "" {
		t.Error(diff)
	}
	for _, want := range tensors {
		got := Named{Name: want.Name, Shape: f.Shape(want.Name)}
		var err error
		switch {
		case want.I32 != nil:
			got.I32, err = f.I32(want.Name)
		case want.I64 != nil:
			got.I64, err = f.I64(want.Name)
		case want.U8 != nil:
			got.U8, err = f.U8(want.Name)
		default:
			got.F32, err = f.F32(want.Name)
			if want.F32 == nil {
				want.F32 = []float32{}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSaveRefuses(t *testing.T) {
	for name, tensors := range map[string][]Named{
		"shape":     {{Name: "x", Shape: []int{2}, F32: []float32{1}}},
		"two kinds": {{Name: "x", Shape: []int{1}, F32: []float32{1}, I32: []int32{1}}},
		"twice":     {{Name: "x", Shape: []int{1}, F32: []float32{1}}, {Name: "x", Shape: []int{1}, F32: []float32{1}}},
		"encoding":  {{Name: "x\xff", Shape: []int{1}, F32: []float32{1}}},
		"reserved":  {{Name: "__metadata__", Shape: []int{1}, F32: []float32{1}}},
	} {
		path := filepath.Join(t.TempDir(), "x")
		if err := Save(path, tensors, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: wrote a file", name)
		}
	}
	if err := Save(filepath.Join(t.TempDir(), "x"), nil, map[string]string{"key": "\xff"}); err == nil {
		t.Error("accepted metadata that is not UTF-8")
	}
	if err := Save(filepath.Join(t.TempDir(), "none", "x"), nil, nil); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("saved into a folder that is not there: %v", err)
	}
}

// A checkout without git lfs leaves pointers in the place of weights.
func TestLoadNamesLFSPointers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	text := "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("0", 64) + "\nsize 548105171\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, load := range []func(string) (*File, error){Load, LoadTorch} {
		if _, err := load(path); err == nil || !strings.Contains(err.Error(), "git lfs pull") {
			t.Errorf("error %v", err)
		}
	}
}

// An interrupted save must leave the old file as it was.
func TestSaveKeepsTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := Save(path, []Named{{Name: "x", Shape: []int{1}, F32: []float32{7}}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := Save(path, []Named{{Name: "x", Shape: []int{9}, F32: []float32{8}}}, nil); err == nil {
		t.Fatal("accepted a wrong shape")
	}
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := f.F32("x"); err != nil || got[0] != 7 {
		t.Errorf("got %v, %v", got, err)
	}
}

// A write that fails midway, as on a full disk, must leave the old file and nothing else.
func TestReplaceFileFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	err := replaceFile(path, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 3<<20)); err != nil {
			return err
		}
		return full
	}, nil)
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("the old file holds %q, %v", got, err)
	}
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
		t.Errorf("left behind: %v, %v", all, err)
	}
}

// A file of the first release stays readable, and is still what Save writes.
func TestFirstRelease(t *testing.T) {
	old := filepath.Join("testdata", "release1.safetensors")
	f, err := Load(old)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := []Named{
		{Name: "step", Shape: f.Shape("step")},
		{Name: "encoder.norm.weight", Shape: f.Shape("encoder.norm.weight")},
		{Name: "rng", Shape: f.Shape("rng")},
	}
	for i, read := range []func() error{
		func() (err error) { got[0].I64, err = f.I64("step"); return err },
		func() (err error) { got[1].F32, err = f.F32("encoder.norm.weight"); return err },
		func() (err error) { got[2].U8, err = f.U8("rng"); return err },
	} {
		if err := read(); err != nil {
			t.Errorf("%s: %v", got[i].Name, err)
		}
	}
	want := []Named{
		{Name: "step", Shape: []int{}, I64: []int64{1500}},
		{Name: "encoder.norm.weight", Shape: []int{2, 2}, F32: []float32{1, -0.5, 0.25, 3}},
		{Name: "rng", Shape: []int{3}, U8: []byte{1, 2, 255}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	fresh := filepath.Join(t.TempDir(), "x")
	if err := Save(fresh, want, map[string]string{"format": "1"}); err != nil {
		t.Fatal(err)
	}
	oldBytes, oldErr := os.ReadFile(old)
	freshBytes, freshErr := os.ReadFile(fresh)
	if oldErr != nil || freshErr != nil || !bytes.Equal(oldBytes, freshBytes) {
		t.Errorf("Save writes other bytes than in the first release (%v, %v)", oldErr, freshErr)
	}
}

func BenchmarkSaveLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x")
	tensors := []Named{{Name: "x", Shape: []int{1 << 22}, F32: make([]float32, 1<<22)}}
	b.SetBytes(1 << 24)
	for b.Loop() {
		if err := Save(path, tensors, nil); err != nil {
			b.Fatal(err)
		}
		f, err := Load(path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.F32("x"); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

func TestConversions(t *testing.T) {
	head := `{"h":{"dtype":"F16","shape":[6],"data_offsets":[0,12]},` +
		`"b":{"dtype":"BF16","shape":[2],"data_offsets":[12,16]},` +
		`"d":{"dtype":"F64","shape":[1],"data_offsets":[16,24]},` +
		`"i":{"dtype":"I64","shape":[1],"data_offsets":[24,32]},` +
		`"t":{"dtype":"BOOL","shape":[2],"data_offsets":[32,34]},` +
		`"f8":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[34,36]}}`
	var data []byte
	for _, h := range []uint16{0x3c00, 0xc000, 0x0001, 0x8000, 0x7bff, 0x7c00, 0x3f80, 0xc020} {
		data = binary.LittleEndian.AppendUint16(data, h)
	}
	data = binary.LittleEndian.AppendUint64(data, math.Float64bits(0.1))
	data = binary.LittleEndian.AppendUint64(data, 1<<33)
	data = append(data, 1, 0, 9, 9)
	f, err := Load(writeTemp(t, raw(head, data...)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string][]float32{
		"h": {1, -2, 1.0 / (1 << 24), float32(math.Copysign(0, -1)), 65504, float32(math.Inf(1))},
		"b": {1, -2.5},
		"d": {0.1},
	} {
		got, err := f.F32(name)
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, want)
		}
	}
	if got, err := f.I32("t"); err != nil || !cmp.Equal(got, []int32{1, 0}) {
		t.Errorf("t: %v, %v", got, err)
	}
	if _, err := f.I32("i"); err == nil {
		t.Error("an I64 beyond 32 bits was cut")
	}
	if f.Has("f8") {
		t.Error("a tensor of an unknown type is listed")
	}
	if _, err := f.F32("f8"); err == nil || !strings.Contains(err.Error(), `tensor "f8" holds F8_E4M3, want one of`) {
		t.Errorf("a tensor of an unknown type: %v", err)
	}
	for _, name := range []string{"i", "nothing"} {
		if _, err := f.F32(name); err == nil {
			t.Errorf("%s: read as floats", name)
		}
	}
}

func TestHalfAgainstDefinition(t *testing.T) {
	for h := range 1 << 16 {
		sign, exponent, fraction := h>>15, h>>10&31, h&1023
		want := math.Ldexp(1+float64(fraction)/1024, exponent-15)
		if exponent == 0 {
			want = math.Ldexp(float64(fraction), -24)
		} else if exponent == 31 {
			want = math.Inf(1)
			if fraction != 0 {
				want = math.NaN()
			}
		}
		if sign == 1 {
			want = -want
		}
		if got := float64(halfToFloat(uint16(h))); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%#04x: got %g, want %g", h, got, want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	tensor := `{"x":{"dtype":"F32","shape":[%s],"data_offsets":[%d,%d]}}`
	cases := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "not a safetensors file"},
		{"short", []byte{1, 2, 3}, "not a safetensors file"},
		{"forged header length", binary.LittleEndian.AppendUint64(nil, 1<<62), "not a safetensors file, or truncated"},
		{"not json", raw("hello"), "header"},
		{"an array", raw("[1]"), "header"},
		{"truncated data", raw(fmt.Sprintf(tensor, "4", 0, 16), 1, 2, 3), "truncated"},
		{"more data", raw(fmt.Sprintf(tensor, "1", 0, 4), 1, 2, 3, 4, 5), "5 bytes of data"},
		{"forged shape", raw(fmt.Sprintf(tensor, "4611686018427387905", 0, 4), 1, 2, 3, 4), "does not fill"},
		{"overflowing shape", raw(fmt.Sprintf(tensor, "4294967296,4294967296", 0, 0)), "does not fill"},
		{"negative shape", raw(fmt.Sprintf(tensor, "-1,-1", 0, 4), 1, 2, 3, 4), "does not fill"},
		{"backward offsets", raw(fmt.Sprintf(tensor, "1", 4, 0), 1, 2, 3, 4), "bad data_offsets"},
		{"gap", raw(fmt.Sprintf(tensor, "1", 4, 8), 1, 2, 3, 4, 5, 6, 7, 8), "begins at byte 4"},
		{"no offsets", raw(`{"x":{"dtype":"F32","shape":[1]}}`), "bad data_offsets"},
		{"overlap", raw(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 1, 2, 3, 4, 5, 6), "begins at byte 2"},
		{"metadata of numbers", raw(`{"__metadata__":{"a":1}}`), "__metadata__"},
	}
	for _, c := range cases {
		path := writeTemp(t, c.data)
		_, err := Load(path)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		if text := err.Error(); !strings.HasPrefix(text, path) || !strings.Contains(text, c.want) || strings.Contains(text, "\n") {
			t.Errorf("%s: %q does not say %q", c.name, text, c.want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file was opened")
	}
}

// Every prefix of a good file must be refused.
func TestLoadTruncated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := Save(path, []Named{{Name: "x", Shape: []int{5}, F32: make([]float32, 5)}}, map[string]string{"k": "v"}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := Load(writeTemp(t, whole[:n])); err == nil {
			t.Errorf("a file cut to %d of %d bytes was accepted", n, len(whole))
		}
	}
}

func TestLoadPublished(t *testing.T) {
	f, err := Load(recordedFile(t, "tiny_gpt2", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.Shape("transformer.wte.weight"); !cmp.Equal(got, []int{300, 32}) {
		t.Errorf("wte: %v", got)
	}
	mask, err := f.U8("transformer.h.0.attn.bias")
	if err != nil || len(mask) != 64*64 || mask[0] != 1 || mask[1] != 0 {
		t.Errorf("causal mask: %d values, %v", len(mask), err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(raw(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 1, 2, 3, 4))
	f.Add(raw(`{"__metadata__":{"a":"b"},"x":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}`, 1, 2))
	f.Add(raw(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Load(writeTemp(t, data))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of two lines: %q", err)
			}
			return
		}
		defer file.Close()
		readAll(t, file, len(data))
	})
}

// readAll reads every tensor of an opened file, whose values cannot be more than its bytes.
func readAll(t *testing.T, file *File, size int) {
	for _, name := range file.Names() {
		var n int
		var err error
		if values, ferr := file.F32(name); ferr == nil {
			n = len(values)
		} else {
			var whole []int64
			whole, err = file.I64(name)
			n = len(whole)
		}
		if err != nil {
			t.Errorf("listed but unreadable: %v", err)
		}
		if n > size {
			t.Errorf("%q: %d values from %d bytes", name, n, size)
		}
	}
}
