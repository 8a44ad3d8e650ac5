package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/metrics"
	"harness/metrics/meteor"
)

// scoreOptions are the flags of harness score.
type scoreOptions struct {
	scoreFiles
	metrics     []string
	stem        bool
	tokenize    string
	perSample   string
	json        bool
	digits      int
	threads     int
	paraphrases string
	cache       string // of paraphrases
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
difference answers state, and with --metrics also with sacrebleu's BLEU, chrF and TER, rouge_score's ROUGE, and label F1 of
chest X-ray reports by rules. METEOR is that of papers with --meteor-paraphrases. With several files of hypotheses the first
is the baseline. One file alone holds both sides, as columns prediction and reference.
` + scoreFormats,
		Example: `  harness score answers.json references.json
  harness score predictions.csv --refs first.txt --refs second.txt --metrics bleu4,sacrebleu,rougeLsum
  harness score results.jsonl table.tsv --ref-column report --id-column study
  harness score ours.jsonl theirs.jsonl refs.jsonl --test
  harness score answers.json refs.json --metrics bleu,cider --json --per-sample samples.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if notice {
				fmt.Fprint(cmd.OutOrStdout(), meteor.Notice)
				return nil
			}
			if err := opts.arguments(args); err != nil {
				return err
			}
			return score(cmd.Context(), cmd.OutOrStdout(), cmd.InOrStdin(), opts)
		},
	}
	f := cmd.Flags()
	opts.scoreFiles.flags(cmd)
	f.StringSliceVar(&opts.metrics, "metrics", nil, "which of "+strings.Join(metrics.Groups(), ",")+
		", or single numbers such as bleu4 and rougeLsum (default: the caption metrics and what the references allow)")
	f.StringVar(&opts.tokenize, "tokenize", metrics.TokenizePTB,
		"of the caption metrics: ptb, as papers report, or none: the texts as they are; sacrebleu's and rouge_score's have their own")
	f.BoolVar(&opts.stem, "rouge-stemmer", false, "rouge_score's ROUGE compares stems of words (use_stemmer)")
	f.StringVar(&opts.perSample, "per-sample", "",
		"write the scores of every sample to this file, one JSON object a line; BLEU (13a) as sacrebleu's sentence_bleu")
	f.BoolVar(&opts.json, "json", false, "print JSON")
	f.IntVar(&opts.digits, "digits", 4, "decimal places of the table")
	positiveVar(f, &opts.threads, "threads", "goroutines (default every core); no result depends on it")
	f.StringVar(&opts.paraphrases, "meteor-paraphrases", "", "METEOR's paraphrase table (paraphrase-en.gz of its release); without it METEOR is labelled so")
	f.StringVar(&opts.cache, "meteor-cache", "", "folder that keeps the table as it was read (default: harness in the user's cache folder)")
	opts.bertscore.addFlags(f)
	f.BoolVar(&opts.test, "test", false, "compare the systems: paired bootstrap and approximate randomisation, with Holm's correction")
	positiveVar(f, &opts.resamples, "resamples", fmt.Sprintf("resamples of the bootstrap (default: %d, more for many comparisons)", metrics.DefaultResamples))
	positiveVar(f, &opts.trials, "trials", fmt.Sprintf("trials of the randomisation (default: %d, more for many comparisons)", metrics.DefaultTrials))
	f.Uint64Var(&opts.seed, "seed", metrics.DefaultSeed, "seed of both tests")
	f.BoolVar(&notice, "notice", false, "print the licence of the embedded WordNet and exit")
	return cmd
}

// scored is one file of hypotheses with its results.
type scored struct {
	name   string
	scores *metrics.Scores
}

// score reads the files, scores every system and prints to w. It ends at once when ctx does, wherever the work stands.
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
	report, err := atOnce(ctx, func() (*scoreReport, error) { return opts.compute(ctx, stdin) })
	if err != nil {
		return err
	}
	if samples != nil {
		if err := samples.write(report.systems); err != nil {
			return err
		}
	}
	if opts.json {
		return report.json(w)
	}
	return report.text(w)
}

