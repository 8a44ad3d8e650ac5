package plots

import (
	"bytes"
	"errors"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"harness/reports"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string][2]float64{"3.3x2.4": {3.3, 2.4}, "84x60mm": {84 / 25.4, 60 / 25.4}, "8.4x6cm": {8.4 / 2.54, 6 / 2.54}, "144×72pt": {2, 1}, "4x3in": {4, 3}} {
		width, height, err := ParseSize(text)
		if err != nil || math.Abs(width-want[0]) > 1e-12 || math.Abs(height-want[1]) > 1e-12 {
			t.Errorf("%s: %v × %v, %v", text, width, height, err)
		}
	}
	for _, text := range []string{"", "3", "3x", "3x2px", "-3x2", "0x0", "800x600", "x", "3x2x1", "infxinf", "NaNx1"} {
		if _, _, err := ParseSize(text); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	f.Add("3.3x2.4")
	f.Add("84x60mm")
	f.Fuzz(func(t *testing.T, text string) {
		width, height, err := ParseSize(text)
		if err == nil && !(width >= leastSize && height >= leastSize && width <= mostSize && height <= mostSize) {
			t.Errorf("%q: %v × %v", text, width, height)
		}
	})
}

func TestWords(t *testing.T) {
	if kinds, err := ParseKinds([]string{"forest", "curves"}); err != nil || !slices.Equal(kinds, []Kind{Curves, Forest}) {
		t.Errorf("%v, %v", kinds, err)
	}
	if kinds, err := ParseKinds([]string{"all"}); err != nil || len(kinds) != len(allKinds) {
		t.Errorf("%v, %v", kinds, err)
	}
	_, errKind := ParseKinds([]string{"forrest"})
	_, errLog := ParseLog("auot")
	_, errBand := ParseBand("sdt")
	errFormat := CheckFormats([]string{"png", "sgv"})
	_, errMetric := ChooseMetrics([]string{"acc", "los"}, []string{"acc", "loss"})
	_, errBeginning := ParseKinds([]string{"heat"})
	for want, err := range map[string]error{"did you mean heatmap?": errBeginning, "did you mean forest?": errKind, "did you mean auto?": errLog, "did you mean std?": errBand,
		"did you mean svg?": errFormat, "did you mean loss?": errMetric} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	known := []string{"a/loss", "a.loss", "b/acc", "lossy"}
	for pattern, want := range map[string][]string{"*loss": {"a/loss", "a.loss"}, "a?loss": {"a/loss", "a.loss"}, "*": known, "a.loss": {"a.loss"}} {
		if got, err := ChooseMetrics([]string{pattern}, known); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", pattern, got, err)
		}
	}
	for _, size := range []float64{-1, 3, 41, 1e9} {
		if CheckFontSize(size) == nil {
			t.Errorf("%v points are taken", size)
		}
	}
}

// TestFixedSize: a picture has the size that was asked for, whatever its font, or the error says what it needs.
func TestFixedSize(t *testing.T) {
	table, plan := tableOf(t)
	o := everything("png")
	o.Metrics, o.Width, o.Height, o.FontSize = someMetrics, 6, 4.5, 7
	for _, f := range drawn(t, table, plan, []reports.Curve{curve()}, o) {
		var picture bytes.Buffer
		if err := f.Write(&picture); err != nil {
			t.Fatal(err)
		}
		config, err := png.DecodeConfig(&picture)
		if err != nil || config.Width != 6*pngDPI || config.Height != 4.5*pngDPI {
			t.Errorf("%s: %d × %d pixels, %v", f.Name, config.Width, config.Height, err)
		}
	}
	o.Width, o.Height = 1, 1
	_, err := Draw(table, plan, []reports.Curve{curve()}, o)
	var option *OptionError
	if !errors.As(err, &option) || option.Option != "--size" || !strings.Contains(option.Reason, "it needs") {
		t.Errorf("an inch: %v", err)
	}
}

// TestTitleAndMetrics: a title replaces the names, also an empty one; what was not chosen is not drawn.
func TestTitleAndMetrics(t *testing.T) {
	table, plan := tableOf(t)
	o := everything("svg")
	o.Titled, o.Metrics = true, []string{"diffvqa/f1"}
	figures := drawn(t, table, plan, []reports.Curve{curve()}, o)
	if len(figures) != 1+2+4 {
		t.Errorf("%d figures of one metric", len(figures))
	}
	for _, f := range figures {
		if svg := svgOf(t, f); f.Title != "" || strings.Contains(svg, "BLEU") || !strings.Contains(svg, "finding F1") {
			t.Errorf("%s: title %q, or another metric", f.Name, f.Title)
		}
	}
	for i := range table.Rows { // a control that has only another metric
		if table.Rows[i].Control == "question only" {
			table.Rows[i].Cells[3] = reports.Cell{}
		}
		table.Rows[i].Cells[3].Bold, table.Rows[i].Cells[0].Bold = false, true
	}
	if texts := strings.Join(textsOf(svgOf(t, drawn(t, table, plan, nil, Options{Kinds: []Kind{Bars}, Metrics: o.Metrics, Format: "svg"})[0])), "\n"); strings.Contains(texts, "question only") ||
		strings.Contains(texts, "outlined") || !strings.Contains(texts, "shuffled images") {
		t.Errorf("the key of one metric: %s", texts)
	}
	o.Title = "Loss, γ → 精"
	for _, f := range drawn(t, table, plan, nil, o) {
		if texts := textsOf(svgOf(t, f)); texts[0] != o.Title {
			t.Errorf("%s: %q", f.Name, texts[0])
		}
	}
}
