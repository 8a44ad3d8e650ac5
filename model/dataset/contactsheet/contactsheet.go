// Package contactsheet draws samples of a data set on one picture, for a person to look at: each image as the model sees
// it, the boxes of some of its regions with their phrases, the findings of its study, and one difference question about it.
//
// Draw chooses the images and places the tiles; tile.go draws one. It reads the set only through package dataset, so what
// it shows is what training gets, from real and synthetic roots alike.
package contactsheet

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"harness/model/dataset"
)

// Options choose what is drawn. Every field is needed.
type Options struct {
	Count int   // images, at least 1; fewer are drawn if the set has fewer
	Size  int   // side of an image in the pixels that the model sees, 16 to 1024
	Seed  int64 // which images and which regions
}

// Colours of the sheet.
var (
	background = color.RGBA{0, 0, 0, 255}
	ink        = color.RGBA{235, 235, 235, 255}
	faint      = color.RGBA{150, 150, 150, 255}
	boxColours = []color.RGBA{{255, 92, 92, 255}, {86, 180, 233, 255}, {240, 228, 66, 255}, {0, 190, 140, 255}, {230, 159, 0, 255}, {204, 121, 200, 255}}
)

// sample is one image of the sheet with what is written below it.
type sample struct {
	image   *dataset.Image
	pixels  []byte // [size*size]
	regions []dataset.Region
	title   string
	notes   []string // findings, question and answer
}

// Draw returns the sheet. Images that cannot be decoded are shown black, with a note. Errors name the data set.
func Draw(ctx context.Context, set *dataset.Set, o Options) (image.Image, error) {
	if o.Count < 1 || o.Size < 16 || o.Size > 1024 {
		return nil, fmt.Errorf("contact sheet of %d images of %d pixels: want at least 1 image, 16 to 1024 pixels", o.Count, o.Size)
	}
	samples, err := choose(ctx, set, o)
	if err != nil {
		return nil, err
	}
	tiles := make([]*tile, len(samples))
	for i := range samples {
		tiles[i] = newTile(&samples[i], o.Size)
	}
	columns := min(len(tiles), int(math.Round(math.Sqrt(float64(len(tiles))*1.4))))
	return arrange(tiles, columns, set.Synthetic), nil
}

// choose picks the images and their regions, and reads the pixels the way training does.
func choose(ctx context.Context, set *dataset.Set, o Options) ([]sample, error) {
	if len(set.Images) == 0 {
		return nil, fmt.Errorf("data set %s: no usable image", set.Root)
	}
	findings, err := set.Findings()
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(uint64(o.Seed), 0))
	picked := r.Perm(len(set.Images))[:min(o.Count, len(set.Images))]
	slices.Sort(picked)

	few := *set // the same set with the picked images only, so that no other pixels are read
	few.Images = make([]dataset.Image, len(picked))
	for k, i := range picked {
		few.Images[k] = set.Images[i]
	}
	cache, err := os.MkdirTemp("", "harness-sheet-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(cache)
	pixels, err := few.OpenPixels(ctx, o.Size, cache, nil)
	if err != nil {
		return nil, err
	}
	defer pixels.Close()

	samples := make([]sample, len(picked))
	for k, i := range picked {
		img := &few.Images[k]
		s := sample{image: img, pixels: slices.Clone(pixels.Row(k)), regions: someRegions(r, img.Regions)}
		s.title = fmt.Sprintf("study %s  %s  %dx%d  %s", img.Study, img.View, img.Width, img.Height, img.Split)
		if slices.Contains(pixels.Failed(), k) {
			s.notes = append(s.notes, "cannot be decoded")
		}
		if names, ok := findings[img.Study]; ok {
			s.notes = append(s.notes, findingsNote(names))
		}
		if q := changeAbout(set, i); q != nil {
			s.notes = append(s.notes, fmt.Sprintf("since study %s: %s", set.Images[q.Ref].Study, q.Answer))
		}
		samples[k] = s
	}
	return samples, nil
}

// someRegions picks as many regions as there are colours, in their usual order.
func someRegions(r *rand.Rand, all []dataset.Region) []dataset.Region {
	some := r.Perm(len(all))[:min(len(boxColours), len(all))]
	slices.Sort(some)
	regions := make([]dataset.Region, len(some))
	for k, i := range some {
		regions[k] = all[i]
	}
	return regions
}

func findingsNote(names []string) string {
	if len(names) == 0 {
		return "findings: none"
	}
	text := "findings: " + names[0]
	for _, name := range names[1:] {
		text += ", " + name
	}
	return text
}

// changeAbout returns the first difference question whose main image is i, nil if there is none.
func changeAbout(set *dataset.Set, i int) *dataset.Pair {
	for k := range set.Pairs {
		if set.Pairs[k].Main == i {
			return &set.Pairs[k]
		}
	}
	return nil
}

// arrange places the tiles in rows, each row as high as its highest tile, under a heading.
func arrange(tiles []*tile, columns int, heading string) image.Image {
	const gap = 8
	width := columns*(tiles[0].width+gap) + gap
	top := gap
	if heading != "" {
		top += lineHeight + gap
	}
	height := top
	for row := range slices.Chunk(tiles, columns) {
		height += highest(row) + gap
	}
	sheet := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(background), image.Point{}, draw.Src)
	if heading != "" {
		writeText(sheet, gap, gap, heading, ink)
	}
	y := top
	for row := range slices.Chunk(tiles, columns) {
		for i, c := range row {
			c.draw(sheet, image.Pt(gap+i*(c.width+gap), y))
		}
		y += highest(row) + gap
	}
	return sheet
}

func highest(row []*tile) int {
	h := 0
	for _, c := range row {
		h = max(h, c.height)
	}
	return h
}
