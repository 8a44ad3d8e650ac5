package nn

import (
	"fmt"

	"harness/model/engine"
)

// Sequence is one text of a batch, ready for the decoder: what goes in, and which outputs predict what.
type Sequence struct {
	Image    int     // which image of the batch it belongs to
	IDs      []int32 // input
	Causal   bool    // false: parallel prediction, where every position sees every position
	Rows     []int   // input positions whose output counts
	Targets  []int32 // what they predict
	Question int     // LM only: tokens of the question, the prefix when generating
}

// CausalSequence is [BOS, prefix, target] with the loss on target and EOS (FACTS 2.3). bos < 0 leaves BOS out, as the LM
// does. A target longer than limit is cut, and then has no EOS.
func CausalSequence(bos, eos int32, prefix, target []int32, limit int) Sequence {
	s := Sequence{Causal: true}
	if bos >= 0 {
		s.IDs = append(s.IDs, bos)
	}
	s.IDs = append(s.IDs, prefix...)
	s.Question = len(s.IDs)
	cut := len(target) > limit
	if cut {
		target = target[:limit]
	}
	for i, id := range target {
		s.Rows = append(s.Rows, s.Question-1+i)
		s.Targets = append(s.Targets, id)
	}
	s.IDs = append(s.IDs, target...)
	if cut {
		s.IDs = s.IDs[:len(s.IDs)-1] // its output would be the token that was cut off
	} else {
		s.Rows = append(s.Rows, len(s.IDs)-1)
		s.Targets = append(s.Targets, eos)
	}
	return s
}

// ParallelSequence is [BOS, prefix, MASK × masks]: the output at the j-th MASK predicts the j-th token of [target, EOS]
// (FACTS 2.4). The number of masks is fixed, so that the length of the text is not given away.
func ParallelSequence(bos, eos, mask int32, prefix, target []int32, masks int) Sequence {
	s := Sequence{IDs: append([]int32{bos}, prefix...)}
	s.Question = len(s.IDs)
	for j := range masks {
		s.IDs = append(s.IDs, mask)
		switch {
		case j < len(target):
			s.Targets = append(s.Targets, target[j])
		case j == len(target):
			s.Targets = append(s.Targets, eos)
		default:
			continue
		}
		s.Rows = append(s.Rows, s.Question+j)
	}
	return s
}

// Collate writes sequences into in as the inputs of one group, as CollateIn does. L and R are padded to multiples of step, L to at most
// longest.
func Collate(in engine.Inputs, name string, list []Sequence, pad int32, step, longest int) (targets []int32, weights []float32) {
	return CollateIn(in, name, list, pad, RoomFor(list).Rounded(step, longest))
}

// CollateIn writes sequences into in as the inputs of one group (see [Group]): NAME.ids [B, L], NAME.image, NAME.lengths, NAME.causal
// [B] and NAME.rows [R], counted over B·L. It returns the targets of the rows. All is padded to the room: padded rows point at 0 and get no
// weight, padded sequences are one token of the first image.
func CollateIn(in engine.Inputs, name string, list []Sequence, pad int32, room Room) (targets []int32, weights []float32) {
	room = room.Or(RoomFor(list))
	b, l := room.Sequences, room.Length
	ids := make([]int32, b*l)
	image, lengths, causal := make([]int32, b), make([]int32, b), make([]int32, b)
	var rows []int32
	for i := range b {
		s := Sequence{IDs: []int32{pad}, Causal: true}
		if i < len(list) {
			s = list[i]
		}
		row := ids[i*l:][:l]
		for j := copy(row, s.IDs); j < l; j++ {
			row[j] = pad
		}
		image[i], lengths[i] = int32(s.Image), int32(len(s.IDs))
		if s.Causal {
			causal[i] = 1
		}
		for j, r := range s.Rows {
			rows = append(rows, int32(i*l+r))
			targets = append(targets, s.Targets[j])
			weights = append(weights, 1)
		}
	}
	for len(rows) < room.Rows {
		rows, targets, weights = append(rows, 0), append(targets, 0), append(weights, 0)
	}
	in[name+".ids"] = engine.Ints(ids, b, l)
	in[name+".image"] = engine.Ints(image, b)
	in[name+".lengths"] = engine.Ints(lengths, b)
	in[name+".causal"] = engine.Ints(causal, b)
	in[name+".rows"] = engine.Ints(rows, len(rows))
	return targets, weights
}

// SetTargets writes the labels and weights of all groups, in the order of their rows.
func SetTargets(in engine.Inputs, targets []int32, weights []float32) {
	in["labels"] = engine.Ints(targets, len(targets))
	in["weights"] = engine.Floats(weights, len(weights))
}

// ToInt32 converts the ids of a tokenizer for an engine.
func ToInt32(ids []int) []int32 {
	out := make([]int32, len(ids))
	for i, id := range ids {
		out[i] = int32(id)
	}
	return out
}

// ToInt converts the ids of an engine for a tokenizer.
func ToInt(ids []int32) []int {
	out := make([]int, len(ids))
	for i, id := range ids {
		out[i] = int(id)
	}
	return out
}

// BoxText is a quantised box as text (FACTS 2.3).
func BoxText(q [4]int) string { return fmt.Sprintf("[%d, %d, %d, %d]", q[0], q[1], q[2], q[3]) }

// Ones are n weights of one.
func Ones(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	return x
}
