package metrics

import (
	"context"
	"slices"
)

// ter computes TER as sacrebleu does by default: the fewest edits, a shift of words in a row being one edit, that make the lower-cased
// hypothesis one of its references, over the mean length of the references; 0 is best, and 100 and more is possible. The search is
// tercom's: greedy, along the diagonal, and it ends early on texts with many possible shifts. A row is the edits and the length.
type ter struct {
	corpus    *corpus // in lower case
	signature string
}

func newTER(c *corpus, opts Options) (scorer, error) {
	return &ter{c.retokenize(opts.Threads, fullLower), signature(c, opts, "case:lc|tok:tercom|norm:no|punct:yes|asian:no")}, nil
}

func (t *ter) width() int      { return 2 }
func (t *ter) notes() []string { return []string{"TER, 0 is best, of 100 and more: " + t.signature} }

func (t *ter) newWorker() func(context.Context, int, []float64) error {
	var search terSearch
	return func(ctx context.Context, i int, row []float64) error {
		hyp, refs := t.corpus.hyps[i], t.corpus.refs[i]
		fewest, lengths := -1, 0
		for _, ref := range refs {
			edits, err := search.edits(ctx, hyp.words, ref.words)
			if err != nil {
				return err
			}
			if fewest < 0 || edits < fewest {
				fewest = edits
			}
			lengths += len(ref.words)
		}
		row[0], row[1] = float64(fewest), float64(lengths)/float64(len(refs))
		return nil
	}
}

func (t *ter) value(sum []float64, _ float64, out []float64) {
	switch edits, length := sum[0], sum[1]; {
	case length > 0:
		out[0] = 100 * edits / length
	case edits > 0:
		out[0] = 100
	default:
		out[0] = 0
	}
}

// The limits of the search; sacrebleu has the same.
const (
	terShiftSize     = 10   // words that are moved at once
	terShiftDistance = 50   // words between the two places
	terCandidates    = 1000 // shifts that are tried for one pair of texts
)

// terSearch is the memory of one goroutine.
type terSearch struct {
	base    beam // of the words as they are shifted so far
	tried   beam
	shifted []int32
	next    []int32
	align   []int32 // by word of the reference: the word of the hypothesis that it stands for, or the one before; -1 before the first
	refBad  []int32 // by place: how many words of the reference before it are edits
	hypBad  []int32
}

// edits returns the fewest edits that the search finds.
func (s *terSearch) edits(ctx context.Context, hyp, ref []int32) (int, error) {
	if len(ref) == 0 {
		return len(hyp), nil
	}
	s.shifted = append(s.shifted[:0], hyp...)
	shifts, tried := 0, 0
	s.base.reset(len(hyp), ref)
	for {
		if err := s.base.fill(ctx, s.shifted, 0, nil); err != nil {
			return 0, err
		}
		gain, n, err := s.bestShift(ctx, ref, tried)
		if err != nil {
			return 0, err
		}
		if tried = n; tried >= terCandidates || gain <= 0 {
			return shifts + s.base.distance(), nil
		}
		shifts++
		s.shifted, s.next = s.next, s.shifted
	}
}

// shift moves length words of the hypothesis from start before the word at target.
type shift struct{ gain, length, start, target int }

// better puts the largest gain first, then the longest, the earliest, and the earliest place to go to.
func (a shift) better(b shift) bool {
	switch {
	case a.gain != b.gain:
		return a.gain > b.gain
	case a.length != b.length:
		return a.length > b.length
	case a.start != b.start:
		return a.start < b.start
	}
	return a.target < b.target
}

// bestShift leaves the words after the best shift in s.next and returns how many edits it saves, at most 0 for none, and how many
// shifts have been tried by now.
func (s *terSearch) bestShift(ctx context.Context, ref []int32, tried int) (gain, total int, err error) {
	hyp := s.shifted
	s.trace(len(hyp), len(ref))
	before := s.base.distance()
	var best shift
	found := false
	for start := range hyp {
		if ctx.Err() != nil {
			return 0, tried, ctx.Err()
		}
		for at := max(0, start-terShiftDistance); at < len(ref) && at <= start+terShiftDistance; at++ {
			for length := 1; length <= terShiftSize && start+length <= len(hyp) && at+length <= len(ref); length++ {
				if hyp[start+length-1] != ref[at+length-1] {
					break
				}
				if !s.worthwhile(start, at, length) {
					continue
				}
				last := -1
				for offset := -1; offset < length && at+offset < len(ref); offset++ {
					target := 0
					if at+offset >= 0 {
						target = int(s.align[at+offset]) + 1
					}
					if target == last {
						continue
					}
					last = target
					s.next = moved(s.next[:0], hyp, start, length, target)
					if err := s.tried.fill(ctx, s.next, min(start, target), &s.base); err != nil {
						return 0, tried, err
					}
					tried++
					candidate := shift{before - s.tried.distance(), length, start, target}
					if !found || candidate.better(best) {
						best, found = candidate, true
					}
				}
				if tried >= terCandidates {
					return 0, tried, nil
				}
			}
		}
	}
	if found {
		s.next = moved(s.next[:0], hyp, best.start, best.length, best.target)
	}
	return best.gain, tried, nil
}

// worthwhile reports whether words that are in part wrong where they stand match a place that is in part wrong as well, and would not
// be moved into themselves.
func (s *terSearch) worthwhile(start, at, length int) bool {
	if s.hypBad[start+length] == s.hypBad[start] || s.refBad[at+length] == s.refBad[at] {
		return false
	}
	aligned := int(s.align[at])
	return aligned < start || aligned >= start+length
}

// moved appends the words after a shift.
func moved(out, words []int32, start, length, target int) []int32 {
	taken := words[start : start+length]
	switch {
	case target < start:
		out = append(append(append(out, words[:target]...), taken...), words[target:start]...)
		return append(out, words[start+length:]...)
	case target > start+length:
		out = append(append(append(out, words[:start]...), words[start+length:target]...), taken...)
		return append(out, words[target:]...)
	}
	end := min(length+target, len(words)) // a shift within the words shifted moves them on by as many as it lies inside
	out = append(append(append(out, words[:start]...), words[start+length:end]...), taken...)
	return append(out, words[end:]...)
}

// trace reads from the base how the words of both sides stand for one another.
func (s *terSearch) trace(hyp, ref int) {
	s.align = slices.Grow(s.align[:0], ref)[:ref]
	s.refBad = slices.Grow(s.refBad[:0], ref+1)[:ref+1]
	s.hypBad = slices.Grow(s.hypBad[:0], hyp+1)[:hyp+1]
	s.refBad[0], s.hypBad[0] = 0, 0
	i, j := hyp, ref
	for i > 0 || j > 0 {
		switch op := s.base.op(i, j); op {
		case opInsert:
			s.align[j-1], s.refBad[j] = int32(i-1), 1
			j--
		case opDelete:
			s.hypBad[i] = 1
			i--
		default:
			bad := int32(0)
			if op == opReplace {
				bad = 1
			}
			s.align[j-1], s.refBad[j], s.hypBad[i] = int32(i-1), bad, bad
			i--
			j--
		}
	}
	for _, counts := range [][]int32{s.refBad, s.hypBad} {
		for k := 1; k < len(counts); k++ {
			counts[k] += counts[k-1]
		}
	}
}
