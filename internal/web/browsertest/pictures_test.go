package browsertest

import (
	"bytes"
	"cmp"
	"flag"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"harness/internal/web/fixture"
)

var (
	shots        = flag.String("shots", "", "TestShots writes a picture of every view into this folder")
	shotsOf      = flag.String("shots-of", "", "only views whose name contains this")
	pictures     = flag.String("pictures", "", "TestPictures writes the pictures of the README into this folder: make page-pictures")
	picturesHome = flag.String("pictures-home", "", "the home of the sweeps ablation and difference, which the pictures show")
)

// TestShots takes a picture of every view, wide, dark and narrow, for people to look at.
func TestShots(t *testing.T) {
	if *shots == "" {
		t.Skip("-shots DIR")
	}
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		t.Fatal(err)
	}
	h := home(t)
	s := serve(t, h)
	for _, v := range views(t, h) {
		if !strings.Contains(v.name, *shotsOf) {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			p := open(t, s.base)
			p.allowed[v.status] = true
			for ending, look := range map[string]func(){"light": func() { p.look(1280) }, "dark": func() { p.look(1280, "dark") }, "narrow": func() { p.look(390) }} {
				look()
				p.visit(v.path)
				p.whole()
				write(t, filepath.Join(*shots, strings.ReplaceAll(v.name, " ", "-")+"-"+ending+".png"), get(p, chromedp.FullScreenshot(100)))
			}
		})
	}
}

// TestPictures takes the three pictures of the README from a home in which two sweeps have run: ablation has the table and the charts, difference the answers.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("make page-pictures")
	}
	s := serve(t, &fixture.Home{Path: *picturesHome, Folder: *picturesHome, Harness: *harness})
	p := open(t, s.base)
	take := func(name, path string, height int64, prepare string) {
		t.Helper()
		p.look(1280)
		p.visit(path)
		p.whole()
		if prepare != "" {
			eval[bool](p, `(async () => { `+prepare+`; return true; })()`)
			p.settle()
		}
		p.do(chromedp.EmulateViewport(1280, height))
		p.settle()
		write(t, filepath.Join(*pictures, name+".png"), fewColours(t, get(p, chromedp.CaptureScreenshot())))
	}
	take("page-table", sweepPath("ablation"), 800, "")
	take("page-charts", sweepPath("ablation")+"/charts", 700, `
		const figure = name => [...document.querySelectorAll('figure[data-chart]')].find(f => f.dataset.name === name);
		const curves = figure('curves:pretrain/loss'), forest = figure('forest:probe/tokens/auc');
		if (!curves || !forest) throw new Error('the sweep has not both charts');
		const grid = document.querySelector('.chart-grid');
		for (const g of [...document.querySelectorAll('.chart-group h2')]) g.remove();
		grid.replaceChildren(curves, forest);
		for (const g of [...document.querySelectorAll('.chart-group')].slice(1)) g.remove();`)
	samples := sweepPath("difference") + "/samples?task=diffvqa&disagree=1"
	p.visit(samples)
	p.await("the images", `!document.querySelector('[data-samples-opening]')`)
	take("page-samples", samples, 860, `document.querySelector('[data-samples-boxes]').scrollIntoView()`)
	p.clean()
}

// whole scrolls through the page, so that what is drawn when it comes into view is there.
func (p *tab) whole() {
	p.t.Helper()
	eval[bool](p, `(async () => {
		for (let y = 0; y < Math.min(document.documentElement.scrollHeight, 6000); y += 600) { scrollTo(0, y); await new Promise(done => setTimeout(done, 60)); }
		scrollTo(0, 0);
		return true;
	})()`)
	p.settle()
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// fewColours is a picture with at most 256 colours: a third of the size, and the text stays sharp.
func fewColours(t *testing.T, data []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA {
		c := color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)
		for _, v := range []*uint8{&c.R, &c.G, &c.B} { // 32 levels, black and white among them
			*v = uint8((int(*v)*31 + 127) / 255 * 255 / 31)
		}
		return c
	}
	box := full.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	often := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(counts[b]-counts[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var colours color.Palette
	for _, c := range often[:min(256, len(often))] {
		colours = append(colours, c)
	}
	out := image.NewPaletted(box, colours)
	index := map[color.RGBA]uint8{}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := at(x, y)
			i, ok := index[c]
			if !ok {
				i = uint8(colours.Index(c))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
