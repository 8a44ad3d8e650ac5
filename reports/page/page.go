// Package page is what pages are made of that show results in a browser: the server of "harness serve" and the one file of
// "harness report --format html" share it.
//
//	Asset         style sheets, scripts and the charting library by name, each with the digest of its bytes
//	Curves        a metric over the steps of training, a line a row, a band over seeds
//	System        what a trial used of the machine, over the seconds since it started
//	Forest        the difference of each row from its baseline, with the interval of its test
//	Seeds         every seed a point, with mean and interval
//	Parallel      a line a row through all parameters to a metric
//
// A chart is a value that is written as JSON and drawn by assets/charts: numbers are those of the table and of the registry, what is not
// a number is null and said in Notes, names are text. What is computed here and in package plots is computed once, in package reports.
//
// The charting library is ECharts, cut down to what is used (library/). Of the three that were weighed it alone has parallel coordinates
// with brushes, shapes of one's own for bands and intervals, and a second renderer that writes SVG for downloads, in one file that needs
// neither inline styles nor eval: 552 kB, 186 kB compressed. uPlot is a tenth of that (51 kB) and draws long lines fastest, but has no
// parallel coordinates, no SVG and one kind of chart; lines here have at most some hundred positions. Observable Plot with the parts of
// D3 that it needs is 490 kB, draws SVG only, and has neither zoom nor brushes. Zoom, legends, values at the pointer and the keyboard are
// our own, since they must show untrusted names as text.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed assets
var files embed.FS

// chartScripts are the parts of charts.js in their order: one closure, so that a page has one script to ask for.
var chartScripts = []string{"numbers", "state", "axes", "curves", "forest", "seeds", "parallel", "download", "table", "figure"}

// Asset is one file that a page refers to.
type Asset struct {
	Name   string
	Bytes  []byte
	Digest string // of its bytes, hexadecimal: in the address, so that a browser may keep it for ever
}

// assets are all files by name.
var assets = sync.OnceValue(func() map[string]Asset {
	all := map[string]Asset{}
	put := func(name string, content []byte) {
		sum := sha256.Sum256(content)
		all[name] = Asset{name, content, hex.EncodeToString(sum[:8])}
	}
	var charts bytes.Buffer
	charts.WriteString("(function () {\n'use strict';\n")
	for _, name := range chartScripts {
		charts.Write(read("assets/charts/" + name + ".js"))
	}
	charts.WriteString("})();\n")
	put("charts.js", charts.Bytes())
	entries, err := files.ReadDir("assets")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, e := range entries {
		if !e.IsDir() {
			put(e.Name(), read("assets/"+e.Name()))
		}
	}
	return all
})

func read(name string) []byte {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		panic(err) // it is embedded
	}
	return content
}

// Lookup finds an asset by name.
func Lookup(name string) (Asset, bool) {
	a, ok := assets()[name]
	return a, ok
}

// Assets lists the names of all assets.
func Assets() []string {
	var names []string
	for name := range assets() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Type is the media type of an asset.
func (a Asset) Type() string {
	switch path.Ext(a.Name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "text/plain; charset=utf-8"
}

// Scripts are the assets that a page with charts loads, in their order.
func Scripts() []string { return []string{"echarts.js", "charts.js"} }

// Inline is a script or a style sheet as it may stand inside of an element of a page.
func (a Asset) Inline() (string, error) {
	text := string(a.Bytes)
	for _, end := range []string{"</script", "</style", "<!--"} {
		if strings.Contains(strings.ToLower(text), end) {
			return "", fmt.Errorf("%s holds %q: it would end the element that it stands in", a.Name, end)
		}
	}
	return text, nil
}
