package contactsheet

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/model/dataset"
	"harness/model/dataset/synthetic"
)

func openSmall(t *testing.T) *dataset.Set {
	t.Helper()
	p := synthetic.Default()
	p.Patients, p.Laterals = 3, 0
	root := filepath.Join(t.TempDir(), "set")
	if err := synthetic.Write(t.Context(), root, p, nil); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(t.Context(), root, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// The sheet of a seed is always the same, another seed's differs, and boxes are drawn in colour over the gray images.
func TestDraw(t *testing.T) {
	set := openSmall(t)
	draw := func(o Options) *image.RGBA {
		sheet, err := Draw(t.Context(), set, o)
		if err != nil {
			t.Fatal(err)
		}
		return sheet.(*image.RGBA)
	}
	a, b := draw(Options{Count: 2, Size: 224, Seed: 1}), draw(Options{Count: 2, Size: 224, Seed: 1})
	if string(a.Pix) != string(b.Pix) {
		t.Error("one seed gives two sheets")
	}
	if c := draw(Options{Count: 2, Size: 224, Seed: 2}); string(a.Pix) == string(c.Pix) {
		t.Error("two seeds give one sheet")
	}
	if w := a.Rect.Dx(); w != 2*448+3*8 {
		t.Errorf("sheet is %d pixels wide: images of 224 pixels are shown doubled, two beside each other", w)
	}
	coloured := 0
	for i := 0; i < len(a.Pix); i += 4 {
		if a.Pix[i] != a.Pix[i+1] {
			coloured++
		}
	}
	if coloured < 1000 {
		t.Errorf("%d coloured pixels: no boxes are drawn", coloured)
	}
	if all := draw(Options{Count: 100, Size: 64, Seed: 1}); all.Rect.Empty() {
		t.Error("a sheet of more images than there are is empty")
	}
}

// An image that broke after the set was opened is shown as such.
func TestDrawBrokenImage(t *testing.T) {
	set := openSmall(t)
	set.Images = set.Images[:1]
	if err := os.Truncate(set.Images[0].Path, 3000); err != nil {
		t.Fatal(err)
	}
	samples, err := choose(t.Context(), set, Options{Count: 1, Size: 64, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(samples[0].notes, "\n"); !strings.Contains(notes, "cannot be decoded") {
		t.Errorf("notes %q do not mention the broken image", notes)
	}
}

func TestDrawRefuses(t *testing.T) {
	for _, o := range []Options{{Count: 0, Size: 224}, {Count: 1, Size: 4}, {Count: 1, Size: 5000}} {
		if _, err := Draw(t.Context(), &dataset.Set{}, o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if _, err := Draw(t.Context(), &dataset.Set{Root: "x"}, Options{Count: 1, Size: 224}); err == nil || !strings.Contains(err.Error(), "no usable image") {
		t.Errorf("an empty set: %v", err)
	}
}

func TestTileWrapsText(t *testing.T) {
	c := &tile{width: 70}
	c.write("one two three four", ink)
	for _, l := range c.lines {
		if len(l.text) > 10 {
			t.Errorf("line %q is wider than the tile", l.text)
		}
	}
	if len(c.lines) != 3 {
		t.Errorf("%d lines, want 3: %v", len(c.lines), c.lines)
	}
}
