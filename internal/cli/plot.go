package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/registry"
	"harness/reports"
	"harness/reports/plots"
	"harness/sweeps"
)

// plotOptions are the flags of plot.
type plotOptions struct {
	experimentOptions
	out      string
	formats  []string
	kinds    []string
	metrics  []string
	axes     []string
	log      string
	size     string
	band     string
	title    string
	titled   bool
	fontSize float64
	json     bool
}

func newPlotCommand() *cobra.Command {
	var o plotOptions
	cmd := &cobra.Command{
		Use:   "plot NAME|FILE",
		Short: "Draw the curves and results of an experiment",
		Long: `Draw the curves and results of an experiment from what its trials have recorded so far:

  curves    NAME-curve-METRIC     a line a row over the steps, a band over seeds
  bars      NAME-bars             a panel a metric: a bar a row, with its controls
  axis      NAME-axis-FIELD       results against each numeric axis: a line for each setting of the others
  forest    NAME-forest-METRIC    the difference of each row from its baseline, with its 95% interval
  seeds     NAME-seeds-METRIC     every seed a point, mean and 95% interval, a box from five seeds on
  heatmap   NAME-heatmap-METRIC   two axes of the sweep, the mean as a colour and a number
  parallel  NAME-parallel-METRIC  a line a row through all parameters to the metric

Without --kind: curves, bars, axis and forest. --log auto makes an axis logarithmic by its data: that of a parameter whose
values are above zero and span a factor of 50; that of a metric which does too and half of whose points would lie in the lowest
tenth of a straight axis (a loss from 1000 to 0.05); never that of the steps. Zeros and negative numbers keep an axis straight; with
--log x, y or xy the picture says how many of them it leaves out. Bars and differences are always on straight axes.

Curves of more than 500 points are drawn as means of neighbouring points, with the least and the greatest of them as a fine
outline. The mean over seeds is drawn where two or more seeds have a step. The font has Latin, Greek and Cyrillic letters and the
common signs; PNG and PDF show others as their codes, SVG as they are.

--metric system/cpu (cores), system/memory, system/disk/read, system/disk/written, system/gpu (percent), system/gpu/memory and system/gpu/power
draw what the trials used of the machine, over the seconds since they started.`,
		Args: oneExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.titled = cmd.Flags().Changed("title")
			draw, err := o.parse()
			if err != nil {
				return err
			}
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return drawPlots(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), db, args[0], o, draw)
		},
	}
	o.experimentOptions.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.out, "out", ".", "folder for the pictures")
	flags.StringSliceVar(&o.formats, "format", []string{"png"}, "png, svg, pdf, or several with commas")
	flags.StringSliceVar(&o.kinds, "kind", nil, strings.Join(plots.KindNames(), ", ")+", or several with commas")
	flags.StringSliceVar(&o.metrics, "metric", nil, "metrics, or patterns such as '*loss', with commas (default all)")
	flags.StringVar(&o.log, "log", "auto", "logarithmic axes: auto, none, x (steps, parameters), y (metrics), xy")
	flags.StringVar(&o.size, "size", "", "of each picture: WIDTHxHEIGHT in inches, or such as 84x60mm, 8.4x6cm, 240x160pt (default as the data needs)")
	flags.Float64Var(&o.fontSize, "font-size", 9, "of labels in points; other text follows")
	flags.StringVar(&o.title, "title", "", "in place of the sweep's and the metric's name; '' for none")
	flags.StringVar(&o.band, "band", "std", "of curves: std (± 1 standard deviation over seeds), minmax (of the seeds), none")
	flags.StringSliceVar(&o.axes, "axes", nil, "LINES,COLUMNS of a heat map (default the two axes with most values)")
	flags.BoolVar(&o.json, "json", false, "print the files that were written as JSON")
	return cmd
}

// parse reads the flags.
func (o plotOptions) parse() (plots.Options, error) {
	draw := plots.Options{Title: o.title, Titled: o.titled, FontSize: o.fontSize}
	var errs [6]error
	draw.Kinds, errs[0] = plots.ParseKinds(o.kinds)
	draw.Log, errs[1] = plots.ParseLog(o.log)
	draw.Band, errs[2] = plots.ParseBand(o.band)
	if o.size != "" {
		draw.Width, draw.Height, errs[3] = plots.ParseSize(o.size)
	}
	errs[4] = plots.CheckFontSize(o.fontSize)
	errs[5] = plots.CheckFormats(o.formats)
	for i, flag := range [...]string{"--kind", "--log", "--band", "--size", "--font-size", "--format"} {
		if errs[i] != nil {
			return draw, usageError("%s %w", flag, errs[i])
		}
	}
	if len(o.axes) != 0 && len(o.axes) != 2 {
		return draw, usageError("--axes %s: want two axes, LINES,COLUMNS", strings.Join(o.axes, ","))
	}
	copy(draw.Axes[:], o.axes)
	if len(o.axes) > 0 && !draw.Draws(plots.Heatmap) {
		return draw, usageError("--axes: only a heat map has them: add --kind heatmap")
	}
	if draw.Band != plots.BandStd && !draw.Draws(plots.Curves) {
		return draw, usageError("--band %s: only curves have bands: add --kind curves", draw.Band)
	}
	return draw, nil
}

