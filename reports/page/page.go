// Package page is what pages in a browser are made of: style sheets, scripts, the charting library, and the data of charts. The server
// (package internal/web) and the self-contained report use the same pieces.
//
//	Find          style sheets, scripts and the charting library by name, each with the digest of its bytes
//	Curves        a metric over the steps of training, a line a row, a band over seeds
//	System        what a trial used of the machine, over the seconds since it started
//	Forest        the difference of each row from its baseline, with the interval of its test
//	Seeds         every seed a point, with mean and interval
//	Parallel      a line a row through all parameters to a metric
//
// A chart is a value that is written as JSON and drawn by assets/charts: numbers are those of the table and of the registry, what is not
// a number is null and said in Notes, names are text. What package plots computes, too, is computed once, in package reports.
//
// The charting library is ECharts, cut down to what is used (folder library, "make page-library"). Of the three that were weighed it alone
// has parallel coordinates with brushes, shapes of one's own for bands and intervals, and a second renderer that writes SVG for downloads,
// in one file that needs neither inline styles nor eval: 515 kB, 176 kB compressed. uPlot has a tenth of that (51 kB) and draws long lines
// fastest, but no parallel coordinates, no SVG and one kind of chart; lines here have some hundred positions. Observable Plot with the D3
// that it needs has 490 kB, draws SVG only, and has neither zoom nor brushes. Zoom, legends, values at the pointer and the keyboard are our
// own (assets/charts), since they must show untrusted names as text.
//
// All of it is in the program: a page asks nothing of any other machine. Each subject has one style sheet and one script: base.css and
// app.js belong to every page, charts.css and charts.js to figures, and so on.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
)

//go:embed assets
var files embed.FS

// Asset is a file that pages refer to.
type Asset struct {
	Name string // such as base.css
	Type string // its media type
	Hash string // of Data, in hexadecimal, for an address that never means other bytes
	Data []byte
}

// mediaTypes are those of the assets, by what their names end in.
var mediaTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".svg": "image/svg+xml"}

// chartScripts are the parts of charts.js in their order: one closure, so that a page has one script to ask for.
var chartScripts = [...]string{"numbers", "state", "axes", "curves", "forest", "seeds", "parallel", "download", "figure", "tools", "pointer", "start"}

// ChartScripts are the scripts of a page with charts, in their order; ChartStyle is its style sheet.
var ChartScripts = []string{"echarts.js", "charts.js"}

// ChartStyle is the style sheet of charts.
const ChartStyle = "charts.css"

var assets = load()

func load() map[string]Asset {
	list, err := files.ReadDir("assets")
	if err != nil {
		panic(err) // the program was built without them
	}
	all := make(map[string]Asset, len(list))
	put := func(name string, data []byte) {
		sum := sha256.Sum256(data)
		all[name] = Asset{Name: name, Type: mediaTypes[path.Ext(name)], Hash: hex.EncodeToString(sum[:8]), Data: data}
	}
	for _, f := range list {
		if !f.IsDir() {
			put(f.Name(), read(f.Name()))
		}
	}
	var charts bytes.Buffer
	charts.WriteString("(function () {\n'use strict';\n")
	for _, name := range chartScripts {
		charts.Write(read("charts/" + name + ".js"))
	}
	charts.WriteString("})();\n")
	put("charts.js", charts.Bytes())
	return all
}

func read(name string) []byte {
	data, err := files.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // the program was built without it
	}
	return data
}

// Find is the asset of a name.
func Find(name string) (Asset, bool) {
	a, ok := assets[name]
	return a, ok
}

// Inline is a script or a style sheet as it may stand inside of an element of a page.
func (a Asset) Inline() (string, error) {
	text := string(a.Data)
	for _, end := range []string{"</script", "</style", "<!--"} {
		if strings.Contains(strings.ToLower(text), end) {
			return "", fmt.Errorf("asset %s: %q would end the element that it stands in", a.Name, end)
		}
	}
	return text, nil
}
