package nn

import "harness/model/engine"

// Text names the int32 inputs of a group of texts. While training, [CollateIn] writes them all.
type Text struct {
	IDs     string // [B, L]
	Lengths string // [B], how many ids of each text are no padding; "": all
	Rows    string // [R], the positions that are read in the end, counted over B·L; "": all
}

// Group are the inputs of a group.
func Group(name string) Text {
	return Text{IDs: name + ".ids", Lengths: name + ".lengths", Rows: name + ".rows"}
}

// before is how many positions x [B, S, d] has before the text.
func (t Text) before(o engine.Ops, x engine.Value) int { return x.Shape()[1] - o.IntShape(t.IDs)[1] }

// unpad is x [B, S, d] without padding.
func (t Text) unpad(o engine.Ops, x engine.Value) engine.Value {
	if t.Lengths == "" {
		return x
	}
	return o.Unpad(x, t.before(o, x), t.Lengths)
}

// read is x [B, S, d] at the positions that are read in the end.
func (t Text) read(o engine.Ops, x engine.Value) engine.Value {
	if t.Rows == "" {
		return x
	}
	return o.Only(x, t.before(o, x), t.Rows)
}

// selection chooses positions of x [B, S, d].
type selection func(o engine.Ops, x engine.Value) engine.Value

func all(_ engine.Ops, x engine.Value) engine.Value { return x }

// onlyLast is what is needed behind the attention of block i of depth: of the last one, what is read in the end.
func (t Text) onlyLast(i, depth int) selection {
	if i < depth-1 {
		return all
	}
	return t.read
}
