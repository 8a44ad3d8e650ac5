package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/spec"
)

// tinyResidual answers about pairs of images with 4 tokens of width 8 and 2 regions; its branch has 16 tokens, which are pooled.
func tinyResidual() (Answerer, ResidualAdapter) {
	a := ResidualAdapter{
		PairAdapter: PairAdapter{Tokens: 4, Width: 8, Out: 12},
		Branch:      Encoder{Encoder: spec.Encoder{Width: 8, Depth: 1, Heads: 2, MLP: 12}, Tokens: 16, Pixels: 5, Eps: 1e-6, Name: "residual.encoder"},
		Regions:     2, Alignment: 1,
	}
	lm := LanguageModel{
		LM:    spec.LM{Width: 12, Depth: 1, Heads: 2, MLP: 16, MaxPositionEmbeddings: 6},
		Vocab: 9, Visual: a.Len(), Images: 3, Others: a.Regions, Eps: 1e-5,
	}
	return Answerer{Adapter: a, LM: lm, Smoothing: 0.1}, a
}

func residualNormal(r *rand.Rand, shape ...int) engine.Tensor {
	data := make([]float32, engine.Size(shape))
	for i := range data {
		data[i] = float32(r.NormFloat64())
	}
	return engine.Floats(data, shape...)
}

// residualInputs are 3 pairs; the second region of each lies outside the grid.
func residualInputs(a Answerer) engine.Inputs {
	r := rand.New(rand.NewPCG(1, 2))
	in := engine.Inputs{
		"encoded": residualNormal(r, 6, 4, 8), "residual": residualNormal(r, 3, 16, 5),
		"boxes":     engine.Floats([]float32{0, 0, 1, 1, -9, -9, -8, -8, 0.5, 0, 2, 1.5, -9, -9, -8, -8, 0, 0, 2, 2, -9, -9, -8, -8}, 6, 4),
		"box.image": engine.Ints([]int32{0, 0, 1, 1, 2, 2}, 6),
	}
	list := []Sequence{
		CausalSequence(-1, 0, []int32{1, 2}, []int32{3, 4}, 4), CausalSequence(-1, 0, []int32{2}, []int32{5}, 4),
		CausalSequence(-1, 0, []int32{6, 7}, []int32{8}, 4),
	}
	targets, weights := Collate(in, "text", list, 0, 1, a.LM.MaxPositionEmbeddings)
	SetTargets(in, targets, weights)
	return in
}

func residualParams(a Answerer) []engine.Param {
	table := residualNormal(rand.New(rand.NewPCG(5, 5)), a.LM.Vocab, a.LM.Width)
	return a.Params(3, table.F32)
}

// The loss and every gradient agree between engines, and none is zero.
func TestResidualOnBothEngines(t *testing.T) {
	a, _ := tinyResidual()
	checkEngines(t, residualParams(a), a.Loss, residualInputs(a))
}

// The gradient of every parameter, the alignment loss included, is that of finite differences.
func TestResidualGradients(t *testing.T) {
	a, _ := tinyResidual()
	in := residualInputs(a)
	s := openParams(t, native.New(2), residualParams(a))
	_, grads, err := s.Gradients("loss", a.Loss, in)
	if err != nil {
		t.Fatal(err)
	}
	start, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 9))
	for _, name := range s.Names() {
		way := residualNormal(r, start[name].Shape...)
		_, length := norms(way.F32, way.F32)
		h := 5e-3 / length * math.Sqrt(math.Sqrt(float64(len(way.F32))))
		got := slope(t, s, a.Loss, in, start, name, way.F32, h)
		want, norm := 0.0, 0.0
		for i, g := range grads[name].F32 {
			want += float64(g) * float64(way.F32[i])
			norm += float64(g) * float64(g)
		}
		if math.Abs(got-want) > 5e-3*(math.Sqrt(norm)+3e-2) {
			t.Errorf("%s: slope %v by differences, %v by the gradient", name, got, want)
		}
	}
}

