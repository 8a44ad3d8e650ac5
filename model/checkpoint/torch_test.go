package checkpoint

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The fixtures were written by Python's own pickler, in protocols 2 (torch.save's) and 4.
func TestLoadTorch(t *testing.T) {
	for _, name := range []string{"torch_protocol2.bin", "torch_protocol4.bin"} {
		f, err := LoadTorch(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want := []string{"empty", "half", "ids", "mask", "parameter", "tied", "transposed", "weight"}
		if diff := cmp.Diff(want, f.Names()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, want := range []Named{
			{Name: "weight", Shape: []int{2, 3}, F32: []float32{0, 1, 2, 3, 4, 5}},
			{Name: "transposed", Shape: []int{3, 2}, F32: []float32{2, 5, 3, 6, 4, 7}},
			{Name: "tied", Shape: []int{1}, F32: []float32{7}},
			{Name: "half", Shape: []int{2}, F32: []float32{1.5, -2}},
			{Name: "parameter", Shape: []int{}, F32: []float32{-2.5}},
			{Name: "empty", Shape: []int{0, 3}, F32: []float32{}},
			{Name: "ids", Shape: []int{1, 2}, I64: []int64{-1, 1 << 40}},
			{Name: "mask", Shape: []int{2}, U8: []byte{1, 0}},
		} {
			got := Named{Name: want.Name, Shape: f.Shape(want.Name)}
			var err error
			switch {
			case want.I64 != nil:
				got.I64, err = f.I64(want.Name)
			case want.U8 != nil:
				got.U8, err = f.U8(want.Name)
			default:
				got.F32, err = f.F32(want.Name)
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: %v %s", name, err, diff)
			}
		}
	}
}

// archive returns a torch archive with the given pickle and eight float32 as storage 0.
func archive(t testing.TB, program string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range map[string]string{"archive/data.pkl": program, "archive/data/0": strings.Repeat("\x00\x00\x80\x3f", 8)} {
		m, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// str pickles a string, tensorOf a dictionary {"x": tensor} of storage 0.
func str(s string) string { return "X" + string([]byte{byte(len(s)), 0, 0, 0}) + s }

func tensorOf(key, size, offset, shape, strides string) string {
	storage := "(" + str("storage") + "ctorch\nFloatStorage\n" + str(key) + str("cpu") + size + "tQ"
	return "\x80\x02}" + str("x") + "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + "(" + shape + "t(" + strides + "t\x89}tRs."
}

func TestLoadTorchRefuses(t *testing.T) {
	good := tensorOf("0", "K\x08", "K\x00", "K\x02K\x04", "K\x04K\x01")
	if f, err := LoadTorch(writeTemp(t, archive(t, good))); err != nil {
		t.Fatalf("the good one: %v", err)
	} else if values, err := f.F32("x"); err != nil || len(values) != 8 || values[7] != 1 {
		t.Fatalf("the good one: %v, %v", values, err)
	}
	huge := "J\xff\xff\xff\x7f"
	for _, c := range []struct{ name, program, want string }{
		{"code", "\x80\x02cos\nsystem\n" + str("echo") + "\x85R.", `refused: "system" of module "os"`},
		{"code in protocol 4", "\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", `refused: "eval" of module "builtins"`},
		{"unknown storage", "\x80\x02ctorch\nComplexFloatStorage\n.", "ComplexFloatStorage"},
		{"instance", "\x80\x02(ios\nsystem\n.", "instruction 0x69"},
		{"empty", "", "truncated"},
		{"cut", good[:len(good)-20], "truncated"},
		{"forged string", "\x80\x02X\xff\xff\xff\xff", "truncated"},
		{"a list", "].", "not a dictionary"},
		{"no tensors", "}.", "no tensors"},
		{"empty stack", "R.", "the stack is empty"},
		{"no mark", "u.", "no mark"},
		{"memo", "h\x07.", "memo 7 is empty"},
		{"key", "}K\x01K\x02s.", "no tensors"},
		{"items of a string", str("a") + "K\x01K\x02s.", "not a dictionary"},
		{"other storage", tensorOf("9", "K\x08", "K\x00", "K\x08", "K\x01"), `no storage "9"`},
		{"path as storage", tensorOf("../x", "K\x08", "K\x00", "K\x08", "K\x01"), `no storage "../x"`},
		{"storage too long", tensorOf("0", "K\x09", "K\x00", "K\x08", "K\x01"), "want 9 elements"},
		{"forged size", tensorOf("0", huge, "K\x00", huge, "K\x01"), "want 2147483647 elements"},
		{"shape", tensorOf("0", "K\x08", "K\x00", "K\x09", "K\x01"), "does not fit"},
		{"expanded", tensorOf("0", "K\x08", "K\x00", huge+huge, "K\x00K\x00"), "does not fit"},
		{"strides", tensorOf("0", "K\x08", "K\x00", "K\x02K\x02", huge+"K\x01"), "strides"},
		{"offset", tensorOf("0", "K\x08", "K\x01", "K\x08", "K\x01"), "offset 1"},
		{"negative", tensorOf("0", "K\x08", "K\x00", "J\xff\xff\xff\xff", "K\x01"), "without storage, shape or strides"},
		{"ranks", tensorOf("0", "K\x08", "K\x00", "K\x02K\x02", "K\x01"), "without storage, shape or strides"},
	} {
		path := writeTemp(t, archive(t, c.program))
		_, err := LoadTorch(path)
		if err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v does not say %q", c.name, err, c.want)
		}
	}

	var compressed bytes.Buffer
	w := zip.NewWriter(&compressed)
	m, err := w.Create("a/data.pkl")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Write([]byte("}.")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"text":       {[]byte("hello"), "not a PyTorch archive"},
		"legacy":     {append(legacyMagic, 1, 2, 3), "before 1.6"},
		"compressed": {compressed.Bytes(), "compressed"},
		"cut":        {archive(t, good)[:200], "not a PyTorch archive"},
	} {
		if _, err := LoadTorch(writeTemp(t, c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
}

// What a training program saves keeps the tensors one level below; two models in one file are not chosen from.
func TestNestedState(t *testing.T) {
	inner := strings.TrimSuffix(strings.TrimPrefix(tensorOf("0", "K\x08", "K\x00", "K\x08", "K\x01"), "\x80\x02"), ".")
	f, err := LoadTorch(writeTemp(t, archive(t, "\x80\x02}("+str("epoch")+"K\x03"+str("state_dict")+inner+"u.")))
	if err != nil || !f.Has("x") {
		t.Errorf("a nested dictionary: %v", err)
	}
	for name, program := range map[string]string{
		"an unknown name": "\x80\x02}(" + str("ema") + inner + "u.",
		"two models":      "\x80\x02}(" + str("model") + inner + str("state_dict") + inner + "u.",
	} {
		if _, err := LoadTorch(writeTemp(t, archive(t, program))); err == nil || !strings.Contains(err.Error(), "no tensors at the top") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzUnpickle(f *testing.F) {
	f.Add(tensorOf("0", "K\x08", "K\x00", "K\x02K\x04", "K\x04K\x01"))
	f.Add("\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00}\x94(" + str("x") + "\x8a\x02\xff\x00u.")
	f.Fuzz(func(t *testing.T, program string) {
		file, err := LoadTorch(writeTemp(t, archive(t, program)))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of two lines: %q", err)
			}
			return
		}
		defer file.Close()
		readAll(t, file, 8+len(program))
	})
}

func FuzzLoadTorch(f *testing.F) {
	for _, name := range []string{"torch_protocol2.bin", "torch_protocol4.bin"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := LoadTorch(writeTemp(t, data))
		if err != nil {
			return
		}
		defer file.Close()
		readAll(t, file, len(data))
	})
}
