package checkpoint

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Positions are resized as transformers resizes those of a SigLIP (testdata/bicubic.py).
func TestResizeGrid(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "bicubic.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		From, To int
		Out      []float64
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 5 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		table := make([]float32, c.From*c.From*2)
		for i := range table {
			table[i] = float32(math.Sin(float64(i)))
		}
		got := ResizeGrid(table, c.From, c.To, 2)
		if len(got) != len(c.Out) {
			t.Fatalf("%d to %d: %d values, want %d", c.From, c.To, len(got), len(c.Out))
		}
		for i, want := range c.Out {
			if math.Abs(float64(got[i])-want) > 1e-5 {
				t.Fatalf("%d to %d: value %d is %v, want %v", c.From, c.To, i, got[i], want)
			}
		}
		if diff := cmp.Diff(table, ResizeGrid(table, c.From, c.From, 2)); diff != "" {
			t.Errorf("the same grid of %d: %s", c.From, diff)
		}
	}
}
