package nn

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/spec"
)

// BenchmarkBeam is beam search over 98 visual tokens and a question, 6 pairs together, at a small vocabulary and GPT-2's.
func BenchmarkBeam(b *testing.B) {
	const pairs, visual, prompt, tokens, beams = 6, 98, 12, 24, 10
	for _, size := range []spec.LM{{Width: 96, Depth: 3, Heads: 4, MLP: 384}, {Width: 384, Depth: 12, Heads: 6, MLP: 1536}} {
		for _, vocabulary := range []int{600, 50257} {
			b.Run(fmt.Sprintf("width=%d/vocabulary=%d", size.Width, vocabulary), func(b *testing.B) {
				size.MaxPositionEmbeddings = prompt + tokens
				a := Answerer{Adapter: given(visual), LM: LanguageModel{LM: size, Vocab: vocabulary, Visual: visual, Eps: 1e-5}}
				r := rand.New(rand.NewPCG(1, 1))
				normal := func(n int) []float32 {
					x := make([]float32, n)
					for i := range x {
						x[i] = float32(r.NormFloat64())
					}
					return x
				}
				s, err := native.New(runtime.GOMAXPROCS(0)).New(a.Params(1, normal(vocabulary*size.Width)))
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				g := Generator{Session: s, Name: "answer", Prompt: a.Prompt, Next: a.Next, Search: Search{Beams: beams, MaxTokens: tokens, Penalty: 1, EOS: -1}}
				in := engine.Inputs{"visual": engine.Floats(normal(pairs*visual*size.Width), pairs, visual, size.Width)}
				prompts := slices.Repeat([][]int32{make([]int32, prompt)}, pairs)
				var times []time.Duration
				b.ReportAllocs()
				before := cpuSeconds()
				for b.Loop() {
					start := time.Now()
					if _, err := g.Run(in, prompts, visual); err != nil {
						b.Fatal(err)
					}
					times = append(times, time.Since(start))
				}
				b.ReportMetric((cpuSeconds()-before)*1e3/tokens/float64(len(times)), "cpu-ms/token")
				slices.Sort(times)
				b.ReportMetric(times[len(times)/2].Seconds()*1e3/tokens, "median-ms/token")
				b.ReportMetric(times[0].Seconds()*1e3/tokens, "best-ms/token")
			})
		}
	}
}

// cpuSeconds is what the process has used on all its threads.
func cpuSeconds() float64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano()).Seconds()
}

// given is an adapter that takes the visual tokens as they come.
type given int

func (n given) Len() int                                        { return int(n) }
func (n given) Params(*Parameters)                              {}
func (n given) Visual(o engine.Ops) (visual, loss engine.Value) { return o.Input("visual"), nil }
