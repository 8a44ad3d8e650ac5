package plots

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"

	"harness/internal/escape"
	"harness/internal/nearest"
)

// Options say which figures are drawn and how. The zero value draws defaultKinds of all metrics as PNG.
type Options struct {
	Kinds         []Kind
	Metrics       []string // keys; empty: all
	Log           Log
	Width, Height float64 // of the whole picture in inches; 0: as the data needs
	FontSize      float64 // of labels in points; 0: 9
	Title         string  // in place of the sweep's name and the metric's
	Titled        bool    // Title counts, also where it is empty
	Band          Band
	Axes          [2]string // of a heat map, lines and columns: paths or labels of axes; empty: the two with most values
	Format        string    // one of Formats
}

// OptionError is an option that cannot be met.
type OptionError struct{ Option, Reason string }

func (e *OptionError) Error() string { return e.Option + ": " + e.Reason }

// Kind is a kind of figure.
type Kind string

// The kinds of figures.
const (
	Curves   Kind = "curves"
	Bars     Kind = "bars"
	Axis     Kind = "axis"
	Forest   Kind = "forest"
	Seeds    Kind = "seeds"
	Heatmap  Kind = "heatmap"
	Parallel Kind = "parallel"
)

var allKinds = [...]Kind{Curves, Bars, Axis, Forest, Seeds, Heatmap, Parallel}

// defaultKinds are drawn where none is named.
var defaultKinds = []Kind{Curves, Bars, Axis, Forest}

// KindNames are the words for Kinds: those, and "all".
func KindNames() []string {
	var names []string
	for _, k := range allKinds {
		names = append(names, string(k))
	}
	return append(names, "all")
}

// ParseKinds reads the kinds of figures in the order in which they are drawn.
func ParseKinds(words []string) ([]Kind, error) {
	var kinds []Kind
	for _, k := range allKinds {
		if slices.Contains(words, string(k)) || slices.Contains(words, "all") {
			kinds = append(kinds, k)
		}
	}
	return kinds, checkWords(words, "some", KindNames())
}

// file is the kind in the name of a file.
func (k Kind) file() string {
	if k == Curves {
		return "curve"
	}
	return string(k)
}

// Log says which axes are logarithmic: x is that of steps or of a parameter, y that of a metric.
type Log string

// The choices of logarithmic axes. LogAuto chooses by the data: a parameter whose values are all above zero and span a factor of
// 50; a metric above zero that spans a factor of 50 and half of whose points would lie in the lowest tenth of a straight axis; never
// the steps. Bars, differences and intervals have a length that only a straight axis shows.
const (
	LogAuto Log = "auto"
	LogNone Log = "none"
	LogX    Log = "x"
	LogY    Log = "y"
	LogXY   Log = "xy"
)

// logNames are the words for Log.
func logNames() []string {
	return []string{string(LogAuto), string(LogNone), string(LogX), string(LogY), string(LogXY)}
}

// ParseLog reads which axes are logarithmic.
func ParseLog(word string) (Log, error) {
	return Log(word), checkWords([]string{word}, "one", logNames())
}

// LogSteps reports whether the axis of steps is logarithmic.
func (o Options) LogSteps() bool { return o.Log == LogX || o.Log == LogXY }

// Band is what the band of a curve shows.
type Band string

// The bands of a curve.
const (
	BandStd    Band = "std"    // mean ± one standard deviation over seeds
	BandMinMax Band = "minmax" // from the least to the greatest of the seeds
	BandNone   Band = "none"
)

// bandNames are the words for Band.
func bandNames() []string { return []string{string(BandStd), string(BandMinMax), string(BandNone)} }

// ParseBand reads what the band of a curve shows.
func ParseBand(word string) (Band, error) {
	return Band(word), checkWords([]string{word}, "one", bandNames())
}

// Formats are the formats of pictures.
var Formats = [...]string{"png", "svg", "pdf"}

// CheckFormats refuses what is no format of pictures.
func CheckFormats(words []string) error { return checkWords(words, "some", Formats[:]) }

// checkWords refuses a word that is not among the known ones, of which one or some may be given.
func checkWords(words []string, many string, known []string) error {
	for _, word := range words {
		if !slices.Contains(known, word) {
			return fmt.Errorf("%s: want %s of %s%s", escape.Line(word), many, strings.Join(known, ", "), nearest.Hint(nearest.Meant(word, known)))
		}
	}
	return nil
}

// sizePattern is WIDTHxHEIGHT with a unit.
var sizePattern = regexp.MustCompile(`^([0-9]*\.?[0-9]+)[x×]([0-9]*\.?[0-9]+)(in|cm|mm|pt|)$`)

// perInch are the units of sizes.
var perInch = map[string]float64{"": 1, "in": 1, "cm": 2.54, "mm": 25.4, "pt": 72}

// The limits of sizes in inches and of fonts in points: beyond them is a slip of the unit.
const (
	leastSize, mostSize = 0.5, 60
	leastFont, mostFont = 4, 40
)

// ParseSize reads the size of a picture in inches from text such as 3.3x2.4, 8.4x6cm, 84x60mm or 240x160pt.
func ParseSize(text string) (width, height float64, err error) {
	m := sizePattern.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, fmt.Errorf("%q: want WIDTHxHEIGHT in inches, or with cm, mm or pt behind it, such as 3.3x2.4 or 84x60mm", text)
	}
	var size [2]float64
	for i := range size {
		if size[i], err = strconv.ParseFloat(m[i+1], 64); err != nil {
			return 0, 0, fmt.Errorf("%q: %w", text, err)
		}
		if size[i] /= perInch[m[3]]; size[i] < leastSize || size[i] > mostSize {
			return 0, 0, fmt.Errorf("%q: %.3g inches: want %g to %g", text, size[i], leastSize, float64(mostSize))
		}
	}
	return size[0], size[1], nil
}

// CheckFontSize refuses a size in points that nobody can read, or that leaves room for nothing else; 0 is the default.
func CheckFontSize(points float64) error {
	if points != 0 && !(points >= leastFont && points <= mostFont) {
		return fmt.Errorf("%g: want %d to %d points", points, leastFont, mostFont)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if len(o.Kinds) == 0 {
		o.Kinds = defaultKinds
	}
	if o.Log == "" {
		o.Log = LogAuto
	}
	if o.Band == "" {
		o.Band = BandStd
	}
	if o.Format == "" {
		o.Format = "png"
	}
	return o
}

func (o Options) size() vg.Point { return vg.Point{X: inches(o.Width), Y: inches(o.Height)} }

// Draws reports whether a kind of figure is drawn.
func (o Options) Draws(k Kind) bool { return slices.Contains(o.withDefaults().Kinds, k) }

// Wants reports whether a metric is drawn.
func (o Options) Wants(metric string) bool {
	return len(o.Metrics) == 0 || slices.Contains(o.Metrics, metric)
}

// ChooseMetrics lists those of the known metrics that any pattern matches, in which * stands for any characters and ? for one. A
// pattern that matches none is an error.
func ChooseMetrics(patterns, known []string) ([]string, error) {
	chosen := map[string]bool{}
	for _, pattern := range patterns {
		expr := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		match := regexp.MustCompile("(?s)^" + expr + "$")
		found := false
		for _, metric := range known {
			if match.MatchString(metric) {
				chosen[metric], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("%q: no such metric%s", pattern, nearest.Choices(pattern, known))
		}
	}
	return slices.DeleteFunc(slices.Clone(known), func(metric string) bool { return !chosen[metric] }), nil
}
