package xla

import (
	"errors"
	"strings"
	"testing"

	"harness/model/engine"
)

// withoutPlugin is the XLA backend as far as it goes without a plugin: it builds StableHLO, and only the compiler is
// missing.
func withoutPlugin(t *testing.T, platform string, options Options) *device {
	t.Helper()
	lowering, err := newLowering(platform)
	if err != nil {
		t.Fatal(err)
	}
	return &device{name: "xla", backend: &backend{Backend: lowering}, options: options}
}

// lowers checks that a program becomes StableHLO, and returns it: the first thing to fail is then the call of the compiler.
func lowers(t *testing.T, s *session, purpose Purpose, build engine.Program, in engine.Inputs) (text string) {
	t.Helper()
	var err error
	func() {
		defer recovered(&err, "prepare")
		s.prepare(purpose, "p", build, in)
	}()
	var end loweredOnly
	if !errors.As(err, &end) {
		t.Errorf("%s: %v", purpose, err)
		return ""
	}
	return string(end.text)
}

// TestLowering checks that XLA's builder takes what we trace, which may be more or less than GoMLX's Go backend takes.
func TestLowering(t *testing.T) {
	for _, platform := range []string{"cpu", "cuda"} {
		for seed := range uint64(30) {
			p := randomProgram(seed)
			s := &session{device: withoutPlugin(t, platform, Options{BF16: seed%2 == 1}), byName: map[string]*param{}, programs: map[string][]*program{}}
			for _, given := range p.params {
				s.params = append(s.params, &param{name: given.Name, shape: given.Tensor.Shape, frozen: given.Frozen, decay: given.Decay})
				s.byName[given.Name] = s.params[len(s.params)-1]
			}
			for _, purpose := range []Purpose{ForRun, ForGradients, ForStep} {
				text := lowers(t, s, purpose, p.build, p.in)
				if platform == "cuda" && strings.Contains(text, "stablehlo.scatter") {
					t.Errorf("program %d, %s: scatters, which XLA makes sorts of single elements", seed, purpose)
				}
			}
		}
	}
	s := &session{device: withoutPlugin(t, "cpu", Options{})}
	s.Reset(4, 8)
	cached := func(o engine.Ops) []engine.Value {
		x := o.Input("x")
		return []engine.Value{o.Attention(x, o.Append("k", x), o.Append("v", x), 2, engine.Mask{Causal: true}), o.State("k")}
	}
	in := engine.Inputs{"x": engine.Floats(make([]float32, 24), 2, 2, 6)}
	lowers(t, s, ForRun, cached, in) // states are made
	for _, name := range []string{"k", "v"} {
		s.decoding.states[name] = &state{shape: []int{2, 8, 6}, length: 2}
	}
	lowers(t, s, ForRun, cached, in) // states grow
}
