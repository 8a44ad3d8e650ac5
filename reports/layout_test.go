package reports

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/experiments"
)

// layouts are those of the golden files: what a reader asks for, of which experiment.
var layouts = map[string]struct {
	file  string
	query string
}{
	"pivot":    {gridFile, "columns=resolution&metrics=caref/acc50,diffvqa/bleu4&show=mean,std,delta,p"},
	"grouped":  {gridFile, "group=parallel&metrics=diffvqa/cider,diffvqa/loss&show=mean,ci,n"},
	"filtered": {tasksFile, "filter=metrics.diffvqa/bleu4+<+0.407&sort=diffvqa/bleu4,row&show=mean,delta"},
	"rebased":  {gridFile, "baseline=resolution=448&baseline=parallel=0&rows=parallel&sort=params.resolution,metrics.diffvqa/f1"},
}

func TestLayouts(t *testing.T) {
	for name, c := range layouts {
		table := laidOut(t, c.file, c.query)
		for format, suffix := range goldenFormats {
			var out bytes.Buffer
			if err := table.Render(&out, format, LatexOptions{}); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "layout", name+"."+suffix), out.Bytes())
		}
	}
}

// laidOut computes the table of an experiment with invented results as a query asks for it.
func laidOut(t testing.TB, file, query string) *Table {
	t.Helper()
	table, err := layOut(t, file, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return table
}

func layOut(t testing.TB, file, query string) (*Table, error) {
	t.Helper()
	published, err := experiments.Published()
	if err != nil {
		t.Fatal(err)
	}
	l, err := queried(t, query)
	if err != nil {
		return nil, err
	}
	plan, results := planOf(t, file)
	if file == tasksFile {
		breakSome(plan.Trials, results)
	}
	table, err := Compute(context.Background(), plan, results, Options{Commit: "abcdef0123456789", Published: published, Layout: l})
	if err != nil {
		return nil, err
	}
	return table.LaidOut(l)
}

func queried(t testing.TB, query string) (Layout, error) {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return LayoutOf(values)
}

// TestLayoutKeepsNumbers holds every cell of a table that was laid out anew to the cell of the table of the plan.
func TestLayoutKeepsNumbers(t *testing.T) {
	for _, file := range []string{gridFile, tasksFile, commandFile} {
		whole := laidOut(t, file, "")
		cells := map[string]Cell{}
		for _, row := range whole.Rows {
			for c, cell := range row.Cells {
				cells[string(row.Kind)+row.Name+"/"+whole.Columns[c].Metric] = cell
			}
		}
		axis := whole.params[0].Path
		for _, query := range []string{"columns=" + axis, "group=" + axis, "rows=" + axis, "sort=-row", "filter=kind+==+'model'",
			"columns=" + axis + "&filter=kind+!=+'published'&sort=row"} {
			table := laidOut(t, file, query)
			checked := 0
			for _, row := range table.Rows {
				for c, cell := range row.Cells {
					name := row.Name
					if table.Columns[c].Group != "" {
						name = cell.Row
					}
					if name == "" {
						continue
					}
					want := cells[string(row.Kind)+name+"/"+table.Columns[c].Metric]
					want.Row, want.Baseline, want.Marks, cell.Marks = cell.Row, cell.Baseline, nil, nil
					checked++
					if diff := cmp.Diff(want, cell, cmpopts.EquateNaNs()); diff != "" {
						t.Fatalf("%s: %s, %s: %s", query, row.Name, table.Columns[c].Key(), diff)
					}
				}
			}
			if checked < 4 {
				t.Errorf("%s: %d cells", query, checked)
			}
		}
	}
}

// TestPivotLosesNothing counts the cells with a number of each model before and after parameters became columns.
func TestPivotLosesNothing(t *testing.T) {
	numbers := func(table *Table) map[string]int {
		n := map[string]int{}
		for _, row := range table.Rows {
			for _, cell := range row.Cells {
				if name := firstOf(cell.Row, row.Name); !cell.Blank() && row.Kind != Published {
					n[name]++
				}
			}
		}
		return n
	}
	for query, file := range map[string]string{"columns=resolution": gridFile, "columns=parallel": gridFile, "columns=resolution,parallel": gridFile,
		"columns=ablation": tasksFile, "columns=lr": commandFile} {
		before, after := numbers(laidOut(t, file, "")), numbers(laidOut(t, file, query))
		for name, n := range before {
			if after[name] < n {
				t.Errorf("%s: %s has %d numbers, and had %d", query, name, after[name], n)
			}
		}
	}
}

func firstOf(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// TestLayoutMistakes tells what each mistake is answered with.
func TestLayoutMistakes(t *testing.T) {
	for query, want := range map[string]string{
		"rows=resolutoin":                       `rows: no row has a parameter "resolutoin": did you mean resolution?`,
		"rows=a%1bb":                            `rows: a\x1bb: control characters stand for nothing`,
		"rows=xyzzy":                            `rows: no row has a parameter "xyzzy": want one of resolution, pretrain.parallel_ratio`,
		"columns=diffvqa/bleu4":                 `columns: diffvqa/bleu4 is a metric: name it under metrics`,
		"columns=resolution&rows=resolution":    `rows: resolution stands elsewhere: it cannot be a column on the left as well`,
		"columns=resolution&group=resolution":   `group: resolution stands in the columns: it cannot be a title as well`,
		"rows=parallel,pretrain.parallel_ratio": `rows: pretrain.parallel_ratio is given twice`,
		"metrics=diffvqa/bleu5":                 `metrics: no trial has recorded "diffvqa/bleu5": did you mean diffvqa/bleu4?`,
		"metrics=a,,b":                          `metrics: "a,,b": a name between two commas is empty`,
		"metrics=%22a":                          `metrics: "\"a": want names between commas`,
		"show=mean,median":                      `show: "median": want some of mean, std, ci, n, delta, p`,
		"show=std,ci":                           `show: std and ci both stand behind ±: want one of them`,
		"show=n,n":                              `show: "n" is given twice`,
		"sort=-metrics.loss":                    `sort: no column is "loss": want one of caref/acc50, diffvqa/bleu4, diffvqa/cider, diffvqa/f1`,
		"sort=loss":                             `sort: unknown name "loss": want row, kind, control, baseline, params.NAME, or metrics, delta, p or n with .NAME of a metric`,
		"sort=diffvqa/f1&columns=resolution":    `sort: diffvqa/f1 stands in several columns: say diffvqa/f1@ and which, such as diffvqa/f1@resolution=224`,
		"filter=metrics.diffvqa/f1+%3D+1":       `filter: column 20 of "metrics.diffvqa/f1 = 1": write == to compare`,
		"filter=loss+>+1":                       `filter: unknown name "loss": want row, kind, control, baseline, params.NAME, or metrics, delta, p or n with .NAME of a metric`,
		"filter=row+>+1":                        `filter: row resolution=224, parallel=0: resolution=224, parallel=0 and 1 cannot be compared: one is text, the other a number`,
		"filter=metrics.diffvqa/f1+>+2":         `filter: no row of 17 has metrics.diffvqa/f1 > 2`,
		"filter=row+==+1&filter=row+==+2":       `filter: is given 2 times`,
		"baseline=nothing":                      `baseline: "nothing" is neither a row nor PATH=VALUE of a parameter: the rows are resolution=224, parallel=0; resolution=224, parallel=0.25; resolution=224, parallel=0.5; resolution=448, parallel=0; resolution=448, parallel=0.25; resolution=448, parallel=0.5`,
		"baseline=resolution%3D225":             `baseline: resolution has no value "225": want one of 224, 448`,
		"baseline=resolution%3D224&baseline=x":  `baseline: "x": want PATH=VALUE, where PATH is one of resolution, pretrain.parallel_ratio`,
		"baseline=resolution%3D224&baseline=resolution%3D448": `baseline: resolution is given twice`,
		"baseline=resolution%3D224,+parallel%3D2":             `baseline: resolution has no value "224, parallel=2": want one of 224, 448`,
	} {
		_, err := layOut(t, gridFile, query)
		if err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", query, err, want)
		}
	}
}

// TestRebased compares with the rows that a reader chooses; the choice of the experiment itself is not called the reader's.
func TestRebased(t *testing.T) {
	baselines := func(query string) string {
		table := laidOut(t, gridFile, query)
		var text []string
		for _, row := range table.Rows {
			if row.Kind == Model {
				text = append(text, row.Baseline)
			}
		}
		said := slices.ContainsFunc(table.Caption, func(s string) bool { return strings.HasPrefix(s, "Baseline: ") })
		return fmt.Sprintf("%s %v", strings.Join(text, "; "), said)
	}
	const at224, at448 = "resolution=224, parallel=", "resolution=448, parallel="
	for query, want := range map[string]string{
		"":                                       at224 + "0.25; ; " + at224 + "0.25; " + at448 + "0.25; ; " + at448 + "0.25 false",
		"baseline=parallel%3D0.25":               at224 + "0.25; ; " + at224 + "0.25; " + at448 + "0.25; ; " + at448 + "0.25 false",
		"baseline=resolution%3D448":              at448 + "0; " + at448 + "0.25; " + at448 + "0.5; ; ;  true",
		"baseline=" + url.QueryEscape(at224+"0"): "; " + strings.Repeat(at224+"0; ", 4) + at224 + "0 true",
		"baseline=resolution%3D224&baseline=parallel%3D0": "; " + strings.Repeat(at224+"0; ", 4) + at224 + "0 true",
	} {
		if got := baselines(query); got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
	}
}

// TestExtraColumnsAreNotTested adds a metric: the family and every mark stay.
func TestExtraColumnsAreNotTested(t *testing.T) {
	for _, family := range []string{"primary", "table", "column"} {
		file := gridFile + "report: {family: " + family + "}\n"
		plain, more := laidOut(t, file, ""), laidOut(t, file, "metrics=diffvqa/loss,diffvqa/bleu4")
		if diff := cmp.Diff(plain.Family, more.Family); diff != "" {
			t.Errorf("%s: %s", family, diff)
		}
		if c := more.Columns[0]; c.Metric != "diffvqa/loss" || c.Primary || more.Rows[1].Cells[0].Blank() {
			t.Errorf("%s: %+v", family, c)
		}
	}
}

// FuzzLayoutOf reads queries: what is read is written as a query that reads the same.
func FuzzLayoutOf(f *testing.F) {
	for _, query := range []string{"rows=a,b&columns=c", "metrics=%22a,b%22,c&show=mean", "baseline=x%3D1&baseline=y%3D2", "sort=-a&filter=a+>+1", "group=%00", "rows=%22"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		l, err := LayoutOf(values)
		if err != nil {
			if strings.Contains(err.Error(), "\n") && !strings.Contains(query, "&") {
				t.Errorf("%q: more than one line: %v", query, err)
			}
			return
		}
		again, err := LayoutOf(l.Query())
		if err != nil {
			t.Fatalf("%q became %q: %v", query, l.Query().Encode(), err)
		}
		if diff := cmp.Diff(l, again); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	})
}

