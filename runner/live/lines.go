package live

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"

	"harness/internal/escape"
	"harness/runner/eta"
)

const (
	gap        = 2 // cells between two columns
	leastLabel = 8
	leastBar   = 8
	mostBar    = 20
	leastSpark = 8
	mostSpark  = 24
)

// column is one column of the lines.
type column struct {
	name  columnName
	right bool // aligned
	cells []string
	width int
}

type columnName string

const (
	labelColumn   columnName = "label"
	stageColumn   columnName = "stage"
	barColumn     columnName = "bar"
	stepColumn    columnName = "step"
	elapsedColumn columnName = "elapsed"
	leftColumn    columnName = "left"
	coresColumn   columnName = "cores"
	busyColumn    columnName = "busy"
	memoryColumn  columnName = "memory"
	metricColumn  columnName = "metric"
	sparkColumn   columnName = "spark"
)

// expendable are the columns in the order in which they are left out.
var expendable = []columnName{memoryColumn, elapsedColumn, coresColumn, busyColumn, barColumn, sparkColumn, stageColumn, metricColumn, leftColumn, stepColumn}

// Lines are a line for each trial, each less than width cells wide.
func Lines(trials []Row, width int) []string {
	if len(trials) == 0 {
		return nil
	}
	columns := fit(columnsOf(trials), width-1)
	lines := make([]string, len(trials))
	for i, t := range trials {
		var line strings.Builder
		for k, c := range columns {
			if k > 0 {
				line.WriteString(strings.Repeat(" ", gap))
			}
			line.WriteString(c.cell(t, i))
		}
		lines[i] = strings.TrimRight(Clip(line.String(), width-1), " ")
	}
	return lines
}

// columnsOf are the columns of which some trial has a cell.
func columnsOf(trials []Row) []column {
	all := []column{
		{name: labelColumn}, {name: stageColumn}, {name: barColumn}, {name: stepColumn, right: true}, {name: elapsedColumn, right: true},
		{name: leftColumn}, {name: coresColumn, right: true}, {name: busyColumn, right: true}, {name: memoryColumn, right: true},
		{name: metricColumn}, {name: sparkColumn},
	}
	var kept []column
	for _, c := range all {
		for _, t := range trials {
			text := t.text(c.name)
			c.cells = append(c.cells, text)
			c.width = max(c.width, runewidth.StringWidth(text))
		}
		switch {
		case c.name == barColumn && c.width > 0:
			c.width = leastBar + 2
		case c.name == sparkColumn && c.width > 0:
			c.width = leastSpark
		}
		if c.width > 0 || c.name == labelColumn {
			kept = append(kept, c)
		}
	}
	return kept
}

// text is what a trial has in a column; of a bar and a spark, something where there is one to draw.
func (t Row) text(name columnName) string {
	switch name {
	case labelColumn:
		return escape.Line(t.Label)
	case stageColumn:
		if t.Stage == "" {
			return "running"
		}
		return escape.Line(t.Stage)
	case barColumn:
		if t.Total > 0 {
			return " "
		}
	case stepColumn:
		if t.Total > 0 {
			return fmt.Sprintf("%d/%d", t.Step, t.Total)
		}
	case elapsedColumn:
		return Duration(t.Elapsed)
	case leftColumn:
		switch {
		case t.Left == nil:
		case t.Left.AtLeast:
			return "eta >" + eta.Rough(t.Left.Left)
		default:
			return "eta ~" + eta.Rough(t.Left.Left)
		}
	case coresColumn:
		if !math.IsNaN(t.Cores) {
			return fmt.Sprintf("%.1f cores", t.Cores)
		}
	case busyColumn:
		if !math.IsNaN(t.Busy) {
			return fmt.Sprintf("gpu %.0f%%", t.Busy)
		}
	case memoryColumn:
		if !math.IsNaN(t.Memory) {
			return fmt.Sprintf("%.1f GiB", t.Memory/(1<<30))
		}
	case metricColumn:
		if metric, value := t.main(); metric != "" {
			return escape.Line(metric) + " " + Number(value)
		}
	case sparkColumn:
		if t.Metric != "" && len(t.Curve) > 1 {
			return " "
		}
	}
	return ""
}

// main is the main metric and its last value, else the loss of the stage; "" = neither is known.
func (t Row) main() (string, float64) {
	switch {
	case t.Metric == "" && !math.IsNaN(t.Loss):
		return "loss", t.Loss
	case t.Stage != "" && t.Metric == t.Stage+"/loss": // the stage is said already
		return "loss", t.Value
	}
	return t.Metric, t.Value
}

// Number is a value in few digits.
func Number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+")
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// fit leaves columns out, and narrows the label, until the rest is not wider than width; then it shares out the room that is left.
func fit(columns []column, width int) []column {
	full := columns[0].width
	columns[0].width = min(full, max(leastLabel, width/5))
	for _, name := range expendable {
		if widthOf(columns) <= width {
			break
		}
		columns = slices.DeleteFunc(columns, func(c column) bool { return c.name == name })
	}
	for _, grow := range []struct {
		name columnName
		most int
	}{{labelColumn, full}, {barColumn, mostBar + 2}, {sparkColumn, mostSpark}} {
		for i := range columns {
			if c := &columns[i]; c.name == grow.name {
				c.width += max(0, min(grow.most-c.width, width-widthOf(columns)))
			}
		}
	}
	return columns
}

func widthOf(columns []column) int {
	sum := gap * (len(columns) - 1)
	for _, c := range columns {
		sum += c.width
	}
	return sum
}

// cell is the cell of trial i, as wide as the column.
func (c column) cell(t Row, i int) string {
	text := c.cells[i]
	switch {
	case c.name == barColumn && text != "":
		text = Bar(float64(t.Step)/float64(t.Total), c.width-2)
	case c.name == sparkColumn && text != "":
		text = Spark(t.Curve, c.width)
	}
	text = Clip(text, c.width)
	if c.name == labelColumn {
		text = middle(c.cells[i], c.width)
	}
	if c.right {
		return runewidth.FillLeft(text, c.width)
	}
	return runewidth.FillRight(text, c.width)
}

// Bar is a bar of so many cells between two edges, filled to a share in eighths of a cell; NaN leaves it empty.
func Bar(share float64, cells int) string {
	if math.IsNaN(share) {
		share = 0
	}
	eighths := int(math.Min(math.Max(0, share), 1) * float64(cells) * 8)
	filled := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		filled += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return "▕" + runewidth.FillRight(filled, cells) + "▏"
}

// middle takes out of the middle what is too long: labels often differ at their ends.
func middle(text string, cells int) string {
	if cells < leastLabel || runewidth.StringWidth(text) <= cells {
		return Clip(text, cells)
	}
	tail := cells * 2 / 5
	return Clip(text, cells-tail) + runewidth.TruncateLeft(text, runewidth.StringWidth(text)-tail, "")
}

// Clip cuts a text off after so many cells, with a sign that there is more.
func Clip(text string, cells int) string {
	if cells <= 0 {
		return ""
	}
	return runewidth.Truncate(text, cells, "…")
}
