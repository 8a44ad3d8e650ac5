package native

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"harness/model/engine"
	"harness/model/engine/enginetest"
)

// kinds are the kernels that this machine runs.
func kinds() []kind {
	all := []kind{plainKernels, avx2Kernels, avx512Kernels}
	return all[:bestKind()+1]
}

// TestKinds checks every kind of kernels, not just the one that this machine would choose.
func TestKinds(t *testing.T) {
	for _, k := range kinds() {
		e := newEngine(2, k, noBF16)
		t.Run(e.Device(), func(t *testing.T) { enginetest.Run(t, e) })
	}
}

func normal(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// TestGEMM compares products of all sizes around tiles, panels and blocks with the definition in float64.
func TestGEMM(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	sizes := []int{1, 2, 5, 6, 7, 13, 14, 15, 16, 17, 28, 31, 32, 33, 48, 64, 65, 113}
	for _, k := range kinds() {
		d := openDevice(2, k, noBF16)
		defer d.close()
		for range 150 {
			m, n, inner := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			if r.IntN(8) == 0 {
				inner += 256 * (1 + r.IntN(2))
			}
			checkGEMM(t, d, r, m, n, inner, r.IntN(2) == 1, r.IntN(2) == 1, r.IntN(2) == 1)
		}
	}
}

// TestGEMMCopies compares products whose operands lie in rows that must not be read in place.
func TestGEMMCopies(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, k := range kinds() {
		d := openDevice(2, k, noBF16)
		defer d.close()
		for _, size := range [][3]int{{130, 50, 1024}, {1024, 35, 390}, {70, 600, 30}, {66, 513, 769}} {
			for layout := range 4 {
				checkGEMM(t, d, r, size[0], size[1], size[2], layout%2 == 1, layout/2 == 1, layout%3 == 0)
			}
		}
	}
}

// checkGEMM compares one product of random matrices with the definition; left and right say which operands lie transposed.
func checkGEMM(t *testing.T, d *device, r *rand.Rand, m, n, inner int, leftOver, rightOver, add bool) {
	t.Helper()
	a, b, bias, before := normal(r, m*inner), normal(r, inner*n), normal(r, n), normal(r, m*n)
	left, right := rowMajor(a, inner), rowMajor(b, n)
	if leftOver {
		left = rowMajor(a, m).transposed()
	}
	if rightOver {
		right = rowMajor(b, inner).transposed()
	}
	if add || r.IntN(2) == 1 {
		bias = nil
	}
	got := slices.Clone(before)
	d.gemm(m, n, inner, left, right, bias, got, add)
	holdProduct(t, d.name(), m, n, inner, left, right, bias, before, got, add, func(x float32) float64 { return float64(x) })
}

// holdProduct compares a product with its definition in float64, of operands as the kernel reads them.
func holdProduct(t *testing.T, kernel string, m, n, inner int, left, right matrix, bias, before, got []float32, add bool, read func(float32) float64) {
	t.Helper()
	for i := range m {
		for j := range n {
			want, size := 0.0, 1.0
			if add {
				want = float64(before[i*n+j])
			}
			if bias != nil {
				want = float64(bias[j])
			}
			for l := range inner {
				term := read(left.data[i*left.row+l*left.col]) * read(right.data[l*right.row+j*right.col])
				want += term
				size += math.Abs(term)
			}
			if !(math.Abs(float64(got[i*n+j])-want) <= 1e-6*size) {
				t.Fatalf("%s: [%d %d %d] %v %v add %v: element %d,%d is %g, not %g", kernel, m, n, inner, left.col == 1,
					right.col == 1, add, i, j, got[i*n+j], want)
			}
		}
	}
}

// TestAttention compares attention over random sizes and masks with its definition in float64.
func TestAttention(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, k := range kinds() {
		e := newEngine(2, k, noBF16)
		for range 40 {
			batch, queries, keys, heads := 1+r.IntN(3), 1+r.IntN(130), 1+r.IntN(130), 1+r.IntN(3)
			if r.IntN(8) == 0 {
				keys += 256
			}
			width := heads * (1 + r.IntN(40))
			if r.IntN(2) == 1 {
				queries = 1 + r.IntN(5) // as in decoding
			}
			q, k, v := randomOperands(r, batch, queries, keys, width)
			in := engine.Inputs{"q": q, "k": k, "v": v}
			mask := randomMask(r, in, batch, keys)
			s, err := e.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Run("", func(o engine.Ops) []engine.Value {
				return []engine.Value{o.Attention(o.Input("q"), o.Input("k"), o.Input("v"), heads, mask)}
			}, in)
			if err != nil {
				t.Fatal(err)
			}
			want := slowAttention(in, heads, mask)
			for i, w := range want {
				if !(math.Abs(float64(got[0].F32[i])-w) < 1e-4) {
					t.Fatalf("%s: %v × %v, %d heads, %+v: element %d is %g, not %g", e.Device(), in["q"].Shape, in["k"].Shape,
						heads, mask, i, got[0].F32[i], w)
				}
			}
			s.Close()
		}
	}
}

// randomOperands draws the three operands of attention.
func randomOperands(r *rand.Rand, batch, queries, keys, width int) (q, k, v engine.Tensor) {
	draw := func(n int) engine.Tensor { return engine.Floats(normal(r, batch*n*width), batch, n, width) }
	return draw(queries), draw(keys), draw(keys)
}

// randomMask draws a mask for that many samples and keys, and puts its inputs to the others.
func randomMask(r *rand.Rand, in engine.Inputs, batch, keys int) engine.Mask {
	mask := engine.Mask{Causal: r.IntN(2) == 1}
	if r.IntN(2) == 1 {
		mask.KeyLengths = "lengths"
		in["lengths"] = engine.Ints(make([]int32, batch), batch)
		for i := range batch {
			in["lengths"].I32[i] = r.Int32N(int32(keys) + 1)
		}
	}
	if mask.Causal && r.IntN(2) == 1 {
		mask.CausalRows = "causal"
		in["causal"] = engine.Ints(make([]int32, batch), batch)
		for i := range batch {
			in["causal"].I32[i] = r.Int32N(2)
		}
	}
	return mask
}

// seenBy is how many keys a query sees.
func seenBy(in engine.Inputs, mask engine.Mask, sample, query, queries, keys int) int {
	seen := keys
	if mask.Causal && (mask.CausalRows == "" || in["causal"].I32[sample] == 1) {
		seen = max(keys-queries+query+1, 0)
	}
	if mask.KeyLengths != "" {
		seen = min(seen, int(in["lengths"].I32[sample]))
	}
	return seen
}

// TestAttentionBack compares the gradients of attention over random sizes and masks with their definition in float64.
func TestAttentionBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, k := range kinds() {
		e := newEngine(2, k, noBF16)
		for range 40 {
			batch, queries, keys, heads := 1+r.IntN(3), 1+r.IntN(150), 1+r.IntN(150), 1+r.IntN(3)
			if r.IntN(2) == 1 {
				keys = queries // as in a model of texts
			}
			width := heads * []int{1 + r.IntN(40), 8, 16, 24, 32, 64}[r.IntN(6)]
			q, k, v := randomOperands(r, batch, queries, keys, width)
			params := []engine.Param{{Name: "q", Tensor: q}, {Name: "k", Tensor: k}, {Name: "v", Tensor: v}}
			size := batch * queries * width
			in := engine.Inputs{"dy": engine.Floats(normal(r, size), size)}
			mask := randomMask(r, in, batch, keys)
			s, err := e.New(params)
			if err != nil {
				t.Fatal(err)
			}
			_, got, err := s.Gradients("", func(o engine.Ops) []engine.Value {
				y := o.Reshape(o.Attention(o.Param("q"), o.Param("k"), o.Param("v"), heads, mask), size)
				return []engine.Value{o.Scale(o.Mean(o.Mul(y, o.Input("dy")), 0), float64(size))}
			}, in)
			if err != nil {
				t.Fatal(err)
			}
			want := slowAttentionBack(params, in, heads, mask)
			for _, p := range params {
				for i, w := range want[p.Name] {
					if !(math.Abs(float64(got[p.Name].F32[i])-w) < 3e-4*math.Sqrt(float64(queries))) {
						t.Fatalf("%s: %d queries, %d keys, %d heads, width %d, %+v: gradient %d of %s is %g, not %g", e.Device(), queries, keys,
							heads, width, mask, i, p.Name, got[p.Name].F32[i], w)
					}
				}
			}
			s.Close()
		}
	}
}

