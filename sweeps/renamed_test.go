package sweeps

import (
	"slices"
	"testing"
)

// pretrain.images is what pretrain.batch was called: files and --set of that time give the same trials.
func TestImagesIsBatch(t *testing.T) {
	ids := func(text string, sets ...string) []string {
		t.Helper()
		s, err := Parse("x.yaml", []byte("version: 1\nname: x\nseeds: [0]\n"+text))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Override("", sets); err != nil {
			t.Fatal(err)
		}
		plan, err := s.Expand(nil)
		if err != nil {
			t.Fatal(err)
		}
		return plan.IDs()
	}
	own := ids("base: {preset: smoke}\n")
	want := ids("base: {preset: smoke, pretrain: {batch: 3}}\n")
	if slices.Equal(want, own) {
		t.Fatal("the batch changes nothing: the test shows nothing")
	}
	for _, got := range [][]string{
		ids("base: {preset: smoke, pretrain: {images: 3}}\n"),
		ids("base: {preset: smoke, pretrain.images: 3}\n"),
		ids("base: {preset: smoke}\n", "pretrain.images=3"),
		ids("base: {preset: smoke}\nparameters:\n  pretrain.images: {values: [3]}\n"),
	} {
		if !slices.Equal(got, want) {
			t.Errorf("IDs %q, want %q", got, want)
		}
	}
}
