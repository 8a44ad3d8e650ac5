package document

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/reports"
	"harness/reports/page"
	"harness/reports/plots"
)

// figure is one picture of the file: a still one, for print and for who has no script, and its interactive form where there is one.
type figure struct {
	ID, Title, About string
	Picture          template.HTMLAttr // src, an SVG; "" where there is none
	Kind             page.Kind         // "" of one that is only still
	Label            string
	Chart            template.JS // JSON
}

// size is how many bytes it adds, about.
func (f figure) size() int {
	return len(f.Picture) + len(f.Chart) + len(f.Title) + 2*len(f.About) + 500
}

// stillKinds are those of the still pictures of charts.
var stillKinds = map[page.Kind]plots.Kind{page.KindForest: plots.Forest, page.KindSeeds: plots.Seeds, page.KindParallel: plots.Parallel, page.KindCurves: plots.Curves}

// captions say what charts show.
var captions = map[page.Kind]string{page.KindForest: "%s: differences from the baseline", page.KindSeeds: "%s: every seed", page.KindParallel: "From the parameters to %s",
	page.KindCurves: "%s over the steps of training"}

// figures draws the pictures: the interactive charts in their order, and before the curves those pictures that are only still.
func (c Contents) figures() ([]figure, error) {
	var list, curves []figure
	for _, chart := range c.Charts {
		var of []reports.Curve
		for _, curve := range c.Curves {
			if curve.Metric == chart.Metric && chart.Kind == page.KindCurves {
				of = append(of, curve)
			}
		}
		still, err := c.still(of, plots.Options{Kinds: []plots.Kind{stillKinds[chart.Kind]}, Metrics: []string{chart.Metric}})
		if err != nil {
			return nil, err
		}
		one := figure{Title: escape.Line(c.Table.Name + ": " + chart.Label)}
		if len(still) > 0 {
			one = still[0]
		}
		one.Kind, one.Label, one.Chart = chart.Kind, escape.Line(fmt.Sprintf(captions[chart.Kind], chart.Label)), template.JS(chart.JSON)
		if chart.Kind == page.KindCurves {
			curves = append(curves, one)
		} else {
			list = append(list, one)
		}
	}
	kinds := []plots.Kind{plots.Axis, plots.Bars}
	if len(c.Charts) == 0 {
		kinds = []plots.Kind{plots.Forest, plots.Axis, plots.Bars, plots.Curves}
	}
	still, err := c.still(c.Curves, plots.Options{Kinds: kinds})
	list = slices.Concat(list, still, curves)
	for i := range list {
		list[i].ID = fmt.Sprintf("figure-%d", i+1)
	}
	return list, err
}

// still draws pictures.
func (c Contents) still(curves []reports.Curve, o plots.Options) ([]figure, error) {
	o.Format = "svg"
	drawn, err := plots.Draw(c.Table, c.Plan, curves, o)
	if err != nil {
		return nil, err
	}
	list := make([]figure, len(drawn))
	for i, f := range drawn {
		var picture bytes.Buffer
		if err := f.Write(&picture); err != nil {
			return nil, fmt.Errorf("draw %s: %w", f.Name, err)
		}
		about := strings.Join(slices.Concat([]string{f.Subtitle}, f.Notes), " · ")
		list[i] = figure{Title: escape.Line(f.Title), About: escape.Line(strings.Trim(about, " ·")), Picture: source("image/svg+xml", slim(picture.Bytes()))}
	}
	return list, nil
}

// slim is an SVG without the blanks between its elements.
func slim(svg []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(svg, []byte(">\n<"), []byte("><")), []byte("\n/>"), []byte("/>"))
}

// source is the attribute src of an image that lies in the file.
func source(kind string, data []byte) template.HTMLAttr {
	return template.HTMLAttr(`src="data:` + kind + ";base64," + base64.StdEncoding.EncodeToString(data) + `"`)
}

// keep chooses the figures that fit into so many bytes, and names the others.
func keep(all []figure, budget int) (kept []figure, left []string) {
	for _, f := range all {
		if budget -= f.size(); budget < 0 {
			left = append(left, plots.Short(f.Title, 80))
			budget += f.size()
			continue
		}
		kept = append(kept, f)
	}
	return kept, left
}
