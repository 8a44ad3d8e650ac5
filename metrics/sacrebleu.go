package metrics

import (
	"fmt"
	"math"
	"strings"
)

// sacreBLEU computes BLEU as sacrebleu does by default: 4-grams of the 13a tokens of the text as given, exponential smoothing, 0 to
// 100. A row is that of bleu; the value of one sample stops at the longest n-gram that it has, as sacrebleu's sentence_bleu.
type sacreBLEU struct {
	scorer
	signature string
	tokenized int // hypotheses that end in " .": a sign of text that is no longer raw
}

// manyTokenized is from how many such hypotheses on sacrebleu warns.
const manyTokenized = 100

func newSacreBLEU(c *corpus, opts Options) (scorer, error) {
	counts, err := newBLEU(c.retokenize(opts.Threads, tokens13a), opts)
	if err != nil {
		return nil, err
	}
	s := &sacreBLEU{scorer: counts, signature: signature(c, opts, "case:mixed|eff:no|tok:13a|smooth:exp")}
	for _, sample := range c.samples {
		if strings.HasSuffix(sample.Hyp, " .") {
			s.tokenized++
		}
	}
	return s, nil
}

// retokenize returns a corpus of the same samples with other tokens.
func (c *corpus) retokenize(threads int, tokens func(string) string) *corpus {
	var views []string
	for _, s := range c.samples {
		views = append(append(views, s.Hyp), s.Refs...)
	}
	inParts(len(views), threads, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			views[i] = tokens(views[i])
		}
	})
	out := &corpus{samples: c.samples, vocab: &vocabulary{map[string]int32{}}}
	flat := out.intern(views, map[string]*text{})
	for _, s := range c.samples {
		n := 1 + len(s.Refs)
		out.hyps, out.refs = append(out.hyps, flat[0]), append(out.refs, flat[1:n:n])
		flat = flat[n:]
	}
	return out
}

// signature returns the line by which sacrebleu's numbers are told apart. Its version is that of the program that computed them.
func signature(c *corpus, opts Options, middle string) string {
	refs := fmt.Sprint(len(c.samples[0].Refs))
	for _, s := range c.samples {
		if len(s.Refs) != len(c.samples[0].Refs) {
			refs = "var"
		}
	}
	version := "harness"
	if opts.Version != "" {
		version += "-" + opts.Version
	}
	return fmt.Sprintf("nrefs:%s|%s|version:%s", refs, middle, version)
}

func (s *sacreBLEU) notes() []string {
	notes := []string{"BLEU (13a), 0 to 100: " + s.signature + "; that of one sample is with eff:yes"}
	if s.tokenized >= manyTokenized {
		notes = append(notes, fmt.Sprintf(`%d hypotheses end in " .": BLEU (13a) splits raw text itself, and text that is split already scores lower or higher`, s.tokenized))
	}
	return notes
}

func (s *sacreBLEU) value(sum []float64, _ float64, out []float64) { out[0] = smoothedBLEU(sum, false) }

func (s *sacreBLEU) sampleValue(row, out []float64) { out[0] = smoothedBLEU(row, true) }

// smoothedBLEU halves the precision of each order without a match once more than that of the last; effective leaves out the orders
// that the text is too short for, which otherwise make the number 0.
func smoothedBLEU(sum []float64, effective bool) float64 {
	matched := 0.0
	for _, correct := range sum[:maxOrder] {
		matched += correct
	}
	length, refLength := sum[2*maxOrder], sum[2*maxOrder+1]
	if matched == 0 || length == 0 {
		return 0
	}
	penalty := 1.0
	if length < refLength {
		penalty = math.Exp(1 - refLength/length)
	}
	logs, halved := 0.0, 1.0
	for n := range maxOrder {
		correct, guessed := sum[n], sum[maxOrder+n]
		switch {
		case guessed == 0 && effective:
			return penalty * math.Exp(logs/float64(n))
		case guessed == 0:
			return 0
		case correct == 0:
			halved *= 2
			logs += math.Log(100 / (halved * guessed))
		default:
			logs += math.Log(100 * correct / guessed)
		}
	}
	return penalty * math.Exp(logs/maxOrder)
}
