package native

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"harness/model/engine"
	"harness/model/engine/enginetest"
)

// bf16Kinds are the kinds that this machine has; a test skips where there is none.
func bf16Kinds(t testing.TB) []bf16Kind {
	best := bestBF16()
	if best == noBF16 {
		t.Skip("this CPU has neither AMX-BF16 nor AVX512-BF16")
	}
	return []bf16Kind{avx512BF16, amxBF16}[:best]
}

// rounded is x as the nearest bfloat16, the even one of two.
func rounded(x float32) float64 {
	bits := math.Float32bits(x)
	bits += 0x7fff + bits>>16&1
	return float64(math.Float32frombits(bits &^ 0xffff))
}

// TestBF16GEMM compares products of all sizes around tiles and blocks with their definition in float64 on rounded operands.
func TestBF16GEMM(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	sizes := []int{1, 2, 5, 15, 16, 17, 31, 32, 33, 48, 64, 65, 127, 129, 200}
	for _, kind := range bf16Kinds(t) {
		d := openDevice(2, bestKind(), kind)
		defer d.close()
		for range 200 {
			m, n, inner := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			if r.IntN(8) == 0 {
				inner += 512 * (1 + r.IntN(2))
			}
			a, b, bias, before := normal(r, m*inner), normal(r, inner*n), normal(r, n), normal(r, m*n)
			left, right, add := rowMajor(a, inner), rowMajor(b, n), r.IntN(2) == 1
			if r.IntN(2) == 1 {
				left = rowMajor(a, m).transposed()
			}
			if r.IntN(2) == 1 {
				right = rowMajor(b, inner).transposed()
			}
			if add || r.IntN(2) == 1 {
				bias = nil
			}
			got := slices.Clone(before)
			d.product(m, n, inner, left, right, bias, got, add)
			if left.col == 1 && !add {
				packed, again := make([]float32, d.packedSize(n, inner)), make([]float32, m*n)
				d.pack(n, inner, right, packed)
				d.packedProduct(m, n, inner, a, packed, bias, again)
				if !slices.Equal(got, again) {
					t.Fatalf("%s: [%d %d %d]: other bits by a packed matrix", d.bf16Name(), m, n, inner)
				}
			}
			holdProduct(t, d.bf16Name(), m, n, inner, left, right, bias, before, got, add, rounded)
		}
	}
}

// TestBF16NotFinite: what is broken stays broken.
func TestBF16NotFinite(t *testing.T) {
	for _, kind := range bf16Kinds(t) {
		d := openDevice(1, bestKind(), kind)
		defer d.close()
		for _, bad := range []float64{math.NaN(), math.Inf(1)} {
			a, b, c := ones(40*70), ones(70*50), make([]float32, 40*50)
			a[7*70+69] = float32(bad)
			d.product(40, 50, 70, rowMajor(a, 70), rowMajor(b, 50), nil, c, false)
			for i, v := range c {
				if want := float32(70); i/50 != 7 && v != want || i/50 == 7 && !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 1) {
					t.Fatalf("%s: with %g in row 7, element %d,%d is %g", d.bf16Name(), bad, i/50, i%50, v)
				}
			}
		}
	}
}

