package xla

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/model/engine"
)

// TestOpen checks the refusals: one line that names the engine and says what is wrong.
func TestOpen(t *testing.T) {
	folder := t.TempDir()
	junk := filepath.Join(folder, "xla_cuda_plugin.so")
	if err := os.WriteFile(junk, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, want string }{
		{"xla", "give the plugin's absolute path"},
		{"xla:", "give the plugin's absolute path"},
		{"cuda", `engine "cuda" is not known`},
		{"", `engine "" is not known`},
		{"go:ops_parallel", "is not known"},
		{"xla:plugin.so", "must be absolute"},
		{"xla:" + folder + "/absent.so", "no such plugin file"},
		{"xla:" + folder, "is not a file"},
		{"xla:" + folder + "/a,tf32=true", `option "tf32=true" is not known`},
		{"go,bf16,bf16", "is not known"},
		{"xla:" + junk, "xla_cuda_plugin.so: the plugin is not a shared library"},
	} {
		_, err := Open(c.name)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Open(%q): %v, want one line with %q", c.name, err, c.want)
		}
	}
	for _, name := range []string{"go", "go,bf16"} {
		e, err := Open(name)
		if err != nil || e.Name() != name || e.Device() == "" {
			t.Errorf("Open(%s): %v, %v", name, e, err)
		}
	}
}

// TestRefusals checks that programs and inputs that do not fit become one-line errors, and leave the session usable.
func TestRefusals(t *testing.T) {
	params := []engine.Param{
		{Name: "w", Tensor: engine.Floats([]float32{1, 2, 3, 4, 5, 6}, 2, 3)},
		{Name: "frozen", Tensor: engine.Floats([]float32{1, 1, 1}, 3), Frozen: true},
	}
	in := engine.Inputs{
		"x": engine.Floats([]float32{1, 2, 3, 4}, 2, 2), "ids": engine.Ints([]int32{0, 2}, 2),
		"labels": engine.Ints([]int32{0, 3}, 2), "weights": engine.Floats([]float32{1, 1}, 2),
		"zero": engine.Floats([]float32{0, 0}, 2),
	}
	type ops = engine.Ops
	for _, c := range []struct {
		want  string
		build func(o ops) engine.Value
	}{
		{"no parameter u", func(o ops) engine.Value { return o.Param("u") }},
		{"no input y", func(o ops) engine.Value { return o.Input("y") }},
		{"input ids is Int32, not Float32", func(o ops) engine.Value { return o.Input("ids") }},
		{"input ids: 2 at 1 is not in 0 … 1", func(o ops) engine.Value { return o.Embedding(o.Param("w"), "ids") }},
		{"input labels: 3 at 1", func(o ops) engine.Value { return o.CrossEntropy(o.Param("w"), "labels", "weights", 0) }},
		{"linear: x [2 2] and w [2 3]", func(o ops) engine.Value { return o.Linear(o.Input("x"), o.Param("w"), nil) }},
		{"add: y [2 2]", func(o ops) engine.Value { return o.Add(o.Param("w"), o.Input("x")) }},
		{"reshape: [2 3] to [4]", func(o ops) engine.Value { return o.Reshape(o.Param("w"), 4) }},
		{"slice: 2 … 3 of axis 1", func(o ops) engine.Value { return o.Slice(o.Param("w"), 1, 2, 4) }},
		{"state k is empty", func(o ops) engine.Value { return o.State("k") }},
		{"of another engine", func(o ops) engine.Value { return o.GELU(nil, engine.GELUTanh) }},
	} {
		session := open(t, tested(t, Options{}), params)
		_, err := session.Run("refused", func(o ops) []engine.Value { return []engine.Value{c.build(o)} }, in)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, c.want)
		}
		if _, _, err := session.Gradients("mean", meanLoss("w"), in); err != nil {
			t.Errorf("after %q: %v", c.want, err)
		}
	}
	session := open(t, tested(t, Options{}), params)
	if _, _, err := session.Gradients("matrix", func(o ops) []engine.Value { return []engine.Value{o.Param("w")} }, in); err == nil {
		t.Error("a loss that is no scalar was taken")
	}
	// Labels of rows without weight may be anything.
	in["weights"] = engine.Floats([]float32{1, 0}, 2)
	out, err := session.Run("unweighted", func(o ops) []engine.Value {
		return []engine.Value{o.CrossEntropy(o.Param("w"), "labels", "weights", 0)}
	}, in)
	if err != nil {
		t.Fatal(err)
	}
	want := math.Log(1 + math.Exp(1) + math.Exp(2)) // of 1 2 3, label 0
	near(t, "cross-entropy", out[0].F32, []float32{float32(want)}, 1e-6)
	if _, err := tested(t, Options{}).New(append(params, params[0])); err == nil {
		t.Error("a name given twice was taken")
	}
}

// meanLoss is the mean over all elements of a parameter's square.
func meanLoss(name string) engine.Program {
	return func(o engine.Ops) []engine.Value {
		w := o.Param(name)
		flat := o.Reshape(w, engine.Size(w.Shape()))
		return []engine.Value{o.Mean(o.Mul(flat, flat), 0), flat}
	}
}

