package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"harness/reports"
)

// layoutFlags declares how the table is laid out anew.
func layoutFlags(cmd *cobra.Command, l *reports.Layout) {
	flags := cmd.Flags()
	flags.StringSliceVar(&l.Rows, "rows", nil, "parameters on the left, with commas: the first is outermost")
	flags.StringSliceVar(&l.Columns, "columns", nil, "parameters whose values become columns, with commas")
	flags.StringVar(&l.Group, "group", "", "a parameter whose values stand as titles over the rows")
	flags.StringSliceVar(&l.Metrics, "metrics", nil, "which metrics, in this order; others than those of the experiment are not tested")
	flags.StringVar(&l.Filter, "filter", "", `only rows for which a condition holds, such as 'metrics.acc > 0.9 and params.lr == 0.1'`)
	flags.StringSliceVar(&l.Sort, "sort", nil, "order by metrics, parameters or other names of a filter; -NAME for falling order")
	flags.StringArrayVar(&l.Baseline, "baseline", nil, "compare with this row, or with each row's own that has PATH=VALUE (may be repeated)")
	flags.StringSliceVar(&l.Show, "show", nil, "what cells show: some of mean, std or ci, n, delta, p")
}

const layoutHelp = `
The flags --rows to --show lay the table out anew. Rows, columns, order and a filter change no number: tests and marks stay those of the whole table. Another
baseline makes other comparisons. The caption says either. A filter names ` + reports.RowFilterHelp + `.`

// layoutMisuse gives an error of a layout the name of its flag.
func layoutMisuse(err error) error {
	var wrong *reports.LayoutError
	if errors.As(err, &wrong) {
		return usageError("--%s: %s", wrong.Part, wrong.Reason)
	}
	return err
}
