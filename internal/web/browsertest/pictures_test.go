package browsertest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var (
	shots        = flag.String("shots", "", "TestShots writes a picture of every view into this folder")
	shotsOf      = flag.String("shots-of", "", "only views whose name contains this")
	pictures     = flag.String("pictures", "", "TestPictures writes the pictures of the README into this folder: make page-pictures")
	picturesHome = flag.String("pictures-home", "", "the home of the sweep ablation that the pictures show")
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
