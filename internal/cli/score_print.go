package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"

	"harness/metrics"
)

// getPubMedBERT tells how to fill the blank of BERTScore.
const getPubMedBERT = `for BERTScore, give a model's folder or its name, such as ` +
	`hf:microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext (PubMedBERT), with --bert, and its layer with --bert-layer`

// scoreReport is what harness score prints.
type scoreReport struct {
	systems       []scored
	digits        int
	bootstrap     []metrics.Comparison // empty without a test
	randomization []metrics.Comparison
	resamples     int
	trials        int
	seed          uint64
}

// compare runs both tests against the first system. The primary numbers are the family; the resamples grow with it unless their
// number was given.
func (r *scoreReport) compare(ctx context.Context, all []*metrics.Scores, opts scoreOptions) error {
	family := metrics.PrimaryOf(all[0].Keys)
	size := len(family) * (len(all) - 1)
	r.resamples, r.trials, r.seed = opts.resamples, opts.trials, opts.seed
	if r.resamples == 0 {
		r.resamples = metrics.Resamples(size)
	}
	if r.trials == 0 {
		r.trials = max(metrics.DefaultTrials, metrics.Resamples(size))
	}
	var err error
	how := metrics.Resampling{N: r.resamples, Seed: opts.seed, Threads: opts.threads, Family: family}
	bar := newProgressLine(os.Stderr, "resamples")
	defer bar.end()
	how.Progress = bar.report
	if r.bootstrap, err = metrics.PairedBootstrap(ctx, all, how); err != nil {
		return err
	}
	how.N = r.trials
	r.randomization, err = metrics.ApproximateRandomization(ctx, all, how)
	return err
}

// find returns the comparison of a system in a key; ok is false for a blank.
func find(all []metrics.Comparison, system int, key string) (c metrics.Comparison, ok bool) {
	i := slices.IndexFunc(all, func(c metrics.Comparison) bool { return c.System == system && c.Key == key })
	if i < 0 {
		return c, false
	}
	return all[i], true
}

