package reports

import (
	"fmt"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/registry"
)

// warn marks a row with what a reader must know about its trials.
func (b *builder) warn(r *seeded, row *Row) {
	for _, text := range append([]string{b.missing(r), b.mixed(r), b.elsewhere(r), b.shared[r.Name]}, b.stale(r)...) {
		if text != "" {
			row.Marks = append(row.Marks, b.table.note(text))
		}
	}
}

// stale names the differences between the code and data that made the results of a row and those that are there now.
func (b *builder) stale(r *seeded) []string {
	var texts []string
	for _, id := range r.Trials {
		state := b.results[id].State
		ended := state == registry.Done || state == registry.Stopped
		if text := b.options.Stale[id]; ended && text != "" && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// missing says which seeds have no result, and why.
func (b *builder) missing(r *seeded) string {
	var parts []string
	done := 0
	for i, id := range r.Trials {
		result, known := b.results[id]
		seed := fmt.Sprintf("seed %d ", b.plan.Seeds[i])
		switch {
		case id == "":
			parts = append(parts, seed+"is excluded")
		case known && result.State == registry.Done:
			done++
		case known && result.State == registry.Failed:
			parts = append(parts, seed+"failed: "+oneLine(result.Error))
		case known && result.State == registry.Running:
			parts = append(parts, seed+"is running")
		case known && result.State == registry.Interrupted:
			parts = append(parts, seed+"was interrupted")
		case known && result.State == registry.Stopped && b.claimed:
			parts = append(parts, seed+"was stopped early"+stoppedAt(result))
		case known && result.State == registry.Stopped: // its cells say so
		default:
			parts = append(parts, seed+"has not run")
		}
	}
	if len(parts) == 0 {
		return ""
	}
	if len(parts) == len(r.Trials) && len(parts) > 1 && sameBehindSeed(parts) {
		_, rest, _ := strings.Cut(strings.TrimPrefix(parts[0], "seed "), " ")
		return fmt.Sprintf("0 of %d seeds: each %s", len(r.Trials), rest)
	}
	return fmt.Sprintf("%d of %d seeds: %s", done, len(r.Trials), strings.Join(parts, "; "))
}

func sameBehindSeed(parts []string) bool {
	tail := func(s string) string { _, rest, _ := strings.Cut(strings.TrimPrefix(s, "seed "), " "); return rest }
	return !slices.ContainsFunc(parts, func(s string) bool { return tail(s) != tail(parts[0]) })
}

// mixed says what differs between the trials of a row beside the seed.
func (b *builder) mixed(r *seeded) string {
	var parts []string
	for _, what := range []struct {
		name string
		of   func(Result) string
	}{
		{"commits", func(r Result) string { return short(r.Commit) }},
		{"engines", func(r Result) string { return r.Engine }},
		{"data sets", func(r Result) string { return short(r.DataHash) }},
	} {
		if values := b.distinct(r, what.of); len(values) > 1 {
			parts = append(parts, what.name+" "+strings.Join(values, ", "))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "the trials of this row differ in more than the seed: " + strings.Join(parts, "; ")
}

// elsewhere says that results were recorded by another commit than the one that prints.
func (b *builder) elsewhere(r *seeded) string {
	commits := b.distinct(r, func(r Result) string { return short(strings.TrimSuffix(r.Commit, "+")) })
	here := short(strings.TrimSuffix(b.options.Commit, "+"))
	if here == "" || len(commits) != 1 || commits[0] == here {
		return ""
	}
	return "recorded on commit " + commits[0] + ", printed on " + here
}

// distinct lists the different values among the finished trials of a row, in their order.
func (b *builder) distinct(r *seeded, of func(Result) string) []string {
	var values []string
	for _, id := range r.Trials {
		result, ok := b.results[id]
		if !ok || result.State != registry.Done {
			continue
		}
		if v := of(result); v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// short is the beginning of a hash, with the "+" of an unclean tree.
func short(hash string) string {
	clean := strings.TrimSuffix(hash, "+")
	if len(clean) > 8 {
		return clean[:8] + hash[len(clean):]
	}
	return hash
}

func oneLine(text string) string {
	if text == "" {
		return "no error was recorded"
	}
	return strings.Join(strings.Fields(text), " ")
}

// caption says in sentences what the numbers are.
func (b *builder) caption() {
	t := b.table
	say := func(format string, args ...any) { t.Caption = append(t.Caption, fmt.Sprintf(format, args...)) }
	if b.plan.Report.Caption != "" {
		say("%s", b.plan.Report.Caption)
	}
	if len(b.plan.Options) > 0 {
		say("Swept with %s.", escape.Line(strings.Join(b.plan.Options, " ")))
	}
	if search := b.plan.Search; search.Method != "" {
		say("%d settings by %s search (seed %d): the best of many looks better than it is; measure it again with other seeds.",
			search.Settings, search.Method, search.Seed)
	}
	t.Synthetic = b.synthetic()
	if t.Synthetic {
		say("Synthetic data: the numbers show that the program works, they are no clinical result.")
	}
	if b.rebased {
		say("Baseline: %s, chosen by the reader and not by the experiment.", escape.Line(strings.Join(b.options.Layout.Baseline, " with ")))
	}
	if n := len(b.plan.Seeds); n > 1 {
		say("%s", spreadText(t.Show, n))
		if slices.ContainsFunc(t.Rows, Row.partial) {
			say("(m/n): the mean of m of the n seeds; the footnotes say why.")
		}
	} else {
		say("One seed (n = 1): nothing is said about the spread between runs.")
	}
	b.describeStopped(say)
	b.describeEffort(say)
	if models := b.bertModels(); len(models) > 0 {
		say("BERTScore: %s.", strings.Join(models, "; "))
	}
	b.describeTests(say)
	if t.Synthetic && slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Kind == Published }) {
		say("Published rows were measured on real data with other programs: they stand here to be seen, not to be compared.")
	}
}

// spreadText says what the numbers are means of, and what stands behind ±.
func spreadText(show []string, seeds int) string {
	text := fmt.Sprintf("Mean over n = %d seeds", seeds)
	switch {
	case slices.Contains(show, "ci"):
		text += "; ± is the 95% interval of the mean (Student's t)"
	case slices.Contains(show, "std"):
		text += "; ± is the standard deviation (n-1)"
	}
	return text + "."
}

// partial reports whether a cell of the row is the mean of some of its seeds only.
func (r Row) partial() bool {
	return slices.ContainsFunc(r.Cells, func(c Cell) bool { return c.N > 0 && c.N < c.Want })
}

// synthetic reports whether any number of the table comes from synthetic data.
func (b *builder) synthetic() bool {
	for _, r := range b.results {
		if r.Synthetic {
			return true
		}
	}
	return false
}

// addPublished adds the published rows that the experiment asks for.
func (b *builder) addPublished() {
	for _, table := range b.plan.Report.Published {
		var rows []Row
		for _, n := range b.options.Published {
			column := slices.IndexFunc(b.table.Columns, func(c Column) bool { return c.Metric == n.Metric })
			if n.Table != table || column < 0 {
				continue
			}
			i := slices.IndexFunc(rows, func(r Row) bool { return r.Name == n.Row })
			if i < 0 {
				i = len(rows)
				rows = append(rows, b.publishedRow(n.Row, n.Source))
			}
			rows[i].Cells[column] = single(n.Value)
		}
		if len(rows) == 0 {
			b.table.note("published: nothing is known of " + table + " in these columns")
		}
		b.table.Rows = append(b.table.Rows, rows...)
	}
}

func (b *builder) publishedRow(name, source string) Row {
	row := Row{Name: name, Kind: Published, Lead: b.named(name), Source: source}
	for range b.table.Columns {
		row.Cells = append(row.Cells, emptyCell())
	}
	row.Marks = append(row.Marks, b.table.note("as published: "+source))
	return row
}