// drawPlots draws the figures of an experiment and lists the files on w.
func drawPlots(ctx context.Context, w, log io.Writer, db *registry.DB, name string, o plotOptions, draw plots.Options) error {
	plan, table, err := storedTable(ctx, log, db, name, o.experimentOptions)
	if err != nil {
		return err
	}
	curves, err := chosenCurves(ctx, db, plan, table, o.metrics, &draw)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return fmt.Errorf("write plots: %w", err)
	}
	files := []string{}
	for i, format := range o.formats {
		draw.Format = format
		figures, err := plots.Draw(table, plan, curves, draw)
		if err != nil {
			return misusedOption(err)
		}
		if i == 0 && len(figures) == 0 {
			fmt.Fprintf(log, "%s: there is nothing to draw of these kinds\n", name)
		}
		for _, f := range figures {
			path, err := f.Save(o.out)
			if err != nil {
				return misusedOption(err)
			}
			if files = append(files, path); !o.json {
				fmt.Fprintln(w, path)
			}
		}
	}
	if missing := untypeset(table, draw); len(missing) > 0 && !slices.Equal(o.formats, []string{"svg"}) {
		fmt.Fprintf(log, "warning: the font of PNG and PDF has no %s: there are codes such as \\u4e2d in their place; SVG has them\n", strings.Join(missing, " "))
	}
	if o.json {
		return written{files}.print(w, true)
	}
	return nil
}

// chosenCurves reads the curves that the options ask for, and puts the metrics that the patterns choose into the options.
func chosenCurves(ctx context.Context, db *registry.DB, plan *sweeps.Plan, table *reports.Table, patterns []string, draw *plots.Options) ([]reports.Curve, error) {
	all, err := reports.OpenCurves(ctx, db, plan)
	if err != nil {
		return nil, err
	}
	known := slices.Clone(all.Metrics)
	for _, c := range table.Columns {
		if !slices.Contains(known, c.Metric) {
			known = append(known, c.Metric)
		}
	}
	system := systemMetrics(patterns, known)
	for _, m := range system {
		known = append(known, m.Name)
	}
	if len(patterns) > 0 {
		if draw.Metrics, err = plots.ChooseMetrics(patterns, known); err != nil {
			return nil, usageError("--metric %w", err)
		}
	}
	if !draw.Draws(plots.Curves) {
		return nil, nil
	}
	var curves []reports.Curve
	for _, metric := range all.Metrics {
		if !draw.Wants(metric) {
			continue
		}
		c, err := all.Read(ctx, metric, draw.LogSteps())
		if err != nil {
			return nil, err
		}
		curves = append(curves, c)
	}
	for _, m := range system {
		if !draw.Wants(m.Name) {
			continue
		}
		c, err := all.ReadSystem(ctx, m)
		if err != nil {
			return nil, err
		}
		if len(c.Lines) == 0 && slices.Contains(patterns, m.Name) {
			return nil, fmt.Errorf("--metric %s: none of the trials has recorded it", m.Name)
		} else if len(c.Lines) == 0 {
			continue
		}
		curves = append(curves, c)
	}
	return curves, nil
}

// systemMetrics are what trials used of the machine, where a pattern asks for that by name. What a program reports under such a name
// comes first.
func systemMetrics(patterns, known []string) []registry.SystemMetric {
	if !slices.ContainsFunc(patterns, func(p string) bool { return strings.HasPrefix(p, "system/") }) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(registry.SystemMetrics), func(m registry.SystemMetric) bool { return slices.Contains(known, m.Name) })
}

// misusedOption makes an option that cannot be met what it is.
func misusedOption(err error) error {
	if option := (*plots.OptionError)(nil); errors.As(err, &option) {
		return usageError("%w", option)
	}
	return err
}

// untypeset lists the characters that pictures of a table cannot show as they are.
func untypeset(t *reports.Table, draw plots.Options) []string {
	texts := []string{t.Name, draw.Title}
	for _, c := range t.Columns {
		texts = append(texts, c.Label, c.Metric)
	}
	for _, row := range t.Rows {
		if row.Kind != reports.Published {
			texts = append(texts, row.Name, row.Control)
		}
	}
	return plots.Untypeset(append(texts, t.Heads...)...)
}