// slowAttentionBack is the gradient of Σ dy y by its definition.
func slowAttentionBack(params []engine.Param, in engine.Inputs, heads int, mask engine.Mask) map[string][]float64 {
	q, k, v, dy := params[0].Tensor, params[1].Tensor, params[2].Tensor, in["dy"]
	batch, queries, keys, width := q.Shape[0], q.Shape[1], k.Shape[1], q.Shape[2]
	d := width / heads
	root := math.Sqrt(float64(d))
	dq, dk, dv := make([]float64, q.Size()), make([]float64, k.Size()), make([]float64, v.Size())
	for b := range batch {
		for i := range queries {
			seen := seenBy(in, mask, b, i, queries, keys)
			for h := range heads {
				row := (b*queries+i)*width + h*d
				at := func(j int) int { return (b*keys+j)*width + h*d }
				p := slowSoftmax(q.F32[row:row+d], k.F32, at, seen)
				dp, drift := make([]float64, seen), 0.0
				for j := range p {
					dp[j] = slowDot(dy.F32[row:row+d], v.F32[at(j):])
					drift += p[j] * dp[j]
				}
				for j := range p {
					ds := p[j] * (dp[j] - drift) / root
					for l := range d {
						dq[row+l] += ds * float64(k.F32[at(j)+l])
						dk[at(j)+l] += ds * float64(q.F32[row+l])
						dv[at(j)+l] += p[j] * float64(dy.F32[row+l])
					}
				}
			}
		}
	}
	return map[string][]float64{"q": dq, "k": dk, "v": dv}
}

