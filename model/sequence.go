package model

import (
	"fmt"

	"harness/model/engine"
)

// sequence is one text of a batch, ready for the decoder: what goes in, and which outputs predict what.
type sequence struct {
	image    int     // which image of the batch it belongs to
	ids      []int32 // input
	causal   bool    // false: parallel prediction, where every position sees every position
	rows     []int   // input positions whose output counts
	targets  []int32 // what they predict
	question int     // LM only: tokens of the question, the prefix when generating
}

// causalSequence is [BOS, prefix, target] with the loss on target and EOS (FACTS 2.3). bos < 0 leaves BOS out, as the LM
// does. A target longer than limit is cut, and then has no EOS.
func causalSequence(bos, eos int32, prefix, target []int32, limit int) sequence {
	s := sequence{causal: true}
	if bos >= 0 {
		s.ids = append(s.ids, bos)
	}
	s.ids = append(s.ids, prefix...)
	s.question = len(s.ids)
	cut := len(target) > limit
	if cut {
		target = target[:limit]
	}
	for i, id := range target {
		s.rows = append(s.rows, s.question-1+i)
		s.targets = append(s.targets, id)
	}
	s.ids = append(s.ids, target...)
	if cut {
		s.ids = s.ids[:len(s.ids)-1] // its output would be the token that was cut off
	} else {
		s.rows = append(s.rows, len(s.ids)-1)
		s.targets = append(s.targets, eos)
	}
	return s
}

// parallelSequence is [BOS, prefix, MASK × masks]: the output at the j-th MASK predicts the j-th token of [target, EOS]
// (FACTS 2.4). The number of masks is fixed, so that the length of the text is not given away.
func parallelSequence(bos, eos, mask int32, prefix, target []int32, masks int) sequence {
	s := sequence{ids: append([]int32{bos}, prefix...)}
	s.question = len(s.ids)
	for j := range masks {
		s.ids = append(s.ids, mask)
		switch {
		case j < len(target):
			s.targets = append(s.targets, target[j])
		case j == len(target):
			s.targets = append(s.targets, eos)
		default:
			continue
		}
		s.rows = append(s.rows, s.question+j)
	}
	return s
}

// bucket rounds a length up, so that a compiling engine sees few different shapes.
func bucket(n, step int) int { return (n + step - 1) / step * step }

// collate writes sequences into in as the inputs of one group: NAME.ids [B, L], NAME.image, NAME.lengths, NAME.causal
// [B] and NAME.rows [R], counted over B·L. It returns the targets of the rows. All is padded to multiples of step, L to
// at most longest; padded rows point at 0 and get no weight.
func collate(in engine.Inputs, name string, list []sequence, pad int32, step, longest int) (targets []int32, weights []float32) {
	b, l := len(list), 0
	for _, s := range list {
		l = max(l, len(s.ids))
	}
	l = max(l, min(bucket(l, step), longest))
	ids := make([]int32, b*l)
	image, lengths, causal := make([]int32, b), make([]int32, b), make([]int32, b)
	var rows []int32
	for i, s := range list {
		row := ids[i*l:][:l]
		for j := copy(row, s.ids); j < l; j++ {
			row[j] = pad
		}
		image[i], lengths[i] = int32(s.image), int32(len(s.ids))
		if s.causal {
			causal[i] = 1
		}
		for j, r := range s.rows {
			rows = append(rows, int32(i*l+r))
			targets = append(targets, s.targets[j])
			weights = append(weights, 1)
		}
	}
	for len(rows)%step != 0 {
		rows, targets, weights = append(rows, 0), append(targets, 0), append(weights, 0)
	}
	in[name+".ids"] = engine.Ints(ids, b, l)
	in[name+".image"] = engine.Ints(image, b)
	in[name+".lengths"] = engine.Ints(lengths, b)
	in[name+".causal"] = engine.Ints(causal, b)
	in[name+".rows"] = engine.Ints(rows, len(rows))
	return targets, weights
}

// setTargets writes the labels and weights of all groups, in the order of their rows.
func setTargets(in engine.Inputs, targets []int32, weights []float32) {
	in["labels"] = engine.Ints(targets, len(targets))
	in["weights"] = engine.Floats(weights, len(weights))
}

func toInt32(ids []int) []int32 {
	out := make([]int32, len(ids))
	for i, id := range ids {
		out[i] = int32(id)
	}
	return out
}

func toInt(ids []int32) []int {
	out := make([]int, len(ids))
	for i, id := range ids {
		out[i] = int(id)
	}
	return out
}

// boxText is a quantised box as text (FACTS 2.3).
func boxText(q [4]int) string { return fmt.Sprintf("[%d, %d, %d, %d]", q[0], q[1], q[2], q[3]) }
