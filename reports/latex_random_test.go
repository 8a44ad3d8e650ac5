package reports

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"harness/metrics"
)

// randomTable is a table of any labels, numbers and columns.
func randomTable(rng *rand.Rand) *Table {
	letters := []rune("aaabcdeeeefghiijklmnoprssttuuvwxyzABCDEFGHMWQ0123456789_-/.%&#$[]*éüłγ→₂≤±x²")
	word := func(most int) string {
		var b strings.Builder
		for range 1 + rng.IntN(most) {
			b.WriteRune(letters[rng.IntN(len(letters))])
		}
		return b.String()
	}
	text := func(words, most int) string {
		list := make([]string, 1+rng.IntN(words))
		for i := range list {
			list[i] = word(most)
		}
		return strings.Join(list, " ")
	}
	t := &Table{Name: "random", Caption: []string{text(20, 10) + ".", "Mean over n = 3 seeds; ± is the standard deviation (n-1)."},
		Show: [][]string{{"mean", "std"}, {"mean"}, {"mean", "ci", "n", "delta", "p"}}[rng.IntN(3)]}
	for range 1 + rng.IntN(3) {
		t.Heads = append(t.Heads, text(2, 12))
	}
	for range rng.IntN(4) {
		t.Notes = append(t.Notes, text(25, 30))
	}
	marks := func() []int {
		if len(t.Notes) == 0 || rng.IntN(3) > 0 {
			return nil
		}
		return rng.Perm(len(t.Notes))[:1+rng.IntN(len(t.Notes))]
	}
	for i := range 1 + rng.IntN(9) {
		t.Columns = append(t.Columns, Column{Metric: fmt.Sprintf("task%d/m%d", i/3, i), Label: text(3, 9), Digits: rng.IntN(5), Scale: 1,
			Goal: []metrics.Goal{metrics.Maximize, metrics.Minimize, metrics.NoGoal}[rng.IntN(3)], Unit: []string{"", "ms", "0 to 1", "nats per token"}[rng.IntN(4)]})
	}
	kinds := []Kind{Model, Control, Published}
	for i := range 2 + rng.IntN(30) {
		row := Row{Name: text(5, 14), Kind: kinds[min(2, i/6)], Marks: marks()}
		for range t.Heads {
			row.Lead = append(row.Lead, text(3, 12))
		}
		if row.Kind != Model {
			row.Lead = make([]string, len(t.Heads))
			row.Lead[0] = row.Name
		}
		for range t.Columns {
			size := []float64{.1, 1, 30, 2000}[rng.IntN(4)]
			c := single(size * (rng.Float64() - .3))
			c.N, c.Want, c.Std, c.CI, c.Delta, c.Bold, c.Within, c.Marks = 2+rng.IntN(2), 3, size*rng.Float64(), size/3, size*(rng.Float64()-.5), rng.IntN(4) == 0, rng.IntN(4) == 0, marks()
			c.Seeds = &Test{P: rng.Float64(), Holm: rng.Float64() * .01, N: 3}
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// TestLatexFitsAnything compiles random tables in every style; RANDOM_TABLES asks for more of them than CI takes.
func TestLatexFitsAnything(t *testing.T) {
	n := 4
	if text := os.Getenv("RANDOM_TABLES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for i, style := range slices.Concat(Styles, Styles) {
		engine := []string{"pdflatex", "xelatex"}[i/len(Styles)]
		t.Run(engine+"/"+string(style), func(t *testing.T) {
			tool(t, engine, texFiles[engine]...)
			if _, err := os.Stat(fallbackFolder + fallbackFont); err != nil && engine != "pdflatex" {
				t.Skip("fonts-droid-fallback is not installed")
			}
			t.Parallel()
			p := &paper{style: style, engine: engine}
			rng := rand.New(rand.NewPCG(1, 2))
			for range n {
				table, o := randomTable(rng), LatexOptions{Style: style, Align: Aligns[rng.IntN(2)], Spread: Spreads[rng.IntN(3)], Wide: style != NeurIPS && rng.IntN(3) == 0}
				if engine != "pdflatex" {
					o.Engine = UnicodeEngine
				}
				if err := table.Latex(io.Discard, o); errors.Is(err, ErrTooWide) {
					continue
				}
				p.add(t, table, o)
			}
			p.compile(t, "random-"+engine+"-"+string(style))
		})
	}
}
