package cli

import (
	"context"
	"os"
	"strings"
	"testing"

	"harness/model"
	"harness/model/dataset"
	"harness/model/spec"
)

// TestImagesOf reads the images of a pair; where one cannot be decoded and its study has no other, that is said.
func TestImagesOf(t *testing.T) {
	ctx := context.Background()
	var trial spec.Trial
	trial.Data.Source, trial.Data.Synthetic = spec.SourceSynthetic, spec.Synthetic{Patients: 8, Seed: 2}
	set, err := model.OpenData(ctx, trial, t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	pair := set.Pairs[0]
	sources, err := imagesOf(ctx, set, pair.ID)
	if err != nil {
		t.Fatal(err)
	}
	for k, i := range []int{pair.Ref, pair.Main} {
		from, got := set.Images[i], sources[k]
		if got.ID != from.ID || got.Width != from.Width || got.Height != from.Height || len(got.All) != len(from.Regions) || got.Bins != dataset.Bins {
			t.Errorf("image %d: %s %dx%d with %d regions", k, got.ID, got.Width, got.Height, len(got.All))
		}
		if size := got.Pixels.Bounds().Size(); max(size.X, size.Y) > longestSide {
			t.Errorf("image %d has %v pixels", k, size)
		}
	}
	if _, err := imagesOf(ctx, set, "none"); err == nil || !strings.Contains(err.Error(), "pair none: data set ") {
		t.Errorf("a pair that is not there: %v", err)
	}
	path := set.Images[pair.Main].Path
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)/3], 0o644); err != nil {
		t.Fatal(err)
	}
	if moved, err := imagesOf(ctx, set, pair.ID); err == nil && moved[1].ID == set.Images[pair.Main].ID || err != nil && !strings.Contains(err.Error(), "no usable images") {
		t.Errorf("half an image: %v", err)
	}
}
