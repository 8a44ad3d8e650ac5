package enginetest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"harness/model/engine"
)

// Reference is the folder of recorded states: $HARNESS_REFERENCE, or testdata/reference at the root.
func Reference(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("HARNESS_REFERENCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "testdata", "reference")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("no recorded states: %v", err)
	}
	return dir
}

// opCase is one operation of ops.json with the attributes that any of them has.
type opCase struct {
	Name         string
	Inputs       []string
	Heads        int
	Causal       bool
	KeyLengths   []int32 `json:"key_lengths"`
	Eps          float64
	IDs          []int32
	Labels       json.RawMessage
	Weights      []float32
	Smoothing    float64
	Loss         float64
	Grid         [2]int
	Boxes        [][4]float32
	Samples      int
	LR           float64
	Betas        [2]float64
	WeightDecay  float64 `json:"weight_decay"`
	MaxNorm      float64 `json:"max_norm"`
	Norm         float64
	Float32Error map[string]float64 `json:"float32_error"`
}

// readCases reads the operations of a reference folder and their tensors.
func readCases(t *testing.T, dir string) ([]opCase, map[string]engine.Tensor) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "ops", "ops.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []opCase
	if err := json.Unmarshal(text, &cases); err != nil {
		var wrapped struct{ Cases []opCase }
		if json.Unmarshal(text, &wrapped) != nil {
			t.Fatal(err)
		}
		cases = wrapped.Cases
	}
	if len(cases) == 0 {
		t.Fatal("ops.json names no case")
	}
	tensors, err := readTensors(filepath.Join(dir, "ops", "ops.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return cases, tensors
}

// readTensors reads the F32 tensors of a safetensors file.
func readTensors(path string) (map[string]engine.Tensor, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(file) < 8 || uint64(len(file)-8) < binary.LittleEndian.Uint64(file) {
		return nil, fmt.Errorf("%s: no safetensors file", path)
	}
	body := 8 + binary.LittleEndian.Uint64(file)
	var header map[string]json.RawMessage
	if err := json.Unmarshal(file[8:body], &header); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	tensors := map[string]engine.Tensor{}
	for name, entry := range header {
		var e struct {
			Dtype   string
			Shape   []int
			Offsets [2]uint64 `json:"data_offsets"`
		}
		if json.Unmarshal(entry, &e) != nil || e.Dtype != "F32" {
			continue
		}
		data := make([]float32, engine.Size(e.Shape))
		for i := range data {
			data[i] = math.Float32frombits(binary.LittleEndian.Uint32(file[body+e.Offsets[0]+4*uint64(i):]))
		}
		tensors[name] = engine.Floats(data, e.Shape...)
	}
	return tensors, nil
}

// distance is max |got - want| / max |want|.
func distance(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var apart, largest float64
	for i, w := range want {
		d := math.Abs(float64(got[i]) - float64(w))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		apart = max(apart, d)
		largest = max(largest, math.Abs(float64(w)))
	}
	if largest == 0 {
		return apart
	}
	return apart / largest
}
