package document

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/reports/plots"
)

// figure is one picture of the file.
type figure struct {
	ID, Title, About string
	Picture          template.HTMLAttr // src, an SVG
}

// size is how many bytes it adds, about.
func (f figure) size() int { return len(f.Picture) + len(f.Title) + 2*len(f.About) + 400 }

// figures draws the pictures: differences and results first, curves behind them.
func (c Contents) figures() ([]figure, error) {
	drawn, err := plots.Draw(c.Table, c.Plan, c.Curves, plots.Options{Kinds: []plots.Kind{plots.Forest, plots.Axis, plots.Bars, plots.Curves}, Format: "svg"})
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
		list[i] = figure{ID: fmt.Sprintf("figure-%d", i+1), Title: escape.Line(f.Title), About: escape.Line(strings.Trim(about, " ·")),
			Picture: source("image/svg+xml", slim(picture.Bytes()))}
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
			left = append(left, f.Title)
			budget += f.size()
			continue
		}
		kept = append(kept, f)
	}
	return kept, left
}