// TestPageHTML renders the table as the server does: by classes, each number explained, heads and rows as links.
func TestPageHTML(t *testing.T) {
	link := func(name string) (string, string) {
		if name == "metrics.caref/acc50" {
			return "?sort=" + name, "descending"
		}
		return "?sort=-" + name, ""
	}
	rows := func(r *Row) string { return "#" + r.Name }
	for name, query := range map[string]string{"page": "", "page-pivot": "columns=ablation&metrics=caref/acc50,diffvqa/bleu4"} {
		var out bytes.Buffer
		table := laidOut(t, tasksFile, query)
		if err := table.HTMLAs(&out, HTMLOptions{Classes: true, Explain: true, SortURL: link, RowURL: rows}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "style=") {
			t.Error("a style attribute, which the page's policy forbids")
		}
		golden(t, filepath.Join("testdata", "layout", name+".html"), out.Bytes())
	}
}

// TestPages holds the pages of a table together to the whole: every row once, every mark to the same footnote.
func TestPages(t *testing.T) {
	whole := laidOut(t, tasksFile, "")
	at := 0
	for from := 0; from < len(whole.Rows); from += 4 {
		page := whole.Page(from, from+4)
		for _, row := range page.Rows {
			want := whole.Rows[at]
			at++
			if row.Name != want.Name || whole.notesOf(want, want.Cells...) != page.notesOf(row, row.Cells...) {
				t.Errorf("row %d is %s with %q, want %s with %q", at, row.Name, page.notesOf(row, row.Cells...), want.Name, whole.notesOf(want, want.Cells...))
			}
		}
	}
	if at != len(whole.Rows) || len(whole.Page(99, 200).Rows) != 0 || len(whole.Page(-3, 2).Rows) != 2 {
		t.Errorf("%d rows of %d", at, len(whole.Rows))
	}
}

// TestPivotOfCoupledAxes has an axis of one value that belongs to one resolution: the rows of both resolutions become one.
func TestPivotOfCoupledAxes(t *testing.T) {
	file := strings.Replace(commandFile, "parameters:\n", "parameters:\n  size: {values: [1, 2]}\n  pool: {values: [2], when: size == 2}\n", 1)
	table := laidOut(t, file, "columns=size")
	if len(table.Rows) != 2 || len(table.Columns) != 4 {
		t.Fatalf("%d rows and %d columns", len(table.Rows), len(table.Columns))
	}
	for _, row := range table.Rows {
		for c, cell := range row.Cells {
			if cell.Blank() {
				t.Errorf("%s, %s is blank", row.Name, table.Columns[c].Key())
			}
		}
	}
}
