package xla

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"harness/model/engine"
	"harness/model/engine/xla/pjrt"
)

// plugin is the engine on the PJRT plugin that $HARNESS_XLA_PLUGIN names; without one the test is skipped.
func plugin(t testing.TB, options Options) engine.Engine {
	t.Helper()
	path := os.Getenv("HARNESS_XLA_PLUGIN")
	if path == "" {
		t.Skip("HARNESS_XLA_PLUGIN names no PJRT plugin")
	}
	e, err := OpenWith("xla:"+path, options)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// donationParams are two layers, most of whose bytes are in matrices.
func donationParams() []engine.Param {
	return []engine.Param{
		{Name: "w1", Tensor: engine.Floats(make([]float32, 256*64), 256, 64)},
		{Name: "w2", Tensor: engine.Floats(make([]float32, 16*256), 16, 256), Decay: true},
		{Name: "b2", Tensor: engine.Floats(make([]float32, 16), 16)},
		{Name: "frozen", Tensor: engine.Floats([]float32{1, 2}, 2), Frozen: true},
	}
}

// donationLoss is (mean of the second layer - 1)² for the float32 input x [N, 64].
func donationLoss(o engine.Ops) []engine.Value {
	h := o.GELU(o.Linear(o.Input("x"), o.Param("w1"), nil), engine.GELUTanh)
	y := o.Linear(h, o.Param("w2"), o.Param("b2"))
	return []engine.Value{o.Mean(o.Mul(o.Reshape(y, engine.Size(y.Shape())), o.Reshape(y, engine.Size(y.Shape()))), 0)}
}

// TestDonation checks that what a program replaces is written in its own place: at least 99% of those bytes.
func TestDonation(t *testing.T) {
	e := plugin(t, Options{})
	s := open(t, e, donationParams())
	in := engine.Inputs{"x": engine.Floats(make([]float32, 8*64), 8, 64)}
	const trained = 4 * (256*64 + 16*256 + 16) // bytes
	for _, c := range []struct {
		purpose  Purpose
		replaced int64
	}{{ForStep, 3 * trained}, {ForAccumulate, trained}, {ForApply, 3 * trained}, {ForRun, 0}} {
		compiled, err := s.(Programs).Prepare(c.purpose, "p", donationLoss, in)
		if err != nil {
			t.Fatal(err)
		}
		m := compiled.Memory
		if m == nil || m.Aliased*100 < c.replaced*99 || m.Aliased > c.replaced {
			t.Errorf("%s: %+v, want %d bytes aliased", c.purpose, m, c.replaced)
		} else if c.replaced > 0 {
			t.Logf("%s: %.3f of the replaced bytes are aliased", c.purpose, float64(m.Aliased)/float64(c.replaced))
		}
	}
	cached := func(o engine.Ops) []engine.Value {
		x := o.Input("x")
		o.Append("k", x)
		return []engine.Value{x}
	}
	s.Reset(2, 32)
	token := engine.Inputs{"x": engine.Floats(make([]float32, 2*6), 2, 1, 6)}
	for range 2 { // the state is made, and grown
		if _, err := s.Run("cached", cached, token); err != nil {
			t.Fatal(err)
		}
	}
	list := s.(Programs).Compiled()
	if last := list[len(list)-1]; last.Memory.Aliased != 2*32*6*4 {
		t.Errorf("a decoding state: %+v", last.Memory)
	}
}

// TestDonationKeepsOthers checks that what is not replaced survives, zeros shared by sums among it, on two rounds.
func TestDonationKeepsOthers(t *testing.T) {
	params := donationParams()
	params = append(params, engine.Param{Name: "twin", Tensor: engine.Floats(make([]float32, 16), 16)}) // b2's shape: one zero for both
	s, want := open(t, tested(t, Options{}), params), open(t, openGo(t, Options{}), params)
	in := engine.Inputs{"x": engine.Floats(make([]float32, 8*64), 8, 64)}
	for i := range in["x"].F32 {
		in["x"].F32[i] = float32(i%7) - 3
	}
	opt := engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.1, MaxGradNorm: 1}
	for range 2 {
		for _, s := range []engine.Session{s, want} {
			if _, err := s.Step("step", donationLoss, in, 0.1, opt); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, _, err := s.Accumulate("half", donationLoss, in); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Apply(0.1, opt); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range s.Names() {
		got, err := s.Param(name)
		if err != nil {
			t.Fatal(err)
		}
		w, err := want.Param(name)
		if err != nil {
			t.Fatal(err)
		}
		near(t, name, got.F32, w.F32, 1e-4)
	}
}

// TestProbe checks that a program far too large for the machine is measured without running.
func TestProbe(t *testing.T) {
	e := plugin(t, Options{})
	const n = 1 << 18 // n × n float32: 256 GiB
	params := []engine.Param{{Name: "w", Tensor: engine.Tensor{Shape: []int{n, n}}}}
	build := func(o engine.Ops) []engine.Value {
		return []engine.Value{o.Mean(o.Reshape(o.Linear(o.Input("x"), o.Param("w"), nil), 8*n), 0)}
	}
	in := engine.Inputs{"x": engine.Tensor{Shape: []int{8, n}}}
	compiled, err := Probe(e, params, ForGradients, build, in)
	if err != nil {
		t.Fatal(err)
	}
	m := compiled.Memory
	if m == nil || m.Arguments != 4*(n*n+8*n) || m.Outputs < 4*n*n || m.Total() < 8*n*n {
		t.Errorf("%+v", m)
	}
	if compiled.Purpose != ForGradients || compiled.ID == "" || compiled.Compile <= 0 || compiled.FLOPs < 2*8*n*n {
		t.Errorf("%+v", compiled)
	}
	if _, err := Probe(e, append(params, params[0]), ForRun, build, in); err == nil {
		t.Error("a parameter given twice was taken")
	}
	if c, err := Probe(openGo(t, Options{}), params, ForRun, build, in); err != nil || c.Memory != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestShared checks that sessions and keys share what has the same text, also after the first session was closed, and
// that the plugin's client is one.
func TestShared(t *testing.T) {
	in := engine.Inputs{"x": engine.Floats(make([]float32, 3*64), 3, 64)}
	var ids []string
	for i := range 3 {
		s := open(t, plugin(t, Options{}), donationParams())
		for _, key := range []string{"one", "two"} {
			if _, err := s.Run(key, donationLoss, in); err != nil {
				t.Fatal(err)
			}
		}
		for j, c := range s.(Programs).Compiled() {
			ids = append(ids, c.ID)
			if first := i == 0 && j == 0; first != (c.Source == FromCompiler) || !first && c.Source != FromMemory || c.ID != ids[0] {
				t.Errorf("session %d: %+v", i, c)
			}
		}
		if i == 1 {
			s.Close() // executables stay for the next
		}
	}
	if len(ids) != 6 {
		t.Errorf("%d programs, want 6", len(ids))
	}
	one, two := plugin(t, Options{}).(*device), plugin(t, Options{BF16: true}).(*device)
	if one.backend.(*backend).client != two.backend.(*backend).client {
		t.Error("a plugin was started twice")
	}
}

// TestOutOfMemory checks that too little memory is told by its code, on one line, and leaves a session that gave nothing
// away usable.
func TestOutOfMemory(t *testing.T) {
	s := open(t, plugin(t, Options{}), []engine.Param{{Name: "w", Tensor: engine.Floats(make([]float32, 1<<20), 1<<20)}})
	huge := func(o engine.Ops) []engine.Value { // in between, 2⁴⁰ values: 4 TiB
		column := o.Reshape(o.Param("w"), 1<<20, 1)
		return []engine.Value{o.Max(o.Max(o.MatMul(column, column), 1), 0)}
	}
	_, err := s.Run("huge", huge, nil)
	if !OutOfMemory(err) || !errors.Is(err, pjrt.ResourceExhausted) || !strings.Contains(err.Error(), "RESOURCE_EXHAUSTED: ") ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if _, err := s.Run("small", func(o engine.Ops) []engine.Value { return []engine.Value{o.Mean(o.Param("w"), 0)} }, nil); err != nil {
		t.Errorf("after that: %v", err)
	}
	if _, err := Open("go"); OutOfMemory(err) || OutOfMemory(errors.New("no memory")) {
		t.Error("another error was taken for it")
	}
}

// TestLoweringFields checks everything that lower.go reaches for in go-xla.
func TestLoweringFields(t *testing.T) {
	for _, platform := range []string{"cpu", "cuda"} {
		lowering, err := newLowering(platform)
		if err != nil {
			t.Fatal(err)
		}
		if lowering.IsCPU() != (platform == "cpu") || lowering.IsCUDA() != (platform == "cuda") || lowering.NumDevices() != 1 ||
			lowering.DotGeneralUseTF32 || lowering.Capabilities().Operations[compute.OpTypeFusedScaledDotProductAttention] != lowering.IsCUDA() {
			t.Errorf("%s: %+v", platform, lowering)
		}
	}
	d := withoutPlugin(t, "cpu", Options{})
	c := lowered(t, d, donationParams(), ForStep, donationLoss, engine.Inputs{"x": engine.Tensor{Shape: []int{8, 64}}})
	if n := strings.Count(string(c.text), "tf.aliasing_output = "); n != 9 || !strings.Contains(string(c.text), " { tf.aliasing_output = 2 : i32 }") {
		t.Errorf("%d aliases in\n%.2000s", n, c.text)
	}
	other := struct{ Name int }{}
	if err := setField(&other, "Name", "cpu"); err == nil {
		t.Error("a field of another type was set")
	}
	if _, err := field[string](&other, "gone"); err == nil || !strings.Contains(err.Error(), "has changed: the field gone") {
		t.Errorf("%v", err)
	}
}

// lowered is the compilation of a program as far as it goes without a plugin.
func lowered(t *testing.T, d *device, params []engine.Param, purpose Purpose, build engine.Program, in engine.Inputs) *compilation {
	t.Helper()
	s := d.newSession()
	for _, p := range params {
		s.declare(p)
	}
	_, err := s.Prepare(purpose, "p", build, in)
	var end loweredOnly
	if !errors.As(err, &end) {
		t.Fatal(err)
	}
	return end.compilation
}

// TestFLOPs checks the count of matrix products against one by hand, and that unused ones do not count.
func TestFLOPs(t *testing.T) {
	const n = 8
	build := func(o engine.Ops) []engine.Value {
		o.MatMul(o.Param("w1"), o.Param("w1")) // unused
		return donationLoss(o)
	}
	in := engine.Inputs{"x": engine.Tensor{Shape: []int{n, 64}}}
	forward := 2.0 * n * (64*256 + 256*16)
	for purpose, want := range map[Purpose]float64{
		ForRun:  forward,
		ForStep: forward + 2*n*64*256 + 2*2*n*256*16, // weights of both, and what goes back to the first
	} {
		if got := lowered(t, withoutPlugin(t, "cpu", Options{}), donationParams(), purpose, build, in).facts.FLOPs; math.Abs(got-want) > 0.5 {
			t.Errorf("%s: %v, want %v", purpose, got, want)
		}
	}
}

// TestDescription checks that a GPU is said by what it is, and another device as the plugin says it.
func TestDescription(t *testing.T) {
	c := &client{Client: &pjrt.Client{Plugin: &pjrt.Plugin{GPU: true, Minor: 115}, Platform: "cuda", Kind: "NVIDIA H200", Description: "cuda:0"}}
	if got := c.description(); got != "cuda, NVIDIA H200 (PJRT 0.115)" {
		t.Error(got)
	}
	c.Platform, c.GPU, c.Kind, c.Client.Description = "cpu", false, "cpu", "cpu:0"
	if got := c.description(); got != "cpu, cpu:0 (PJRT 0.115)" {
		t.Error(got)
	}
}

// TestGPUOf checks the variables of JAX.
func TestGPUOf(t *testing.T) {
	for _, c := range []struct {
		name        string
		preallocate bool
		env         map[string]string
		want        GPU
		err         string
	}{
		{"none", false, nil, GPU{}, ""},
		{"none, of a trial", true, nil, GPU{Preallocate: true}, ""},
		{"shared", true, map[string]string{"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}, GPU{}, ""},
		{"all", false, map[string]string{"XLA_PYTHON_CLIENT_PREALLOCATE": "True", "XLA_PYTHON_CLIENT_MEM_FRACTION": ".5",
			"XLA_PYTHON_CLIENT_ALLOCATOR": "PLATFORM"},
			GPU{Preallocate: true, MemoryFraction: 0.5, Allocator: "platform"}, ""},
		{"newer name", false, map[string]string{"XLA_CLIENT_MEM_FRACTION": "0.8", "XLA_PYTHON_CLIENT_MEM_FRACTION": ".5"}, GPU{MemoryFraction: 0.8}, ""},
		{"a word", false, map[string]string{"XLA_PYTHON_CLIENT_PREALLOCATE": "perhaps"}, GPU{}, "XLA_PYTHON_CLIENT_PREALLOCATE=perhaps"},
		{"too much", false, map[string]string{"XLA_PYTHON_CLIENT_MEM_FRACTION": "1.5"}, GPU{}, "XLA_PYTHON_CLIENT_MEM_FRACTION=1.5"},
		{"NaN", false, map[string]string{"XLA_PYTHON_CLIENT_MEM_FRACTION": "nan"}, GPU{}, "XLA_PYTHON_CLIENT_MEM_FRACTION=nan"},
	} {
		got, err := GPUOf(func(name string) string { return c.env[name] }, c.preallocate)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", c.name, err, c.err)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		if options := got.options(); options[0].Value != got.Preallocate {
			t.Errorf("%s: %v", c.name, options)
		}
	}
}

// TestSameText checks that a program has the same text whenever it is traced: executables are found again by it.
func TestSameText(t *testing.T) {
	steps := map[string]sized{"first stage": firstStage(t, 2, 2), "second stage": secondStage(t, 2)}
	for seed := range uint64(10) {
		p := randomProgram(seed)
		steps[fmt.Sprint("program ", seed)] = sized{params: p.params, build: p.build, in: p.in}
	}
	for name, s := range steps {
		first := lowered(t, withoutPlugin(t, "cpu", Options{}), s.params, ForStep, s.build, s.in).text
		for range 3 {
			if again := lowered(t, withoutPlugin(t, "cpu", Options{}), s.params, ForStep, s.build, s.in).text; !bytes.Equal(first, again) {
				t.Errorf("%s: two texts", name)
				break
			}
		}
	}
}