// text prints a table with a row for each number, and the notes under it.
func (r *scoreReport) text(w io.Writer) error {
	out := bufio.NewWriter(w)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(r.bootstrap) > 0 {
		r.testRows(table)
	} else {
		fmt.Fprint(table, "metric")
		for _, s := range r.systems {
			fmt.Fprint(table, "\t", s.name)
		}
		fmt.Fprintln(table)
		for _, key := range r.systems[0].scores.Keys {
			fmt.Fprint(table, r.systems[0].scores.Label(key))
			for _, s := range r.systems {
				fmt.Fprint(table, "\t", r.number(s.scores.Corpus[key]))
			}
			fmt.Fprintln(table)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := r.regionRows(out); err != nil {
		return err
	}
	fmt.Fprintf(out, "n = %d\n", len(r.systems[0].scores.IDs))
	for _, note := range r.notes() {
		fmt.Fprintln(out, note)
	}
	return out.Flush()
}

// regionRows prints the boxes of every system by region, if the references name regions.
func (r *scoreReport) regionRows(w io.Writer) error {
	if len(r.systems[0].scores.Regions) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "region\tsystem\tn\tAcc@0.5\tAcc@0.75\tmean IoU")
	for i, row := range r.systems[0].scores.Regions {
		for _, s := range r.systems {
			row = s.scores.Regions[i] // the same order: all systems have the same references
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", row.Region, s.name, row.N, r.number(row.Acc50), r.number(row.Acc75), r.number(row.MeanIoU))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// observationRows are the label counts of each observation; one that neither side has, has no F1.
func observationRows(observations []metrics.ObservationScore) []object {
	var rows []object
	for _, o := range observations {
		f1 := math.NaN()
		if o.Matches != (metrics.Matches{}) {
			f1 = o.F1()
		}
		var row object
		row.set("observation", o.Observation)
		row.set("tp", o.TP)
		row.set("fp", o.FP)
		row.set("fn", o.FN)
		row.set("f1", f1)
		rows = append(rows, row)
	}
	return rows
}

// testRows prints a row for each number and system, with its interval and the tests against the first system.
func (r *scoreReport) testRows(w io.Writer) {
	fmt.Fprintln(w, "metric\tsystem\tscore\t95% interval\tdifference\tp bootstrap\tHolm\tp randomisation\tHolm")
	for _, key := range r.systems[0].scores.Keys {
		for i, s := range r.systems {
			boot, _ := find(r.bootstrap, i, key)
			random, _ := find(r.randomization, i, key)
			blank := math.IsNaN(s.scores.Corpus[key])
			fmt.Fprintf(w, "%s\t%s\t%s", s.scores.Label(key), s.name, r.number(s.scores.Corpus[key]))
			switch {
			case blank:
				fmt.Fprintln(w, "\t-\t-\t-\t-\t-\t-")
				continue
			case math.IsNaN(boot.Low):
				fmt.Fprint(w, "\t-")
			default:
				fmt.Fprintf(w, "\t%s .. %s", r.number(boot.Low), r.number(boot.High))
			}
			if i == 0 {
				fmt.Fprintln(w, "\tbaseline\t\t\t\t")
				continue
			}
			fmt.Fprintf(w, "\t%s\t%s\t%s\t%s\t%s\n", signed(boot.Delta, r.digits),
				pValue(boot.P), pValue(boot.Adjusted), pValue(random.P), pValue(random.Adjusted))
		}
	}
}

// notes returns what a reader must know, once each.
func (r *scoreReport) notes() []string {
	var notes []string
	add := func(note string) {
		if !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	for _, s := range r.systems {
		for _, note := range s.scores.Notes {
			add(note)
		}
		for _, blank := range r.blanks(s) {
			add(blank)
		}
	}
	if len(r.bootstrap) > 0 {
		family := 0
		for _, c := range r.bootstrap {
			if !math.IsNaN(c.Adjusted) {
				family++
			}
		}
		add(fmt.Sprintf("two-sided paired bootstrap of %d resamples, approximate randomisation of %d trials, seed %d; Holm over the %d comparisons of each test "+
			"in its primary numbers; the smallest p that it can reach is %.2g and %.2g", r.resamples, r.trials, r.seed, family,
			r.smallest(family, r.resamples), r.smallest(family, r.trials)))
	}
	return notes
}

// smallest is the smallest p that a test of so many resamples can reach after the correction.
func (r *scoreReport) smallest(family, resamples int) float64 {
	p := max(1/float64(resamples+1), metrics.SmallestSignFlip(len(r.systems[0].scores.IDs)))
	return min(1, p*float64(family))
}

// blanks says why there are blank cells, once a group of metrics.
func (r *scoreReport) blanks(s scored) []string {
	var notes []string
	last := ""
	for _, key := range s.scores.Keys {
		reason := s.scores.Blank[key]
		k, _ := metrics.Lookup(key)
		if reason == "" || k.Group+reason == last {
			continue
		}
		last = k.Group + reason
		name := k.Label
		if k.Group == "bertscore" {
			name, reason = "BERTScore", reason+"; "+getPubMedBERT
		}
		notes = append(notes, fmt.Sprintf("%s is blank: %s", name, reason))
	}
	return notes
}

// number prints a value, or - for a blank.
func (r *scoreReport) number(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', r.digits, 64)
}

func signed(v float64, digits int) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%+.*f", digits, v)
}

func pValue(p float64) string {
	if math.IsNaN(p) {
		return "-"
	}
	return strconv.FormatFloat(p, 'f', 4, 64)
}

// object is a JSON object that keeps the order of its fields.
type object struct {
	names  []string
	values []any
}

func (o *object) set(name string, value any) {
	o.names, o.values = append(o.names, name), append(o.values, value)
}

// MarshalJSON writes the fields in order; a NaN is null.
func (o object) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			buf.WriteByte(',')
		}
		head, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value := o.values[i]
		if v, ok := value.(float64); ok && math.IsNaN(v) {
			value = nil
		}
		body, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		buf.Write(head)
		buf.WriteByte(':')
		buf.Write(body)
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// json prints one system as {"corpus", ...}, several as {"systems": [...]}.
func (r *scoreReport) json(w io.Writer) error {
	var systems []object
	for _, s := range r.systems {
		var corpus, labels, blank, system object
		for _, key := range s.scores.Keys {
			corpus.set(key, s.scores.Corpus[key])
			labels.set(key, s.scores.Label(key))
			if reason := s.scores.Blank[key]; reason != "" {
				blank.set(key, reason)
			}
		}
		system.set("system", s.name)
		system.set("n", len(s.scores.IDs))
		system.set("corpus", corpus)
		system.set("labels", labels)
		system.set("blank", blank)
		if regions := s.scores.Regions; len(regions) > 0 {
			var rows []object
			for _, region := range regions {
				var row object
				row.set("region", region.Region)
				row.set("n", region.N)
				row.set("acc50", region.Acc50)
				row.set("acc75", region.Acc75)
				row.set("iou", region.MeanIoU)
				rows = append(rows, row)
			}
			system.set("regions", rows)
		}
		if observations := s.scores.Observations; len(observations) > 0 {
			system.set("observations", observationRows(observations))
		}
		system.set("notes", append([]string{}, s.scores.Notes...))
		systems = append(systems, system)
	}
	encode := json.NewEncoder(w)
	encode.SetIndent("", "  ")
	if len(systems) == 1 {
		return encode.Encode(systems[0])
	}
	var out object
	out.set("systems", systems)
	if len(r.bootstrap) > 0 {
		out.set("tests", r.tests())
	}
	return encode.Encode(out)
}

// tests returns the comparisons as JSON objects.
func (r *scoreReport) tests() []object {
	var all []object
	for _, test := range []struct {
		name string
		rows []metrics.Comparison
	}{{"bootstrap", r.bootstrap}, {"randomization", r.randomization}} {
		for _, c := range test.rows {
			var o object
			o.set("test", test.name)
			o.set("system", r.systems[c.System].name)
			o.set("metric", c.Key)
			o.set("score", c.Score)
			o.set("difference", c.Delta)
			if test.name == "bootstrap" {
				o.set("mean", c.Mean)
				o.set("half", c.Half)
				o.set("low", c.Low)
				o.set("high", c.High)
			}
			o.set("p", c.P)
			o.set("p_holm", c.Adjusted)
			all = append(all, o)
		}
	}
	return all
}
