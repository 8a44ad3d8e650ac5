// Package plots draws what package reports has computed.
//
//	Draw      table, plan, curves and Options -> figures, those of Options.Kinds
//	Kind      curves     a figure a metric: a line a row over the steps of training, a band over seeds
//	          bars       one figure: a panel a metric, a bar a row, marks for the controls
//	          axis       a figure for each numeric axis: a panel a metric, a line for each setting of the other axes
//	          forest     a figure a metric: the difference of each row from its baseline, with the interval of its test
//	          seeds      a figure a metric: every seed a point, mean and interval, a box from five seeds on
//	          heatmap    a figure a metric: two axes of the sweep as columns and lines, the mean as a colour and a number
//	          parallel   a figure a metric: a line a row through all parameters to the metric
//	Figure    title, panels, key and notes; Save draws it as PNG, SVG or PDF
//
// What is not drawn is said in the picture: seeds that diverged, rows of which seeds were stopped early, points that are NaN or infinite, zeros on a logarithmic axis.
// Each kind has a file of its name; figure.go and what it uses (layout, key, look, ticks, scale, the canvases) is what all share.
// Readers who see few colours can distinguish these (Okabe and Ito), and in print without colour lines differ in dashes and marks.
package plots

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"harness/internal/escape"
	"harness/metrics"
	"harness/reports"
	"harness/sweeps"
)

// drawer draws the figures of one table.
type drawer struct {
	look
	t       *reports.Table
	plan    *sweeps.Plan
	curves  []reports.Curve
	o       Options
	columns []int // of t.Columns: those that are drawn
}

// Draw draws the kinds of figures that the options name. Names of files differ, also where a file system does not tell upper case
// from lower case. What the options ask for and the table cannot give is an *OptionError.
func Draw(t *reports.Table, plan *sweeps.Plan, curves []reports.Curve, o Options) ([]*Figure, error) {
	o = o.withDefaults()
	d := &drawer{look: newLook(o), t: t, plan: plan, curves: curves, o: o}
	for c, column := range t.Columns {
		if o.Wants(column.Metric) {
			d.columns = append(d.columns, c)
		}
	}
	draw := map[Kind]func() ([]*Figure, error){
		Curves: d.drawCurves, Bars: d.bars, Axis: d.axis, Forest: d.forest, Seeds: d.seeds, Heatmap: d.heatmap, Parallel: d.parallel,
	}
	var figures []*Figure
	for _, kind := range o.Kinds {
		more, err := draw[kind]()
		if err != nil {
			return nil, err
		}
		figures = append(figures, more...)
	}
	for _, f := range figures { // all of them have room before the first one is written
		if _, err := f.place(); err != nil {
			return nil, err
		}
	}
	distinguish(figures)
	return figures, nil
}

// figure begins a figure; what it is of, if it is not of the whole table, tells it from the others of its kind.
func (d *drawer) figure(kind Kind, file, of string) *Figure {
	f := &Figure{look: d.look, format: d.o.Format, Name: filesOf(d.t) + "-" + kind.file() + file, Title: shown(d.t.Name), fixed: d.o.size()}
	if of != "" {
		f.Title += ": " + shown(of)
	}
	if d.o.Titled {
		f.Title = shown(d.o.Title)
	}
	if d.t.Synthetic {
		f.say("synthetic data")
	}
	return f
}

// named is a metric at an axis: its name, and its unit where that is known.
func (d *drawer) named(label, metric string) string {
	if unit := d.unit(metric); unit != "" {
		return shown(label) + " (" + unit + ")"
	}
	return shown(label)
}

// unit says in what a metric is measured: as its column says, or as the built-in trainer measures it; "" where that is not known.
func (d *drawer) unit(metric string) string {
	for _, column := range d.t.Columns {
		if column.Metric == metric && column.Unit != "" {
			return shown(column.Unit)
		}
	}
	known, ok := metrics.LookupRecorded(metric)
	if !ok || d.t.Command {
		return ""
	}
	return known.Unit
}

// rows are the rows of a kind.
func (d *drawer) rows(kind reports.Kind) []reports.Row {
	var rows []reports.Row
	for _, r := range d.t.Rows {
		if r.Kind == kind {
			rows = append(rows, r)
		}
	}
	return rows
}

