package native

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// encoderCase is a random encoder with all that an encoder may have.
type encoderCase struct {
	shape  EncoderShape
	layers []EncoderLayer
	conv   *Convolution
}

func newEncoderCase(r *rand.Rand, width, heads, inner, layers int, relative, convolution bool) encoderCase {
	linear := func(out, in int) Linear {
		w := normal(r, out*in)
		for i := range w {
			w[i] /= float32(math.Sqrt(float64(in)))
		}
		return Linear{w, normal(r, out)}
	}
	norm := func() Norm { return Norm{normal(r, width), normal(r, width)} }
	c := encoderCase{shape: EncoderShape{Width: width, Heads: heads, Inner: inner, Activation: Activation(r.IntN(5)), Eps: 1e-5, ScoreShare: 1}}
	if relative {
		c.shape.ScoreShare, c.shape.DistanceRows = 3, 10
		c.shape.RowOfDistance = func(d int) int { return min(max(d+5, 0), 9) }
	}
	for range layers {
		l := EncoderLayer{QKV: linear(3*width, width), Out: linear(width, width), FC1: linear(inner, width), FC2: linear(width, inner),
			Norm1: norm(), Norm2: norm()}
		if relative {
			l.KeyOfDistance, l.QueryOfDistance = normal(r, 10*width), normal(r, 10*width)
		}
		c.layers = append(c.layers, l)
	}
	if convolution {
		c.conv = &Convolution{Matrix: linear(width, 3*width), Norm: norm(), Taps: 3, Activation: Tanh}
	}
	return c
}

func apply(l Linear, x []float64, out int) []float64 {
	y := make([]float64, out)
	for o := range y {
		y[o] = float64(l.Bias[o])
		for i, v := range x {
			y[o] += v * float64(l.Weight[o*len(x)+i])
		}
	}
	return y
}

func (c encoderCase) norm(n Norm, x, more []float64) []float64 {
	y, mean, square := make([]float64, len(x)), 0.0, 0.0
	for i := range x {
		y[i] = x[i] + more[i]
		mean += y[i] / float64(len(x))
	}
	for _, v := range y {
		square += (v - mean) * (v - mean) / float64(len(x))
	}
	for i := range y {
		y[i] = (y[i]-mean)/math.Sqrt(square+c.shape.Eps)*float64(n.Weight[i]) + float64(n.Bias[i])
	}
	return y
}

func activate(kind Activation, x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		switch kind {
		case GELUErf:
			y[i] = v * 0.5 * (1 + math.Erf(v/math.Sqrt2))
		case GELUTanh:
			y[i] = 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
		case ReLU:
			y[i] = max(v, 0)
		case SiLU:
			y[i] = v / (1 + math.Exp(-v))
		case Tanh:
			y[i] = math.Tanh(v)
		}
	}
	return y
}

// encode is the definition, in float64, of one sentence.
func (c encoderCase) encode(x [][]float64) [][]float64 {
	w, d := c.shape.Width, c.shape.Width/c.shape.Heads
	input := x
	for number, l := range c.layers {
		var qkv, next [][]float64
		for _, row := range x {
			qkv = append(qkv, apply(l.QKV, row, 3*w))
		}
		for i := range x {
			mixed := make([]float64, w)
			for h := range c.shape.Heads {
				scores, total := make([]float64, len(x)), 0.0
				for j := range x {
					for k := range d {
						q, key := qkv[i][h*d+k], qkv[j][w+h*d+k]
						scores[j] += q * key
						if c.shape.RowOfDistance != nil {
							at := c.shape.RowOfDistance(i-j)*w + h*d + k
							scores[j] += q*float64(l.KeyOfDistance[at]) + key*float64(l.QueryOfDistance[at])
						}
					}
					scores[j] = math.Exp(scores[j] / math.Sqrt(float64(d*c.shape.ScoreShare)))
					total += scores[j]
				}
				for j := range x {
					for k := range d {
						mixed[h*d+k] += scores[j] / total * qkv[j][2*w+h*d+k]
					}
				}
			}
			row := c.norm(l.Norm1, x[i], apply(l.Out, mixed, w))
			next = append(next, c.norm(l.Norm2, row, apply(l.FC2, activate(c.shape.Activation, apply(l.FC1, row, c.shape.Inner)), w)))
		}
		if number == 0 && c.conv != nil {
			for i := range next {
				var around []float64
				for tap := -1; tap <= 1; tap++ {
					if i+tap < 0 || i+tap >= len(input) {
						around = append(around, make([]float64, w)...)
					} else {
						around = append(around, input[i+tap]...)
					}
				}
				next[i] = c.norm(c.conv.Norm, next[i], activate(c.conv.Activation, apply(c.conv.Matrix, around, w)))
			}
		}
		x = next
	}
	return x
}

// TestEncoder compares every kind of kernels with the definition, on sentences of lengths around tiles, panels and groups.
func TestEncoder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for round := range 8 {
		c := newEncoderCase(r, []int{24, 36, 64}[round%3], []int{2, 3, 4}[round%3], 40, 2, round%2 == 1, round%4 >= 2)
		lengths := []int{1, 2, 13, 14, 15, 33, 150, 3, 60}
		var x []float32
		var want []float64
		for _, n := range lengths {
			var rows [][]float64
			for range n {
				row := normal(r, c.shape.Width)
				x = append(x, row...)
				wide := make([]float64, len(row))
				for i, v := range row {
					wide[i] = float64(v)
				}
				rows = append(rows, wide)
			}
			for _, row := range c.encode(rows) {
				want = append(want, row...)
			}
		}
		for _, k := range kinds() {
			enc, err := newEngine(2, k, noBF16).NewEncoder(c.shape, c.layers, c.conv)
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Clone(x)
			if err := enc.Encode(context.Background(), got, lengths); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if math.Abs(float64(got[i])-want[i]) > 2e-4*(1+math.Abs(want[i])) {
					t.Fatalf("round %d, kernels %d, row %d: %v, want %v", round, k, i/c.shape.Width, got[i], want[i])
				}
			}
			enc.Close()
		}
	}
}

// TestEncoderRefuses: sizes that do not fit, and work that nobody wants any more.
func TestEncoderRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	c := newEncoderCase(r, 24, 2, 40, 1, false, false)
	e := New(1)
	enc, err := e.NewEncoder(c.shape, c.layers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	if err := enc.Encode(context.Background(), make([]float32, 24), []int{2}); err == nil {
		t.Error("too few rows were taken")
	}
	if err := enc.Encode(context.Background(), make([]float32, 24), []int{1, 0}); err == nil {
		t.Error("a sentence without rows was taken")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := enc.Encode(ctx, make([]float32, 24), []int{1}); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	c.layers[0].FC1.Weight = c.layers[0].FC1.Weight[1:]
	if _, err := e.NewEncoder(c.shape, c.layers, nil); err == nil {
		t.Error("a matrix of another size was taken")
	}
}