// The alignment loss is 0 where the branch says main minus reference, 4 where it says the opposite, and nothing that depends on
// the branch where nothing changed.
func TestResidualAlignment(t *testing.T) {
	_, a := tinyResidual()
	a.Alignment = 0.5
	eye := make([]float32, 64)
	for i := range 8 {
		eye[i*9] = 1
	}
	s, err := native.New(1).New([]engine.Param{{Name: "residual.align", Tensor: engine.Floats(eye, 8, 8)}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := rand.New(rand.NewPCG(3, 4))
	encoded := residualNormal(r, 2, 4, 8) // reference, main
	difference := make([]float32, 32)
	for i := range difference {
		difference[i] = 3 * (encoded.F32[32+i] - encoded.F32[i])
	}
	same := engine.Floats(append(append([]float32(nil), encoded.F32[:32]...), encoded.F32[:32]...), 2, 4, 8)
	for _, c := range []struct {
		name    string
		encoded engine.Tensor
		sign    float32
		want    float64
	}{{"main minus reference", encoded, 1, 0}, {"reference minus main", encoded, -1, 2}, {"one image twice", same, 1, 0.5}} {
		f := make([]float32, 32)
		for i, v := range difference {
			f[i] = c.sign * v
		}
		out, err := s.Run("align", func(o engine.Ops) []engine.Value { return []engine.Value{a.align(o, o.Input("f"))} },
			engine.Inputs{"encoded": c.encoded, "f": engine.Floats(f, 1, 4, 8)})
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(out[0].F32[0]); math.Abs(got-c.want) > 1e-5 {
			t.Errorf("%s: loss %v, want %v", c.name, got, c.want)
		}
	}
}

// A region outside the grid reads nothing; one inside depends on what lies in its box alone, in all three branches.
func TestResidualRegions(t *testing.T) {
	a, adapter := tinyResidual()
	s := openParams(t, native.New(1), residualParams(a))
	tokens := func(in engine.Inputs) []float32 {
		out, err := s.Run("visual", func(o engine.Ops) []engine.Value {
			v, _ := adapter.Visual(o)
			return []engine.Value{v}
		}, in)
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{3, 14, 12}; out[0].Shape[0] != want[0] || out[0].Shape[1] != want[1] || out[0].Shape[2] != want[2] {
			t.Fatalf("shape %v, want %v", out[0].Shape, want)
		}
		return out[0].F32
	}
	region := func(all []float32, pair, k int) []float32 { return all[(pair*14+12+k)*12:][:12] }
	in := residualInputs(a)
	before := tokens(in)
	for _, v := range region(before, 0, 1) {
		if v != 0 {
			t.Fatalf("outside the grid: %v", region(before, 0, 1))
		}
	}
	in["boxes"].F32[2], in["boxes"].F32[3] = 0.5, 0.5 // the first cell's inner corner: no neighbour is read
	before = tokens(in)
	moved := func(token int, image int) bool {
		other := residualInputs(a)
		other["boxes"] = in["boxes"]
		for c := range 8 {
			other["encoded"].F32[(image*4+token)*8+c]++
		}
		diff, _ := norms(region(tokens(other), 0, 0), region(before, 0, 0))
		return diff > 0
	}
	for image := range 2 {
		if !moved(0, image) || moved(3, image) {
			t.Errorf("image %d: the region's token follows its own cell: %v, another: %v", image, moved(0, image), moved(3, image))
		}
	}
	other := residualInputs(a)
	other["boxes"] = in["boxes"]
	other["residual"].F32[0]++
	if diff, _ := norms(region(tokens(other), 0, 0), region(before, 0, 0)); diff == 0 {
		t.Error("the region's token does not follow the residual")
	}
}

// Equal places of all three images start as the same wave, apart by one row an image; for two images nothing has changed.
func TestPositionsOfThreeImages(t *testing.T) {
	lm := LanguageModel{LM: spec.LM{Width: 8, MaxPositionEmbeddings: 3}, Visual: 3*4 + 2, Images: 3, Others: 2}
	two := LanguageModel{LM: spec.LM{Width: 8, MaxPositionEmbeddings: 3}, Visual: 8}
	table, short := lm.positions(&Parameters{Seed: 1}), two.positions(&Parameters{Seed: 1})
	for i := range 2 * 4 * 8 {
		if table[i] != short[i] {
			t.Fatalf("value %d: %v, with two images %v", i, table[i], short[i])
		}
	}
	for k := 1; k < 3; k++ {
		for i := range 4 * 8 {
			apart := table[k*32+i] - table[i]
			if first := table[k*32+i%8] - table[i%8]; math.Abs(float64(apart-first)) > 1e-6 {
				t.Errorf("image %d: place %d is %v away, the first %v", k, i/8, apart, first)
			}
		}
	}
	if table[32] == table[64] {
		t.Error("main image and residual start alike")
	}
}