// slowSoftmax is the softmax over the scaled products of a query with the first keys, which begin at places of k.
func slowSoftmax(query, k []float32, at func(key int) int, keys int) []float64 {
	p, total := make([]float64, keys), 0.0
	for j := range p {
		p[j] = math.Exp(slowDot(query, k[at(j):]) / math.Sqrt(float64(len(query))))
		total += p[j]
	}
	for j := range p {
		p[j] /= total
	}
	return p
}

// slowDot is the product of x with as many numbers of y.
func slowDot(x, y []float32) (sum float64) {
	for l := range x {
		sum += float64(x[l]) * float64(y[l])
	}
	return sum
}

// slowAttention is attention by its definition.
func slowAttention(in engine.Inputs, heads int, mask engine.Mask) []float64 {
	q, k, v := in["q"], in["k"], in["v"]
	batch, queries, keys, width := q.Shape[0], q.Shape[1], k.Shape[1], q.Shape[2]
	d := width / heads
	out := make([]float64, q.Size())
	for b := range batch {
		for i := range queries {
			seen := seenBy(in, mask, b, i, queries, keys)
			for h := range heads {
				row := (b*queries+i)*width + h*d
				at := func(j int) int { return (b*keys+j)*width + h*d }
				for j, p := range slowSoftmax(q.F32[row:row+d], k.F32, at, seen) {
					for l := range d {
						out[row+l] += p * float64(v.F32[at(j)+l])
					}
				}
			}
		}
	}
	return out
}

// train takes some steps of the peer and returns the losses and the final state.
func train(t *testing.T, e *Engine, steps int) ([]float64, map[string]engine.Tensor) {
	peer := enginetest.Peer.New()
	s, err := e.New(peer.Params)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var losses []float64
	for range steps {
		got, err := s.Step("peer", peer.Program, peer.Inputs, 1e-3, peer.AdamW)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, got.Loss, got.GradNorm)
	}
	state, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	return losses, state
}

// TestThreads: the bits do not depend on the number of threads, even more than there are cores, nor on other sessions.
func TestThreads(t *testing.T) {
	want, state := train(t, New(1), 3)
	for _, threads := range []int{2, 3, 8} {
		e := New(threads)
		var wait sync.WaitGroup
		for neighbour := range 2 {
			wait.Go(func() {
				got, moved := train(t, e, 3)
				if !slices.Equal(got, want) {
					t.Errorf("%d threads, session %d: losses and norms %v, not %v", threads, neighbour, got, want)
				}
				for name, tensor := range state {
					if !slices.Equal(tensor.F32, moved[name].F32) {
						t.Errorf("%d threads, session %d: %s differs", threads, neighbour, name)
					}
				}
			})
		}
		wait.Wait()
	}
}

// TestSetThreads: nor do they change when the number of threads does, in the middle of a step or between two.
func TestSetThreads(t *testing.T) {
	want, _ := train(t, New(1), 3)
	e := New(1)
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
				e.SetThreads(1 + n%4)
			}
		}
	})
	for range 3 {
		if got, _ := train(t, e, 3); !slices.Equal(got, want) {
			t.Errorf("losses and norms %v, not %v", got, want)
		}
	}
	close(done)
	wait.Wait()
	e.SetThreads(3)
	if got := e.Device(); !strings.HasSuffix(got, ", 3 threads") {
		t.Error(got)
	}
	if e.SetThreads(0); !strings.HasSuffix(e.Device(), ", 1 thread") {
		t.Error(e.Device())
	}
}

