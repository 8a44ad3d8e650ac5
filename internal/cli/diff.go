package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/registry/journal"
)

func newDiffCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff ID ID",
		Short: "Show in what two trials differ: settings, provenance and numbers",
		Args:  trialIDs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openFrozen(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			a, err := readRecord(cmd.Context(), db, args[0])
			if err != nil {
				return err
			}
			b, err := readRecord(cmd.Context(), db, args[1])
			if err != nil {
				return err
			}
			d, err := compareRecords(db.Home, a, b)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			return d.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// difference is in what two trials differ. Metrics are all listed, side by side.
type difference struct {
	IDs        [2]string    `json:"ids"`
	Params     []fieldPair  `json:"params"`
	Provenance []fieldPair  `json:"provenance"`
	Code       []string     `json:"code"` // files that differ
	Metrics    []metricPair `json:"metrics"`
}

type fieldPair struct {
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
}

type metricPair struct {
	Name  string           `json:"name"`
	A     *jsonfloat.Float `json:"a"` // null: not recorded
	B     *jsonfloat.Float `json:"b"`
	Delta *jsonfloat.Float `json:"delta"` // b − a
}

func compareRecords(home string, a, b *record) (*difference, error) {
	d := &difference{IDs: [2]string{a.ID, b.ID}, Metrics: []metricPair{}}
	fieldsA, err := flatten(a.Spec)
	if err != nil {
		return nil, err
	}
	fieldsB, err := flatten(b.Spec)
	if err != nil {
		return nil, err
	}
	d.Params = pairFields(fieldsA, fieldsB)
	d.Provenance = pairFields(a.counting().provenance(), b.counting().provenance())
	if d.Code, err = codeDifferences(home, a.counting().Code, b.counting().Code); err != nil {
		return nil, err
	}
	names := sortedKeys(a.Metrics)
	for name := range b.Metrics {
		if a.Metrics[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		pair := metricPair{Name: name, A: a.Metrics[name], B: b.Metrics[name]}
		if pair.A != nil && pair.B != nil {
			delta := *pair.B - *pair.A
			pair.Delta = &delta
		}
		d.Metrics = append(d.Metrics, pair)
	}
	return d, nil
}

// counting is the attempt whose numbers are the trial's, else the newest run.
func (r *record) counting() attempt {
	for i := len(r.History) - 1; i >= 0; i-- {
		if r.History[i].Counts {
			return r.History[i]
		}
	}
	for i := len(r.History) - 1; i >= 0; i-- {
		if r.History[i].Purpose == string(journal.PurposeRun) {
			return r.History[i]
		}
	}
	return attempt{}
}

// pairFields lists the fields that differ, in the order in which they come.
func pairFields(a, b []field) []fieldPair {
	pairs := []fieldPair{}
	valueOf := func(fields []field, path string) string {
		for _, f := range fields {
			if f.path == path {
				return f.value
			}
		}
		return ""
	}
	seen := map[string]bool{}
	for _, f := range append(slices.Clone(a), b...) {
		if va, vb := valueOf(a, f.path), valueOf(b, f.path); va != vb && !seen[f.path] {
			pairs = append(pairs, fieldPair{f.path, va, vb})
		}
		seen[f.path] = true
	}
	slices.SortStableFunc(pairs, func(x, y fieldPair) int { return strings.Compare(x.Name, y.Name) })
	return pairs
}

func (d *difference) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\t%s\t%s\n", d.IDs[0][:8], d.IDs[1][:8])
	for _, part := range []struct {
		title string
		pairs []fieldPair
	}{{"SETTINGS", d.Params}, {"PROVENANCE", d.Provenance}} {
		if len(part.pairs) == 0 {
			fmt.Fprintf(t, "%s\tthe same\t\n", part.title)
			continue
		}
		fmt.Fprintf(t, "%s\t\t\n", part.title)
		for _, p := range part.pairs {
			fmt.Fprintf(t, "%s\t%s\t%s\n", escape.Line(p.Name), dash(escape.Line(p.A)), dash(escape.Line(p.B)))
		}
	}
	if len(d.Code) > 0 {
		fmt.Fprintln(t, "CODE\t\t")
		for _, line := range d.Code {
			fmt.Fprintf(t, "%s\t\t\n", escape.Line(line))
		}
	}
	fmt.Fprintln(t, "METRICS\t\t\tDIFFERENCE")
	for _, m := range d.Metrics {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", escape.Line(m.Name), showNumber(m.A, "%.6g"), showNumber(m.B, "%.6g"), showNumber(m.Delta, "%+.3g"))
	}
	return t.Flush()
}

func showNumber(n *jsonfloat.Float, format string) string {
	if n == nil {
		return ""
	}
	return fmt.Sprintf(format, float64(*n))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
