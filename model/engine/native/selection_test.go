package native

import (
	"strings"
	"testing"

	"harness/model/engine"
)

// TestUnpadHoldsTextsOnly: padding is neither stored nor computed, and comes back as zeros where all positions are wanted.
func TestUnpadHoldsTextsOnly(t *testing.T) {
	s := newTestSession(t, engine.Param{Name: "x", Tensor: counted(2, 6, 3)})
	in := engine.Inputs{"lengths": engine.Ints([]int32{2, 5}, 2)}
	out, err := s.Run("unpad", func(o engine.Ops) []engine.Value {
		x := o.Scale(o.Unpad(o.Param("x"), 0, "lengths"), 2)
		if v := x.(*value); len(v.data) != 7*3 || v.rows() != 7 {
			t.Errorf("%d floats and %d rows are held of 7 rows", len(v.data), v.rows())
		}
		return []engine.Value{x}
	}, in)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range out[0].F32 {
		row, want := i/3, float32(2*i)
		if row >= 2 && row < 6 || row == 11 {
			want = 0
		}
		if got != want {
			t.Errorf("element %d is %g, not %g", i, got, want)
		}
	}
}

// TestUnpadRefusesPadding: a program that reads padding would have other results on another engine.
func TestUnpadRefusesPadding(t *testing.T) {
	s := newTestSession(t, engine.Param{Name: "x", Tensor: counted(2, 6, 4)})
	in := engine.Inputs{"lengths": engine.Ints([]int32{2, 5}, 2), "others": engine.Ints([]int32{2, 6}, 2), "rows": engine.Ints([]int32{1, 3}, 2)}
	for _, test := range []struct {
		name, want string
		op         func(o engine.Ops, x engine.Value) engine.Value
	}{
		{"a row", "embedding: rows: row 3 was left out before, by lengths", func(o engine.Ops, x engine.Value) engine.Value {
			return o.Embedding(o.Reshape(x, 12, 4), "rows")
		}},
		{"keys that no mask hides", "unpadded by lengths", func(o engine.Ops, x engine.Value) engine.Value {
			return o.Attention(x, x, x, 2, engine.Mask{})
		}},
		{"keys that another mask hides", "unpadded by lengths", func(o engine.Ops, x engine.Value) engine.Value {
			return o.Attention(x, x, x, 2, engine.Mask{KeyLengths: "others"})
		}},
		{"lengths of other samples", "int32 [1] is wanted", func(o engine.Ops, x engine.Value) engine.Value {
			return o.Unpad(o.Slice(x, 0, 0, 1), 0, "lengths")
		}},
		{"no texts", "is not [batch, positions, width]", func(o engine.Ops, x engine.Value) engine.Value {
			return o.Unpad(o.Reshape(x, 12, 4), 0, "lengths")
		}},
	} {
		_, err := s.Run(test.name, func(o engine.Ops) []engine.Value {
			return []engine.Value{test.op(o, o.Unpad(o.Param("x"), 0, "lengths"))}
		}, in)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func newTestSession(t *testing.T, params ...engine.Param) *Session {
	t.Helper()
	s, err := newSession(newEngine(1, bestKind(), noBF16), params)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// counted is 0, 1, 2, … in that shape.
func counted(shape ...int) engine.Tensor {
	x := engine.Floats(make([]float32, engine.Size(shape)), shape...)
	for i := range x.F32 {
		x.F32[i] = float32(i)
	}
	return x
}