// TestArenaIsSteady: a repeated step takes no more memory than the first.
func TestArenaIsSteady(t *testing.T) {
	peer := enginetest.Peer.New()
	made, err := New(1).New(peer.Params)
	if err != nil {
		t.Fatal(err)
	}
	s := made.(*Session)
	defer s.Close()
	var chunks []string
	for range 3 {
		if _, err := s.Step("peer", peer.Program, peer.Inputs, 1e-3, peer.AdamW); err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, fmt.Sprint(len(s.arena.chunks), s.arena.chunk, s.arena.used))
	}
	if chunks[1] != chunks[2] || chunks[0] != chunks[1] {
		t.Errorf("chunks, the one in use, and its use after each step: %v", chunks)
	}
}

// TestGELU compares both forms, and with them the exponential of all kernels, with the library's in float64.
func TestGELU(t *testing.T) {
	for _, k := range kinds() {
		d := openDevice(1, k, noBF16)
		defer d.close()
		var x []float32
		for v := -40.0; v < 40; v += 0.0137 {
			x = append(x, float32(v))
		}
		y := make([]float32, len(x))
		d.element(elementGELUTanh, x, nil, 0, target{dst: y})
		for i, v := range x {
			u := float64(v)
			exponent := 2 * math.Sqrt(2/math.Pi) * (u + 0.044715*u*u*u)
			want := u / (1 + math.Exp(-exponent))
			if math.Abs(float64(y[i])-want) > 2e-7*max(2, math.Abs(exponent))*math.Abs(want)+1e-30 {
				t.Fatalf("%s: gelu(%g) = %g, not %g", d.name(), v, y[i], want)
			}
		}
		d.element(elementGELUErf, x, nil, 0, target{dst: y})
		for i, v := range x {
			want := float64(v) / 2 * math.Erfc(-float64(v)/math.Sqrt2)
			if math.Abs(float64(y[i])-want) > 4e-7*max(1, math.Abs(want)) {
				t.Fatalf("%s: erf gelu(%g) = %g, not %g", d.name(), v, y[i], want)
			}
		}
	}
}

// TestAdamW compares a step of arrays around a block with its definition.
func TestAdamW(t *testing.T) {
	const clip, beta1, beta2, eps, shrink, step, root = 0.5, 0.9, 0.999, 1e-8, 0.99, 0.01, 1.5
	r := rand.New(rand.NewPCG(4, 4))
	for _, k := range kinds() {
		d := openDevice(2, k, noBF16)
		defer d.close()
		for _, n := range []int{1, 15, 4096, 4099, 20_000} {
			memory := mapFloats(4 * n) // C keeps pointers to it
			defer unmapFloats(memory)
			copy(memory, normal(r, 4*n))
			p, m, v, g := memory[:n], memory[n:2*n], memory[2*n:3*n], memory[3*n:]
			for i := range v {
				v[i] *= v[i]
			}
			p0, m0, v0 := slices.Clone(p), slices.Clone(m), slices.Clone(v)
			d.adamw(p, m, v, g, clip, beta1, beta2, eps, shrink, step, root)
			for i := range n {
				slope := clip * float64(g[i])
				wantM := beta1*float64(m0[i]) + (1-beta1)*slope
				wantV := beta2*float64(v0[i]) + (1-beta2)*slope*slope
				wantP := shrink*float64(p0[i]) - step*wantM/(math.Sqrt(root*wantV)+eps)
				for _, c := range [][2]float64{{float64(m[i]), wantM}, {float64(v[i]), wantV}, {float64(p[i]), wantP}} {
					if !(math.Abs(c[0]-c[1]) <= 1e-6*(1+math.Abs(c[1]))) {
						t.Fatalf("%s: %d elements: element %d is %g, not %g", d.name(), n, i, c[0], c[1])
					}
				}
			}
		}
	}
}

// TestDropout compares the masks with engine.Keep.
func TestDropout(t *testing.T) {
	const n, rate = 10_001, 0.3
	for _, k := range kinds() {
		d := openDevice(2, k, noBF16)
		defer d.close()
		x, z := ones(n), make([]float32, n)
		d.dropout(x, 2, engine.DropoutBase(11, 3), engine.KeepThreshold(rate), target{dst: z})
		for i, v := range z {
			want := float32(0)
			if engine.Keep(11, 3, uint32(i), rate) {
				want = 2
			}
			if v != want {
				t.Fatalf("%s: element %d is %g, not %g", d.name(), i, v, want)
			}
		}
	}
}