// atOnce returns what work does, or ctx's error as soon as ctx ends: then the work, which may wait for standard input or be inside one
// long text, is left to itself and must have no effect but its result.
func atOnce[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := work()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// compute reads the files and scores every system.
func (o scoreOptions) compute(ctx context.Context, stdin io.Reader) (*scoreReport, error) {
	systems, notes, err := o.read(stdin)
	if err != nil {
		return nil, err
	}
	base, err := o.metricOptions(ctx, systems[0])
	if err != nil {
		return nil, err
	}
	report := &scoreReport{digits: o.digits}
	var all []*metrics.Scores
	for i, samples := range systems {
		name := systemName(o.hyps, i)
		bar := newProgressLine(os.Stderr, "samples of "+name)
		base.Progress = bar.report
		scores, err := metrics.Score(ctx, samples, base)
		bar.end()
		if err != nil {
			return nil, fmt.Errorf("score %s: %w", name, err)
		}
		scores.Notes = append(slices.Clone(notes), scores.Notes...)
		report.systems = append(report.systems, scored{name, scores})
		all = append(all, scores)
	}
	if o.test {
		err = report.compare(ctx, all, o)
	}
	return report, err
}

// check refuses what could not work before any file is read.
func (o scoreOptions) check() error {
	if err := metrics.CheckNames(o.metrics); err != nil {
		return usageError("%w", err)
	}
	if err := o.scoreFiles.check(); err != nil {
		return err
	}
	switch {
	case o.tokenize != metrics.TokenizePTB && o.tokenize != metrics.TokenizeNone:
		return usageError("unknown tokenizer %q; known are %s, %s", o.tokenize, metrics.TokenizePTB, metrics.TokenizeNone)
	case o.digits < 0 || o.digits > 15:
		return usageError("--digits %d is not between 0 and 15", o.digits)
	case o.test && len(o.hyps) < 2:
		return usageError("--test compares at least two files of hypotheses")
	case o.resamples != 0 && o.resamples < 40 || o.trials != 0 && o.trials < 40:
		return usageError("a test needs at least 40 resamples")
	case o.stem && !metrics.AsksGroup(o.metrics, "rouge_score"):
		return usageError("--rouge-stemmer needs rouge_score, or one of its numbers, among --metrics")
	case o.paraphrases == "" && o.cache != "":
		return usageError("--meteor-cache needs --meteor-paraphrases")
	}
	return o.bertscore.check()
}

// metricOptions chooses the metrics, and opens what they read.
func (o scoreOptions) metricOptions(ctx context.Context, samples []metrics.Sample) (metrics.Options, error) {
	m := metrics.Options{Tokenize: o.tokenize, Metrics: o.metrics, Threads: o.threads}
	m.Stem, m.Version = o.stem, programVersion()
	if len(m.Metrics) == 0 {
		m.Metrics = append(append([]string{}, metrics.TextGroups...), "bertscore")
		m.Metrics = append(m.Metrics, readOuts(samples)...)
	}
	if o.paraphrases != "" && metrics.Asks(m.Metrics, "meteor") {
		table, err := o.openParaphrases(ctx)
		if err != nil {
			return m, err
		}
		m.Paraphrases = table
	}
	if metrics.AsksGroup(m.Metrics, "bertscore") {
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

// openParaphrases reads METEOR's paraphrase table, or what the cache keeps of it.
func (o scoreOptions) openParaphrases(ctx context.Context) (*meteor.Paraphrases, error) {
	say := func(err error) {
		fmt.Fprintf(os.Stderr, "the paraphrase table is not kept for the next time: %v\n", err)
	}
	cache := o.cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			say(err)
		} else {
			cache = filepath.Join(user, "harness")
		}
	}
	bar := newProgressLine(os.Stderr, "MiB of the paraphrase table")
	defer bar.end()
	table, err := meteor.OpenParaphrases(ctx, o.paraphrases, meteor.Opening{
		Cache: cache, Warn: say, Progress: func(done, total int) { bar.report(done>>20, total>>20) },
	})
	if err != nil && ctx.Err() == nil {
		return nil, usageError("--meteor-paraphrases: %w", err)
	}
	return table, err
}

// programVersion is the version of this program for signatures.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return strings.Trim(info.Main.Version, "()") // "(devel)" of a build from changed files
}