// TestStep checks clipping, what a step leaves alone, and that a loss that is not finite moves nothing.
func TestStep(t *testing.T) {
	params := []engine.Param{
		{Name: "a", Tensor: engine.Floats([]float32{3, -4}, 2)},
		{Name: "frozen", Tensor: engine.Floats([]float32{7}, 1), Frozen: true, Decay: true},
		{Name: "unread", Tensor: engine.Floats([]float32{10}, 1), Decay: true},
	}
	opt := engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.5, MaxGradNorm: 1}
	session := open(t, tested(t, Options{}), params)
	result, err := session.Step("mean", meanLoss("a"), nil, 0.1, opt)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(result.Loss-12.5) > 1e-6 || math.Abs(result.GradNorm-5) > 1e-6 || len(result.Extra) != 1 {
		t.Errorf("loss %v norm %v extra %v, want 12.5, 5 and one", result.Loss, result.GradNorm, result.Extra)
	}
	near(t, "extra", result.Extra[0].F32, []float32{3, -4}, 0)
	want := map[string][]float32{"a": {2.9, -3.9}, "frozen": {7}, "unread": {9.5}}
	for name, w := range want {
		got, err := session.Param(name)
		if err != nil {
			t.Fatal(err)
		}
		near(t, name, got.F32, w, 1e-6)
	}
	before, err := session.Save()
	if err != nil {
		t.Fatal(err)
	}
	infinite := func(o engine.Ops) []engine.Value {
		return []engine.Value{o.Mul(o.Mean(o.Param("a"), 0), o.Mean(o.Input("x"), 0))}
	}
	in := engine.Inputs{"x": engine.Floats([]float32{float32(math.Inf(1))}, 1)}
	if _, err := session.Step("infinite", infinite, in, 0.1, opt); err == nil {
		t.Error("an infinite loss is no error")
	}
	after, err := session.Save()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("an infinite loss moved something:\n%s", diff)
	}
}

// TestSaveLoad checks that two steps equal one step, Save, Load into another session, and one step, bit for bit.
func TestSaveLoad(t *testing.T) {
	params := []engine.Param{{Name: "a", Tensor: engine.Floats([]float32{3, -4, 5}, 3)}}
	opt := engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, MaxGradNorm: 1}
	step := func(s engine.Session) {
		if _, err := s.Step("mean", meanLoss("a"), nil, 0.1, opt); err != nil {
			t.Fatal(err)
		}
	}
	save := func(s engine.Session) map[string]engine.Tensor {
		state, err := s.Save()
		if err != nil {
			t.Fatal(err)
		}
		return state
	}
	first, second := open(t, tested(t, Options{}), params), open(t, tested(t, Options{}), params)
	step(first)
	half := save(first)
	step(first)
	if err := second.Load(half); err != nil {
		t.Fatal(err)
	}
	step(second)
	if diff := cmp.Diff(save(first), save(second)); diff != "" {
		t.Errorf("resumed training differs:\n%s", diff)
	}
	for name, broken := range map[string]func(map[string]engine.Tensor){
		"missing":  func(m map[string]engine.Tensor) { delete(m, "adam.m.a") },
		"no step":  func(m map[string]engine.Tensor) { delete(m, "adam.step") },
		"shape":    func(m map[string]engine.Tensor) { m["a"] = engine.Floats([]float32{1}, 1) },
		"int32":    func(m map[string]engine.Tensor) { m["a"] = engine.Ints([]int32{1, 2, 3}, 3) },
		"too long": func(m map[string]engine.Tensor) { m["a"] = engine.Floats(make([]float32, 4), 3) },
	} {
		before := save(second)
		state := save(first)
		broken(state)
		if err := second.Load(state); err == nil {
			t.Errorf("%s: loaded", name)
		}
		if diff := cmp.Diff(before, save(second)); diff != "" {
			t.Errorf("%s: a refused Load changed something:\n%s", name, diff)
		}
	}
}

// TestDropout checks the mask against engine.Keep, for a negative seed too, and the gradient.
func TestDropout(t *testing.T) {
	const n, rate = 300, 0.3
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i + 1)
	}
	session := open(t, tested(t, Options{}), []engine.Param{{Name: "x", Tensor: engine.Floats(x, 3, n/3)}})
	build := func(o engine.Ops) []engine.Value {
		o.Dropout(o.Param("x"), 0.5, "seed") // call 0
		y := o.Dropout(o.Param("x"), rate, "seed")
		return []engine.Value{o.Mean(o.Reshape(y, n), 0), y}
	}
	for _, seed := range []int32{5, -9} {
		in := engine.Inputs{"seed": engine.Ints([]int32{seed}, 1)}
		_, grads, err := session.Gradients("dropout", build, in)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, n)
		for i := range want {
			if engine.Keep(uint32(seed), 1, uint32(i), rate) {
				want[i] = 1 / (1 - rate) / n
			}
		}
		near(t, fmt.Sprintf("gradient for seed %d", seed), grads["x"].F32, want, 1e-6)
		out, err := session.Run("dropout", build, in)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "in Run", out[1].F32, x, 0)
	}
}
