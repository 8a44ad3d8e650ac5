package native

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"harness/model/engine"
	"harness/model/engine/enginetest"
)

// BenchmarkPeer is one training step of the model of the PyTorch comparison.
func BenchmarkPeer(b *testing.B) { benchmarkStep(b, enginetest.Peer, Options{}) }

// BenchmarkWidth is the same at other widths, with heads of 64: what bench-train compares.
func BenchmarkWidth(b *testing.B) {
	for _, width := range []int{128, 256, 384, 768} {
		b.Run(fmt.Sprint(width), func(b *testing.B) { benchmarkStep(b, enginetest.Peer.At(width), Options{}) })
	}
}

// BenchmarkPeerBF16 is BenchmarkPeer with products in bfloat16.
func BenchmarkPeerBF16(b *testing.B) {
	if err := CheckBF16(); err != nil {
		b.Skip(err)
	}
	benchmarkStep(b, enginetest.Peer, Options{BF16: true})
}

// BenchmarkTypical is one training step of a model like those of our small presets.
func BenchmarkTypical(b *testing.B) { benchmarkStep(b, enginetest.Typical, Options{}) }

func benchmarkStep(b *testing.B, size enginetest.Size, o Options) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			work := size.New()
			e, err := NewWith(threads, o)
			if err != nil {
				b.Fatal(err)
			}
			s, err := e.New(work.Params)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			step := func() {
				if _, err := s.Step("step", work.Program, work.Inputs, 1e-3, work.AdamW); err != nil {
					b.Fatal(err)
				}
			}
			step()
			var times []time.Duration
			before := cpuTime()
			for b.Loop() {
				start := time.Now()
				step()
				times = append(times, time.Since(start))
			}
			b.ReportMetric(float64((cpuTime()-before).Microseconds())/1e3/float64(len(times)), "cpu-ms")
			slices.Sort(times)
			b.ReportMetric(float64(times[0].Microseconds())/1e3, "best-ms")
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1e3, "median-ms")
		})
	}
}

// cpuTime is what the process has used on all its threads: it says more than the clock where there are neighbours.
func cpuTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// threadTime is what the calling thread has used.
func threadTime(b *testing.B) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}

// BenchmarkGEMM is the matrix product in the shapes of our models, on one thread: x wᵀ, dy w and dyᵀ x. Each is followed by its
// share of the peak, which a loop of multiply-adds in registers reaches beside it. Both are medians of samples of 5 ms of CPU time, each with a
// peak of its own: of shorter ones the clock tells too little. What Go's runtime does meanwhile on other threads does not count.
func BenchmarkGEMM(b *testing.B) {
	shapes := [][3]int{{10, 600, 96}, {784, 96, 96}, {784, 384, 96}, {3136, 96, 96}, {3136, 384, 96}}
	for _, width := range []int{128, 256, 384, 768} {
		shapes = append(shapes, [3]int{1024, width, width}, [3]int{1024, 4 * width, width}, [3]int{1024, width, 4 * width})
	}
	d := openDevice(1, bestKind(), noBF16)
	defer d.close()
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		x, w, y := ones(m*k), ones(n*k), ones(m*n)
		report := func(name string, f func()) {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", name, m, n, k), func(b *testing.B) {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				var rates, shares []float64
				for b.Loop() {
					peak, calls, before, taken := d.peak(), 0, threadTime(b), time.Duration(0)
					for ; taken < 5*time.Millisecond; taken = threadTime(b) - before {
						f()
						calls++
					}
					rate := 2e-9 * float64(calls*m*n*k) / taken.Seconds()
					rates, shares = append(rates, rate), append(shares, 100*rate/peak)
				}
				slices.Sort(rates)
				slices.Sort(shares)
				b.ReportMetric(rates[len(rates)/2], "GFLOP/s")
				b.ReportMetric(shares[len(shares)/2], "%peak")
				b.ReportMetric(0, "ns/op")
			})
		}
		report("forth", func() { d.gemm(m, n, k, rowMajor(x, k), rowMajor(w, k).transposed(), nil, y, false) })
		report("back-x", func() { d.gemm(m, k, n, rowMajor(y, n), rowMajor(w, k), nil, x, false) })
		report("back-w", func() { d.gemm(n, k, m, rowMajor(y, n).transposed(), rowMajor(x, k), nil, w, false) })
	}
}

// ones fills memory, so that it is really there: pages never written are all one and the same.
func ones(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// BenchmarkDecode is the attention of one decoding step of one layer: 16 samples with 10 beams each, 118 positions of
// which the beams of a sample share 98.
func BenchmarkDecode(b *testing.B) {
	const samples, beams, shared, own, width = 16, 10, 98, 20, 96
	s, err := New(1).New(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	s.Reset(samples*beams, shared+own+1)
	program := func(o engine.Ops) []engine.Value {
		q := o.Input("q")
		return []engine.Value{o.Attention(q, o.Append("k", q), o.Append("v", q), 4, engine.Mask{Causal: true})}
	}
	rows := make([]int32, samples*beams)
	for i := range rows {
		rows[i] = int32(i / beams)
	}
	grow := func(batch, n int) {
		q := engine.Floats(ones(batch*n*width), batch, n, width)
		if _, err := s.Run("decode", program, engine.Inputs{"q": q}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		b.StopTimer()
		s.Reset(samples*beams, shared+own+1)
		grow(samples, shared)
		s.Reorder(rows)
		b.StartTimer()
		for range own {
			grow(samples*beams, 1)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/own, "us/step")
}
