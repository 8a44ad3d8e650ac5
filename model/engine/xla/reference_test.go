package xla

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"harness/model/checkpoint"
	"harness/model/engine"
)

// opCase is a case of ops.json.
type opCase struct {
	Name       string
	Inputs     []string
	Eps        float64
	IDs        []int32
	Labels     json.RawMessage
	Weights    []float32
	Smoothing  float64
	Heads      int
	Causal     bool
	KeyLengths []int32 `json:"key_lengths"`
	Grid       []int
	Boxes      [][]float32
	Loss       float64
}

// referenceDir is the folder of recorded states; the test is skipped where it is missing.
func referenceDir(t *testing.T) string {
	dir := os.Getenv("HARNESS_REFERENCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "engine", "reference")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no recorded states: %v", err)
	}
	return dir
}

// TestReferenceOps runs every recorded operation forward and back, as the loss Σ y · grad_out.
func TestReferenceOps(t *testing.T) {
	dir := filepath.Join(referenceDir(t), "ops")
	raw, err := os.ReadFile(filepath.Join(dir, "ops.json"))
	if err != nil {
		t.Fatal(err)
	}
	var listed struct{ Cases []opCase }
	if err := json.Unmarshal(raw, &listed); err != nil {
		if err := json.Unmarshal(raw, &listed.Cases); err != nil {
			t.Fatal(err)
		}
	}
	file, err := checkpoint.Load(filepath.Join(dir, "ops.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) engine.Tensor {
		data, err := file.F32(name)
		if err != nil {
			t.Fatal(err)
		}
		return engine.Floats(data, file.Shape(name)...)
	}
	e := openGo(t, Options{})
	ran := 0
	for _, c := range listed.Cases {
		build, in := c.program(t)
		if build == nil {
			continue // an optimiser, a schedule, a search
		}
		ran++
		t.Run(c.Name, func(t *testing.T) {
			var params []engine.Param
			for _, name := range c.Inputs {
				params = append(params, engine.Param{Name: name, Tensor: read(c.Name + "/in/" + name)})
			}
			want, upstream := read(c.Name+"/out/y"), read(c.Name+"/grad_out/y")
			in["upstream"] = upstream
			session := open(t, e, params)
			out, err := session.Run(c.Name, func(o engine.Ops) []engine.Value { return []engine.Value{build(o)} }, in)
			if err != nil {
				t.Fatal(err)
			}
			tolerance := 1e-5
			if c.Name == "layernorm_small_variance" {
				tolerance = 1e-4
			}
			near(t, "y", out[0].F32, want.F32, tolerance)
			loss, grads, err := session.Gradients(c.Name, func(o engine.Ops) []engine.Value {
				return []engine.Value{weightedSum(o, build(o), upstream.Shape)}
			}, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range c.Inputs {
				near(t, "gradient of "+name, grads[name].F32, read(c.Name+"/grad_in/"+name).F32, tolerance)
			}
			if c.Loss != 0 && math.Abs(loss-c.Loss) > 1e-6*math.Abs(c.Loss) {
				t.Errorf("loss %v, want %v", loss, c.Loss)
			}
		})
	}
	if ran < 20 {
		t.Errorf("only %d cases found", ran)
	}
}

// weightedSum is Σ y · upstream as a scalar, built of the engine's own operations.
func weightedSum(o engine.Ops, y engine.Value, shape []int) engine.Value {
	n := engine.Size(shape)
	flat := o.Reshape(o.Mul(o.Reshape(y, n), o.Reshape(o.Input("upstream"), n)), n)
	return o.Scale(o.Mean(flat, 0), float64(n))
}

// program writes a case in engine.Ops; nil for what is not an operation.
func (c opCase) program(t *testing.T) (func(engine.Ops) engine.Value, engine.Inputs) {
	in := engine.Inputs{}
	switch {
	case c.Name == "linear" || c.Name == "linear_wide":
		return func(o engine.Ops) engine.Value { return o.Linear(o.Param("x"), o.Param("w"), o.Param("b")) }, in
	case c.Name == "linear_in_out":
		return func(o engine.Ops) engine.Value { return o.LinearInOut(o.Param("x"), o.Param("w"), o.Param("b")) }, in
	case c.Eps != 0 && c.Name != "adamw":
		return func(o engine.Ops) engine.Value { return o.LayerNorm(o.Param("x"), o.Param("w"), o.Param("b"), c.Eps) }, in
	case c.Name == "gelu_tanh":
		return func(o engine.Ops) engine.Value { return o.GELU(o.Param("x"), engine.GELUTanh) }, in
	case c.Name == "gelu_erf":
		return func(o engine.Ops) engine.Value { return o.GELU(o.Param("x"), engine.GELUErf) }, in
	case c.Name == "embedding":
		in["ids"] = engine.Ints(c.IDs, len(c.IDs))
		return func(o engine.Ops) engine.Value { return o.Embedding(o.Param("table"), "ids") }, in
	case c.Name == "l2_normalise":
		return func(o engine.Ops) engine.Value { return o.L2Normalise(o.Param("x")) }, in
	case c.Name == "softmax_cross_entropy" || c.Name == "softmax_cross_entropy_smoothed":
		var labels []int32
		decode(t, c.Labels, &labels)
		weights := c.Weights
		if weights == nil {
			weights = make([]float32, len(labels))
			for i := range weights {
				weights[i] = 1
			}
		}
		in["labels"], in["weights"] = engine.Ints(labels, len(labels)), engine.Floats(weights, len(labels))
		return func(o engine.Ops) engine.Value {
			return o.CrossEntropy(o.Param("logits"), "labels", "weights", c.Smoothing)
		}, in
	case c.Heads > 0:
		mask := engine.Mask{Causal: c.Causal}
		if c.KeyLengths != nil {
			mask.KeyLengths = "lengths"
			in["lengths"] = engine.Ints(c.KeyLengths, len(c.KeyLengths))
		}
		return func(o engine.Ops) engine.Value {
			return o.Attention(o.Param("q"), o.Param("k"), o.Param("v"), c.Heads, mask)
		}, in
	case c.Name == "sigmoid_pair_loss":
		var signs [][]float32
		decode(t, c.Labels, &signs)
		in["sign"] = matrix(signs)
		return func(o engine.Ops) engine.Value {
			return o.SigmoidPair(o.L2Normalise(o.Param("image")), o.L2Normalise(o.Param("text")),
				o.Param("log_scale"), o.Param("bias"), "sign")
		}, in
	case c.Name == "roi_align":
		in["boxes"], in["rows"] = matrix(c.Boxes), engine.Ints(make([]int32, len(c.Boxes)), len(c.Boxes))
		return func(o engine.Ops) engine.Value {
			features := o.Param("features")
			shape := append([]int{1}, features.Shape()...)
			return o.RoIAlign(o.Reshape(features, shape...), c.Grid[0], c.Grid[1], "boxes", "rows")
		}, in
	}
	return nil, nil
}

func decode(t *testing.T, raw json.RawMessage, to any) {
	t.Helper()
	if err := json.Unmarshal(raw, to); err != nil {
		t.Fatal(err)
	}
}

func matrix(rows [][]float32) engine.Tensor {
	var data []float32
	for _, r := range rows {
		data = append(data, r...)
	}
	return engine.Floats(data, len(rows), len(rows[0]))
}

// TestReferenceAdamW takes five recorded steps with and without decay: the loss Σ p·g has the gradient g.
func TestReferenceAdamW(t *testing.T) {
	file, err := checkpoint.Load(filepath.Join(referenceDir(t), "ops", "ops.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []float32 {
		data, err := file.F32(name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	start, grads := read("adamw/in/start"), read("adamw/in/gradients")
	n := len(start)
	for _, decay := range []bool{true, false} {
		session := open(t, openGo(t, Options{}), []engine.Param{{Name: "p", Decay: decay, Tensor: engine.Floats(start, n)}})
		want := read("adamw/out/decay")
		if !decay {
			want = read("adamw/out/no_decay")
		}
		for step := range 5 {
			in := engine.Inputs{"upstream": engine.Floats(grads[step*n:][:n], n)}
			build := func(o engine.Ops) []engine.Value { return []engine.Value{weightedSum(o, o.Param("p"), []int{n})} }
			if _, err := session.Step("p", build, in, 0.01, engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.1}); err != nil {
				t.Fatal(err)
			}
			got, err := session.Param("p")
			if err != nil {
				t.Fatal(err)
			}
			near(t, "p", got.F32, want[step*n:][:n], 1e-5)
		}
	}
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

func openGo(t *testing.T, options Options) engine.Engine {
	t.Helper()
	e, err := OpenWith("go", options)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func open(t *testing.T, e engine.Engine, params []engine.Param) engine.Session {
	t.Helper()
	session, err := e.New(params)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return session
}
