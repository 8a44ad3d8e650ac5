package corpus

import (
	"slices"
	"testing"
)

func TestAveraged(t *testing.T) {
	// 4 by 4 pixels: cells of 2 by 2
	pixels := []byte{
		0, 0, 255, 255,
		0, 0, 255, 255,
		255, 0, 51, 51,
		0, 255, 51, 51,
	}
	if got, want := averaged(pixels, 4, 2), []float32{-1, 1, 0, -0.6}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// three cells a side of four pixels: the last covers two
	if got, want := averaged(pixels, 4, 3), []float32{-1, -1, 1, -1, -1, 1, 0, 0, -0.6}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := averaged(pixels, 4, 56); len(got) != 16 || got[2] != 1 {
		t.Errorf("as many cells as pixels: got %v", got)
	}
}
