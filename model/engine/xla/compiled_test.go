package xla

import (
	"os"
	"testing"

	"harness/model/engine"
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
	if _, err := Probe(e, append(params, params[0]), ForRun, build, in); err == nil {
		t.Error("a parameter given twice was taken")
	}
	if _, err := Probe(openGo(t, Options{}), params, ForRun, build, in); err != nil {
		t.Error(err)
	}
}