// drawable reports whether a cell can be drawn.
func drawable(cell reports.Cell, scale float64) bool { return cell.CanDraw(scale) }

const largest = reports.Largest

func finite(v float64) bool { return reports.CanDraw(v) }

// sayLeftOut says how many results of some columns have seeds that diverged or were stopped early: they are not drawn.
func (d *drawer) sayLeftOut(f *Figure, columns ...int) {
	diverged, stopped := d.t.LeftOut(columns...)
	for _, left := range []struct {
		n    int
		what string
	}{{diverged, "diverged"}, {stopped, "were stopped early"}} {
		switch left.n {
		case 0:
		case 1:
			f.say("not drawn: 1 result with seeds that %s", left.what)
		default:
			f.say("not drawn: %d results with seeds that %s", left.n, left.what)
		}
	}
}

// seedRange is over how many seeds the means of a figure are: not all rows need have the same number.
type seedRange struct{ least, most int }

func (r *seedRange) add(n int) {
	if n > 0 {
		if r.least == 0 || n < r.least {
			r.least = n
		}
		r.most = max(r.most, n)
	}
}

func (r seedRange) String() string {
	if r.least < r.most {
		return fmt.Sprintf("n = %d to %d seeds", r.least, r.most)
	}
	return fmt.Sprintf("n = %d seeds", r.most)
}

// sayMean says over how many seeds the means are, and what shows their spread.
func (f *Figure) sayMean(seeds seedRange, spread string) {
	if seeds.most > 1 {
		f.say("mean, %s %s", spread, seeds)
	} else {
		f.say("one seed")
	}
}

// longestText bounds the characters of a name in a picture: what is longer would make the picture as wide.
const longestText = 100

// shown is a name as a picture shows it: control characters are escaped, and the end of a long one is left out.
func shown(name string) string { return Short(name, longestText) }

// allShown are names as a picture shows them.
func allShown(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = shown(name)
	}
	return list
}

// Short is a text of at most so many characters as a picture shows it.
func Short(text string, most int) string {
	text = escape.Line(text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// longestName bounds the part of a file's name that comes from a metric or a path.
const longestName = 120

// FileName is a sweep's handle as a part of a file's name.
func FileName(handle string) string {
	if strings.ContainsFunc(handle, func(r rune) bool { return r != '-' && fileName(string(r), '/') != string(r) }) {
		return fileName(handle, '/')
	}
	return handle
}

// filesOf begins the names of a table's files. No two sweeps write the same ones: a name in which a kind of figure stands
// between hyphens is written otherwise, since what follows the first of them is the metric.
func filesOf(t *reports.Table) string {
	name := cmp.Or(t.Handle, t.Name)
	kinds := slices.ContainsFunc(strings.Split(name, "-")[1:], func(word string) bool {
		return slices.ContainsFunc(allKinds[:], func(k Kind) bool { return k.file() == word })
	})
	if kinds {
		return fileName(name, '/')
	}
	return FileName(name)
}

// fileName turns a metric or a path into a part of a file's name; no two become the same one. The separator becomes "-",
// "-" becomes "~", and all but letters, digits, "_" and "." is written as "+" with its code. Of long names the end is cut
// and a checksum of the whole is added.
func fileName(name string, separator rune) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r == separator:
			b.WriteByte('-')
		case r == '-':
			b.WriteByte('~')
		case r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "+%x+", r)
		}
	}
	if b.Len() <= longestName {
		return b.String()
	}
	return b.String()[:longestName] + "++" + checksum(name)
}

func checksum(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

// distinguish adds a checksum to names that differ in nothing but case.
func distinguish(figures []*Figure) {
	count := map[string]int{}
	for _, f := range figures {
		count[strings.ToLower(f.Name)]++
	}
	for _, f := range figures {
		if count[strings.ToLower(f.Name)] > 1 {
			f.Name += "++" + checksum(f.Name)
		}
	}
}

// inches is a length of a picture.
func inches(v float64) vg.Length { return vg.Length(v) * vg.Inch }