// gradientsOf are the loss and the gradients of the peer's first step.
func gradientsOf(t *testing.T, e *Engine) (float64, map[string]engine.Tensor) {
	peer := enginetest.Peer.New()
	s, err := e.New(peer.Params)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	loss, gradients, err := s.Gradients("peer", peer.Program, peer.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	return loss, gradients
}

// apart is |x - y| / |y| over all elements; a y that is zero but for rounding, as the gradient of the bias of keys, counts as 1e-3.
func apart(x, y []float32) float64 {
	var difference, size float64
	for i := range y {
		difference += (float64(x[i]) - float64(y[i])) * (float64(x[i]) - float64(y[i]))
		size += float64(y[i]) * float64(y[i])
	}
	return math.Sqrt(difference) / max(math.Sqrt(size), 1e-3)
}

// TestBF16Step: the loss is within 2e-3 of float32's and each gradient within 2e-2 of its size, and both kinds are nearer to each other.
func TestBF16Step(t *testing.T) {
	loss, gradients := gradientsOf(t, New(2))
	var losses []float64
	var all []map[string]engine.Tensor
	for _, kind := range bf16Kinds(t) {
		e := newEngine(2, bestKind(), kind)
		rough, near := gradientsOf(t, e)
		losses, all = append(losses, rough), append(all, near)
		if !(math.Abs(rough-loss) <= 2e-3*loss) {
			t.Errorf("%s: loss %g, not %g", e.Device(), rough, loss)
		}
		for name, g := range gradients {
			if d := apart(near[name].F32, g.F32); !(d <= 2e-2) {
				t.Errorf("%s: gradient of %s is %.2g apart", e.Device(), name, d)
			}
		}
	}
	if len(all) < 2 {
		return
	}
	if !(math.Abs(losses[0]-losses[1]) <= 1e-4*loss) {
		t.Errorf("losses %g and %g", losses[0], losses[1])
	}
	for name := range gradients {
		if d := apart(all[0][name].F32, all[1][name].F32); !(d <= 1e-2) {
			t.Errorf("gradient of %s: the kinds are %.2g apart", name, d)
		}
	}
}

// TestBF16Threads: the bits do not depend on the number of threads.
func TestBF16Threads(t *testing.T) {
	for _, kind := range bf16Kinds(t) {
		want, state := train(t, newEngine(1, bestKind(), kind), 3)
		for _, threads := range []int{2, 3, 8} {
			e := newEngine(threads, bestKind(), kind)
			got, moved := train(t, e, 3)
			if !slices.Equal(got, want) {
				t.Errorf("%s: losses and norms %v, not %v", e.Device(), got, want)
			}
			for name, tensor := range state {
				if !slices.Equal(tensor.F32, moved[name].F32) {
					t.Errorf("%s: %s differs", e.Device(), name)
				}
			}
		}
	}
}

// TestNewWith: the option is refused or shown.
func TestNewWith(t *testing.T) {
	e, err := NewWith(1, Options{BF16: true})
	if bestBF16() == noBF16 {
		if err == nil {
			t.Error("bf16 was not refused")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	name := "avx512-bf16"
	if bestBF16() == amxBF16 {
		name = "amx"
	}
	if want := "cpu avx512, bf16 by " + name + ", 1 thread"; e.Device() != want {
		t.Errorf("device %q, not %q", e.Device(), want)
	}
}

// BenchmarkGEMMBF16 is BenchmarkGEMM in bfloat16, on one thread and two, beside float32.
func BenchmarkGEMMBF16(b *testing.B) {
	shapes := [][3]int{{1008, 512, 128}, {1008, 128, 512}, {1024, 1536, 384}, {1024, 3072, 768}, {60, 600, 96}, {60, 50257, 384}}
	for _, kind := range append([]bf16Kind{noBF16}, bf16Kinds(b)...) {
		for _, threads := range []int{1, 2} {
			d := openDevice(threads, bestKind(), kind)
			name := d.bf16Name()
			if name == "" {
				name = "float32"
			}
			for _, s := range shapes {
				m, n, k := s[0], s[1], s[2]
				x, w, y := ones(m*k), ones(n*k), ones(m*n)
				report := func(pass string, f func()) {
					b.Run(fmt.Sprintf("%s/threads=%d/%s/%dx%dx%d", name, threads, pass, m, n, k), func(b *testing.B) {
						before := cpuTime()
						for b.Loop() {
							f()
						}
						work := 2e-9 * float64(m*n*k) * float64(b.N)
						b.ReportMetric(work/b.Elapsed().Seconds(), "GFLOP/s")
						b.ReportMetric(work/(cpuTime()-before).Seconds(), "GFLOP/cpu-s")
					})
				}
				report("forth", func() { d.product(m, n, k, rowMajor(x, k), rowMajor(w, k).transposed(), nil, y, false) })
				if m < 100 {
					packed := make([]float32, d.packedSize(n, k))
					d.pack(n, k, rowMajor(w, k).transposed(), packed)
					report("packed", func() { d.packedProduct(m, n, k, x, packed, nil, y) })
					continue
				}
				report("back-x", func() { d.product(m, k, n, rowMajor(y, n), rowMajor(w, k), nil, x, false) })
				report("back-w", func() { d.product(n, k, m, rowMajor(y, n).transposed(), rowMajor(x, k), nil, w, false) })
			}
			d.close()
		}
	}
}
