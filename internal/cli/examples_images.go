package cli

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"slices"

	"harness/metrics"
	"harness/model"
	"harness/model/dataset"
	"harness/model/dataset/radiograph"
	"harness/registry"
	"harness/reports"
	"harness/reports/examples"
	"harness/sweeps"
)

// longestSide bounds the pixels of an image in a picture of two.
const longestSide = 512

// illustrate adds the images of the pairs from the data of the trial whose boxes are drawn.
func illustrate(ctx context.Context, db *registry.DB, plan *sweeps.Plan, results reports.Results, e *examples.Examples) error {
	own := e.Illustrator()
	at := slices.IndexFunc(plan.Trials, func(t sweeps.Trial) bool { return t.ID == own })
	if at < 0 || plan.Trials[at].Spec.Command != "" {
		return withHint(fmt.Errorf("examples %s: the trials are those of a program: where its images are is not known", plan.Name),
			"--format text and --format markdown show no images")
	}
	result := results[own]
	set, err := model.OpenData(ctx, plan.Trials[at].Spec, db.Home, cmp.Or(result.Notes["data/hash"], result.DataHash))
	if err != nil {
		return withHint(fmt.Errorf("examples %s: images: %w", plan.Name, err), "--format text and --format markdown show no images")
	}
	return e.Illustrate(func(id string) ([2]examples.Source, error) { return imagesOf(ctx, set, id) })
}

// imagesOf reads the reference image and the main image of a pair. As in training, an image that cannot be decoded gives way to another
// one of its study.
func imagesOf(ctx context.Context, set *dataset.Set, id string) ([2]examples.Source, error) {
	var sources [2]examples.Source
	for {
		if ctx.Err() != nil {
			return sources, context.Cause(ctx)
		}
		pair, ok := pairOf(set, id)
		if !ok {
			return sources, fmt.Errorf("pair %s: data set %s has no usable images of it", id, set.Root)
		}
		var bad []int
		for k, i := range []int{pair.Ref, pair.Main} {
			pixels, err := radiograph.Read(set.Images[i].Path)
			if err != nil {
				bad = append(bad, i)
				continue
			}
			sources[k] = sourceOf(&set.Images[i], pixels)
		}
		if len(bad) == 0 {
			return sources, nil
		}
		set = set.Without(bad)
	}
}

func pairOf(set *dataset.Set, id string) (dataset.Pair, bool) {
	for _, p := range set.Pairs {
		if p.ID == id {
			return p, true
		}
	}
	return dataset.Pair{}, false
}

// sourceOf is an image with its regions; its pixels are made fewer where they are more than a picture can show.
func sourceOf(from *dataset.Image, pixels *image.Gray) examples.Source {
	s := examples.Source{Bins: dataset.Bins}
	s.ID, s.Width, s.Height, s.Pixels = from.ID, from.Width, from.Height, examples.Scaled(pixels, longestSide)
	for _, r := range from.Regions {
		s.All = append(s.All, examples.Region{Name: r.Name, Phrase: r.Phrase, Reference: metrics.Box(r.Box)})
	}
	return s
}
