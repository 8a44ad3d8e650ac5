package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"harness/metrics"
	"harness/metrics/fileformat"
	"harness/metrics/meteor"
)

// scoreOptions are the flags of harness score.
type scoreOptions struct {
	hyps        []string
	refs        string
	metrics     []string
	tokenize    string
	perSample   string
	json        bool
	digits      int
	threads     int
	paraphrases string
	bertscore   bertscoreOptions
	test        bool
	resamples   int
	trials      int
	seed        uint64
}

func newScoreCommand() *cobra.Command {
	var opts scoreOptions
	var notice bool
	cmd := &cobra.Command{
		Use:   "score HYPS... REFS",
		Short: "Score generated text and boxes as the official programs do",
		Long: `Score hypotheses against references with BLEU-1..4, METEOR, ROUGE-L, CIDEr, BERTScore, Acc@0.5 and the findings that
difference answers state. Files are {id: [texts]} JSON, COCO annotations or results, JSON lines with "id" and "text" or
"refs", or plain text line by line; - is standard input. With several files of hypotheses the first is the baseline.`,
		Example: `  harness score answers.json references.json
  harness score ours.jsonl theirs.jsonl refs.jsonl --test
  harness score answers.json refs.json --metrics bleu,cider --json --per-sample samples.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if notice {
				fmt.Fprint(cmd.OutOrStdout(), meteor.Notice)
				return nil
			}
			if len(args) < 2 {
				return usageError("score needs a file of hypotheses and a file of references")
			}
			opts.hyps, opts.refs = args[:len(args)-1], args[len(args)-1]
			return score(cmd.Context(), cmd.OutOrStdout(), cmd.InOrStdin(), opts)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&opts.metrics, "metrics", nil, "which of "+strings.Join(metrics.Groups(), ",")+" (default: what the references allow)")
	f.StringVar(&opts.tokenize, "tokenize", metrics.TokenizePTB, "ptb, as papers report, or none: the texts as they are")
	f.StringVar(&opts.perSample, "per-sample", "", "write the scores of every sample to this file, one JSON object a line")
	f.BoolVar(&opts.json, "json", false, "print JSON")
	f.IntVar(&opts.digits, "digits", 4, "decimal places of the table")
	f.IntVar(&opts.threads, "threads", 0, "goroutines (default every core); no result depends on it")
	f.StringVar(&opts.paraphrases, "meteor-paraphrases", "", "METEOR's paraphrase table (paraphrase-en.gz of its release)")
	opts.bertscore.addFlags(f)
	f.BoolVar(&opts.test, "test", false, "compare the systems: paired bootstrap and approximate randomisation, with Holm's correction")
	f.IntVar(&opts.resamples, "resamples", metrics.DefaultResamples, "resamples of the bootstrap")
	f.IntVar(&opts.trials, "trials", metrics.DefaultTrials, "trials of the randomisation")
	f.Uint64Var(&opts.seed, "seed", metrics.DefaultSeed, "seed of both tests")
	f.BoolVar(&notice, "notice", false, "print the licence of the embedded WordNet and exit")
	return cmd
}

// scored is one file of hypotheses with its results.
type scored struct {
	name   string
	scores *metrics.Scores
}

// score reads the files, scores every system and prints to w.
func score(ctx context.Context, w io.Writer, stdin io.Reader, opts scoreOptions) error {
	if err := opts.check(); err != nil {
		return err
	}
	var samples *sampleFile // opened before the work, so that a path that cannot be written costs none
	if opts.perSample != "" {
		var err error
		if samples, err = createSampleFile(opts.perSample); err != nil {
			return err
		}
		defer samples.discard()
	}
	systems, err := opts.read(stdin)
	if err != nil {
		return err
	}
	base, err := opts.metricOptions(ctx, systems[0])
	if err != nil {
		return err
	}
	var results []scored
	var all []*metrics.Scores
	for i, samples := range systems {
		name := systemName(opts.hyps, i)
		bar := newProgressLine(os.Stderr, "samples of "+name)
		base.Progress = bar.report
		scores, err := metrics.Score(ctx, samples, base)
		bar.end()
		if err != nil {
			return fmt.Errorf("score %s: %w", name, err)
		}
		results = append(results, scored{name, scores})
		all = append(all, scores)
	}
	report := scoreReport{systems: results, digits: opts.digits}
	if opts.test {
		if err := report.compare(ctx, all, opts); err != nil {
			return err
		}
	}
	if samples != nil {
		if err := samples.write(results); err != nil {
			return err
		}
	}
	if opts.json {
		return report.json(w)
	}
	return report.text(w)
}

// check refuses what could not work before any file is read.
func (o scoreOptions) check() error {
	known := metrics.Groups()
	for _, name := range o.metrics {
		if !contains(known, name) {
			return usageError("unknown metric %q; known are %s", name, strings.Join(known, ", "))
		}
	}
	stdin := 0
	for _, name := range append(o.hyps[:len(o.hyps):len(o.hyps)], o.refs) {
		if name == "-" {
			stdin++
		}
	}
	switch {
	case o.tokenize != metrics.TokenizePTB && o.tokenize != metrics.TokenizeNone:
		return usageError("unknown tokenizer %q; known are %s, %s", o.tokenize, metrics.TokenizePTB, metrics.TokenizeNone)
	case stdin > 1:
		return usageError("standard input can be only one of the files")
	case o.digits < 0 || o.digits > 15:
		return usageError("--digits %d is not between 0 and 15", o.digits)
	case o.test && len(o.hyps) < 2:
		return usageError("--test compares at least two files of hypotheses")
	case o.resamples < 40 || o.trials < 40:
		return usageError("a test needs at least 40 resamples")
	}
	return o.bertscore.check()
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// read parses the files and pairs every system with the references.
func (o scoreOptions) read(stdin io.Reader) ([][]metrics.Sample, error) {
	parse := func(name string) (*fileformat.File, error) {
		data, err := readAll(name, stdin)
		if err != nil {
			return nil, err
		}
		return fileformat.Parse(name, data)
	}
	names := append(o.hyps[:len(o.hyps):len(o.hyps)], o.refs)
	files, errs := make([]*fileformat.File, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { files[i], errs[i] = parse(name) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	var systems [][]metrics.Sample
	for _, hyps := range files[:len(o.hyps)] {
		samples, err := fileformat.Pair(hyps, files[len(o.hyps)])
		if err != nil {
			return nil, err
		}
		systems = append(systems, samples)
	}
	return systems, nil
}

func readAll(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		data, err := io.ReadAll(stdin)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return data, nil
	}
	return os.ReadFile(name)
}

// metricOptions chooses the metrics, and opens what they read.
func (o scoreOptions) metricOptions(ctx context.Context, samples []metrics.Sample) (metrics.Options, error) {
	m := metrics.Options{Tokenize: o.tokenize, Metrics: o.metrics, Threads: o.threads}
	if len(m.Metrics) == 0 {
		m.Metrics = append(append([]string{}, metrics.TextGroups...), "bertscore")
		m.Metrics = append(m.Metrics, readOuts(samples)...)
	}
	if o.paraphrases != "" {
		table, err := readParaphrases(o.paraphrases)
		if err != nil {
			return m, err
		}
		m.Paraphrases = table
	}
	if contains(m.Metrics, "bertscore") {
		if err := o.bertscore.open(ctx, &m); err != nil {
			return m, err
		}
	}
	return m, nil
}

// readOuts returns the groups beyond plain text that the references allow.
func readOuts(samples []metrics.Sample) []string {
	var groups []string
	box, finding := false, false
	for _, s := range samples {
		if _, ok := metrics.ParseBox(s.Refs[0]); ok {
			box = true
		}
		if _, err := metrics.ParseAnswer(s.Refs[0]); err == nil {
			finding = true
		}
	}
	if box {
		groups = append(groups, "box")
	}
	if finding {
		groups = append(groups, "finding")
	}
	return groups
}

func readParaphrases(name string) (*meteor.Paraphrases, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := meteor.ReadParaphrases(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return table, nil
}

// systemName returns the shortest name that tells system i from the others.
func systemName(files []string, i int) string {
	base := filepath.Base(files[i])
	for k, other := range files {
		if k != i && filepath.Base(other) == base {
			return files[i]
		}
	}
	return base
}
