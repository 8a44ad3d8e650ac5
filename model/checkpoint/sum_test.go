package checkpoint

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// Any byte that is changed, and any cut, is noticed.
func TestCheckSum(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	tensors := []Named{{Name: "x", Shape: []int{40}, F32: make([]float32, 40)}, {Name: "y", Shape: []int{2}, I32: []int32{1, 2}}}
	if err := SaveSummed(path, tensors, map[string]string{"trial": `{"sha256":"x"}`}); err != nil {
		t.Fatal(err)
	}
	if summed, err := CheckSum(path); !summed || err != nil {
		t.Fatalf("an intact file: %v, %v", summed, err)
	}
	file, err := Load(path)
	if err != nil || file.Meta()["trial"] != `{"sha256":"x"}` {
		t.Fatalf("not read back: %v", err)
	}
	file.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(data []byte) bool {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		summed, err := CheckSum(path)
		if err != nil {
			return errors.Is(err, ErrDamaged)
		}
		if summed {
			return false
		}
		_, err = Load(path) // without the key there is no checksum: the rest is as it was, or does not load
		return err != nil || len(data) == len(whole)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		flipped := append([]byte(nil), whole...)
		flipped[r.IntN(len(whole))] ^= 1 << r.IntN(8)
		if !damaged(flipped) {
			t.Error("a flipped bit was not noticed")
		}
		if !damaged(whole[:r.IntN(len(whole))]) {
			t.Error("a cut was not noticed")
		}
	}
	if err := Save(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	if summed, err := CheckSum(path); summed || err != nil {
		t.Errorf("a file without a checksum: %v, %v", summed, err)
	}
	if err := SaveSummed(path, tensors, map[string]string{sumKey: "x"}); err == nil {
		t.Error("the checksum's key was taken for metadata")
	}
}
