// Package meteor computes METEOR 1.5 for English, task rank, with the stages exact, stem and synonym, and paraphrases when the user
// has a table. It gives the statistics of the reference program, including its surprises.
//
// The map: meteor.go is the entry point and the score, normalize.go the program's own tokenisation, words.go what is known of a
// word, wordnet.go the synonyms (WordNet 3.0; Notice is its licence), match.go the candidate matches of a pair, phrases.go those of
// the paraphrase table, align.go the beam search among them.
//
// The table: paraphrase.go is what it knows, paraphrase_open.go opens a file or what the cache keeps of it, paraphrase_read.go and
// paraphrase_entry.go read the text, paraphrase_build.go numbers it, paraphrase_image.go is its form in memory and in the cache.
//
// Nothing of the program's code is here. wordnet.txt.gz is written by genwordnet.go.
package meteor

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Notice is the licence of WordNet, which must go with every copy of the data.
//
//go:embed WORDNET-LICENSE
var Notice string

// Stage is one way in which two words can match, in the order in which the reference tries them.
type Stage int8

// The stages; the paraphrase stage needs a table.
const (
	Exact Stage = iota
	Stem
	Synonym
	Paraphrase
	stages
)

// The published parameters for English and the task rank (Denkowski and Lavie 2014).
const (
	alpha = 0.85
	beta  = 0.20
	gamma = 0.60
	delta = 0.75
)

var stageWeights = [stages]float64{1.0, 0.6, 0.8, 0.6}

// Width is the number of statistics of a pair: lengths 2, function words 2, for each stage matched content words 2 and matched
// function words 2, chunks, matched words 2. Of each two the first is the hypothesis. The statistics of a corpus are the sums.
const Width = 4 + 4*int(stages) + 3

const (
	statChunks  = Width - 3
	statMatched = Width - 2
)

// Score computes METEOR from the statistics of a pair or the sum over a corpus: 0 when nothing matches.
func Score(stats []float64) float64 {
	precision, recall := weighted(stats, 0), weighted(stats, 1)
	mean := 1 / ((1-alpha)/precision + alpha/recall)
	fragmentation := stats[statChunks] / ((stats[statMatched] + stats[statMatched+1]) / 2)
	score := mean * (1 - gamma*math.Pow(fragmentation, beta))
	if math.IsNaN(score) {
		return 0
	}
	return score
}

// weighted returns the weighted share of matched words of one side: 0 the hypothesis, 1 the reference. The sum is rounded step by step
// as the reference rounds it, on every machine: of references that score alike, the last digit decides which is taken.
func weighted(stats []float64, side int) float64 {
	length, function := stats[side], stats[2+side]
	matched := 0.0
	for stage, weight := range stageWeights {
		matched += float64(weight * stats[4+4*stage+side] * delta)
	}
	for stage, weight := range stageWeights {
		matched += float64(weight * stats[6+4*stage+side] * (1 - delta))
	}
	return matched / (float64(delta*(length-function)) + float64((1-delta)*function))
}

// Scorer scores pairs. It keeps what it learns of each word; it is not safe for concurrent use.
type Scorer struct {
	words   dictionary
	enabled [stages]bool
	norm    normalizer
	hyp     Line // the two that are compared
	ref     Line
	pair    pair
	align   aligner
	stats   []float64
}

// New returns a scorer with the given stages, or with exact, stem and synonym when there are none. Paraphrases may be nil; with a table,
// the paraphrase stage is added.
func New(paraphrases *Paraphrases, chosen ...Stage) (*Scorer, error) {
	if len(chosen) == 0 {
		chosen = []Stage{Exact, Stem, Synonym}
	}
	s := &Scorer{stats: make([]float64, Width)}
	for _, stage := range chosen {
		if stage < Exact || stage > Synonym {
			return nil, fmt.Errorf("no METEOR stage %d", stage)
		}
		s.enabled[stage] = true
	}
	if s.enabled[Synonym] {
		net, err := loadWordNet()
		if err != nil {
			return nil, fmt.Errorf("read the embedded WordNet: %w", err)
		}
		s.words.net = net
	}
	if paraphrases != nil {
		s.enabled[Paraphrase] = true
		s.words.table, s.pair.phrases.table = paraphrases, paraphrases
	}
	return s, nil
}

// Line is a text as the scorer that made it sees it. It is not changed.
type Line []int32

// Hypothesis returns a text as a hypothesis, in any tokenisation; the reference program's own comes on top.
func (s *Scorer) Hypothesis(text string) Line { return s.Reference(cleanHypothesis(text)) }

// Reference returns a text as a reference.
func (s *Scorer) Reference(text string) Line {
	var line Line
	for token := range s.norm.tokens(text) {
		line = append(line, s.words.id(token))
	}
	return line
}

// Stats writes the statistics of the reference that scores best, the first of equals, to dst, which has Width places.
func (s *Scorer) Stats(hyp string, refs []string, dst []float64) error {
	lines := make([]Line, len(refs))
	for i, ref := range refs {
		lines[i] = s.Reference(ref)
	}
	return s.LineStats(s.Hypothesis(hyp), lines, dst)
}

// LineStats is Stats of lines of this scorer.
func (s *Scorer) LineStats(hyp Line, refs []Line, dst []float64) error {
	if len(dst) != Width || len(refs) == 0 {
		return errors.New("METEOR needs references and room for its statistics")
	}
	best := -1.0
	for _, ref := range refs {
		s.hyp, s.ref = hyp, ref
		s.pairStats()
		if score := Score(s.stats); score > best {
			best = score
			copy(dst, s.stats)
		}
	}
	return nil
}

// pairStats aligns s.hyp and s.ref and writes the statistics to s.stats.
func (s *Scorer) pairStats() {
	clear(s.stats)
	s.countSide(s.hyp, 0)
	s.countSide(s.ref, 1)
	chosen := s.matches()
	chunks, end1, end2 := 0, -1, -1
	for _, m := range chosen {
		s.countMatch(s.hyp[m.start1:m.start1+m.len1], m.stage, 0)
		s.countMatch(s.ref[m.start2:m.start2+m.len2], m.stage, 1)
		if int(m.start1) != end1 || int(m.start2) != end2 {
			chunks++
		}
		end1, end2 = int(m.start1+m.len1), int(m.start2+m.len2)
	}
	whole := int(s.stats[statMatched]) == len(s.hyp) && int(s.stats[statMatched+1]) == len(s.ref)
	if chunks == 1 && whole {
		chunks = 0
	}
	s.stats[statChunks] = float64(chunks)
}

func (s *Scorer) countSide(tokens []int32, side int) {
	s.stats[side] = float64(len(tokens))
	for _, id := range tokens {
		if s.words.info[id].function {
			s.stats[2+side]++
		}
	}
}

func (s *Scorer) countMatch(tokens []int32, stage Stage, side int) {
	at := 4 + 4*int(stage) + side
	for _, id := range tokens {
		if s.words.info[id].function {
			s.stats[at+2]++
		} else {
			s.stats[at]++
		}
	}
	s.stats[statMatched+side] += float64(len(tokens))
}

// matches returns the alignment of s.hyp and s.ref, in the order of the reference. It is valid until the next call.
func (s *Scorer) matches() []match {
	if slices.Equal(s.hyp, s.ref) { // only exact matches are looked for, and the search pairs each word with itself
		return s.align.identity(len(s.hyp))
	}
	s.pair.load(s)
	return s.align.run(&s.pair)
}
