package xla

import (
	"math"
	"os"
	"testing"

	"harness/model/engine"
	"harness/model/engine/enginetest"
)

// TestEngine holds the engine to what every engine must do.
func TestEngine(t *testing.T) { enginetest.Run(t, tested(t, Options{})) }

// tested opens the engine that the tests of this package run on: the plugin that $HARNESS_XLA_PLUGIN names, else GoMLX's Go
// backend.
func tested(t testing.TB, options Options) engine.Engine {
	t.Helper()
	if os.Getenv("HARNESS_XLA_PLUGIN") == "" {
		return openGo(t, options)
	}
	return plugin(t, options)
}

// quick are options of a compiler that is to be done soon: most of the time of these tests is its.
var quick = map[string]string{"xla_backend_optimization_level": "0"}

// small makes every block one that is computed again, and attention one by blocks of two queries.
var small = Options{Flags: quick, Sizes: Sizes{Recompute: 1, Scores: 1, Queries: 2, Picks: 1 << 20}}

// TestEngineOfSmallSizes is TestEngine in the forms that large programs take.
func TestEngineOfSmallSizes(t *testing.T) { enginetest.Run(t, tested(t, small)) }

func openGo(t testing.TB, options Options) engine.Engine {
	t.Helper()
	e, err := OpenWith("go", options)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func open(t testing.TB, e engine.Engine, params []engine.Param) engine.Session {
	t.Helper()
	session, err := e.New(params)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return session
}

// near compares max |Δ| / max |want| with a tolerance.
func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	worst, scale := 0.0, 0.0
	for i := range want {
		delta := math.Abs(float64(got[i]) - float64(want[i]))
		if !(delta <= worst) {
			worst = delta
		}
		scale = max(scale, math.Abs(float64(want[i])))
	}
	if !(worst <= tolerance*scale) {
		t.Errorf("%s: off by %.2g of %.3g, more than %.0e of it", what, worst, scale, tolerance)
	}
}

// BenchmarkPeer is one training step of the model of the PyTorch comparison on GoMLX's Go backend.
func BenchmarkPeer(b *testing.B) {
	work := enginetest.Peer.New()
	s := open(b, openGo(b, Options{}), work.Params)
	for b.Loop() {
		if _, err := s.Step("step", work.Program, work.Inputs, 1e-3, work.AdamW); err != nil {
			b.Fatal(err)
		}
	}
}

// randomPrograms is how many random programs a test compiles: an eighth with -short, where compiling is slow.
func randomPrograms(most uint64) uint64 {
	if testing.Short() {
		return most / 8
	}
	return most
}
