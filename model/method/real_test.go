package method

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"harness/metrics"
	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// residualRun is a small trial of ReAL with its data; its stages start and are not trained.
func residualRun(t *testing.T) *Run {
	t.Helper()
	trial := smallTrial(t, spec.ReAL)
	trial.Encoder.Depth = 3
	r := openTrial(t, trial)
	r.Train = func(_ context.Context, stageOf spec.Trial, stage spec.Stage, build func() (Training, error)) (Weights, error) {
		if stageOf.Method != spec.GlobalContrastive || stage != spec.StagePretrain {
			t.Errorf("stage %s of %s", stage, stageOf.Method)
		}
		s, err := build()
		return ValuesOf(s.Params), err
	}
	return r
}

// The branch starts as the first half of the encoder, and difference VQA keeps just that.
func TestResidualBranchStarts(t *testing.T) {
	r := residualRun(t)
	weights, err := Of(r.Trial).Pretrain(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := Of(r.Trial).Answerer(r.Trial, r.Corpus.Tok.Size())
	kept := 0
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if !a.Keeps(name) {
			continue
		}
		kept++
		source, _ := strings.CutPrefix(name, "residual.")
		if !slices.Equal(weights[name].F32, weights[source].F32) {
			t.Errorf("%s does not start as %s", name, source)
		}
	}
	if want := 5 + 2*16; kept != want { // patch, pos, norm; two blocks of two norms, four projections and two layers
		t.Errorf("%d parameters are kept, want %d", kept, want)
	}
}

// readingOf is what a step reads of pairs beside questions: random features, residuals, boxes.
func readingOf(t *testing.T, r *Run, pairs []dataset.Pair) engine.Inputs {
	t.Helper()
	a := Of(r.Trial).Answerer(r.Trial, r.Corpus.Tok.Size())
	reading, err := a.Prepare(context.Background(), r, nil, pairs)
	if err != nil {
		t.Fatal(err)
	}
	encoded := make([]float32, 2*len(pairs)*a.Tokens*r.Trial.Encoder.Width)
	rng := corpus.RandomOf(1, "features", 0)
	for i := range encoded {
		encoded[i] = float32(rng.NormFloat64())
	}
	in := engine.Inputs{"encoded": engine.Floats(encoded, 2*len(pairs), a.Tokens, r.Trial.Encoder.Width)}
	reading.Images(in, pairs)
	return in
}

// Residuals are half of what patches differ by: positive where the main image is brighter, zero where both are one.
func TestResiduals(t *testing.T) {
	r := residualRun(t)
	pair := r.Corpus.Pairs(dataset.Train)[0]
	twice := pair
	twice.Ref = pair.Main
	got := r.Corpus.Residuals([]dataset.Pair{pair, twice})
	patches := r.Corpus.Patches([]int{pair.Ref, pair.Main})
	if want := []int{2, patches.Shape[1], patches.Shape[2]}; !slices.Equal(got.Shape, want) {
		t.Fatalf("shape %v, want %v", got.Shape, want)
	}
	half := len(patches.F32) / 2
	moved := 0
	for i := range half {
		want := float64(patches.F32[half+i]-patches.F32[i]) / 2
		if math.Abs(float64(got.F32[i])-want) > 1e-6 {
			t.Fatalf("value %d: %v, want %v", i, got.F32[i], want)
		}
		if want != 0 {
			moved++
		}
		if got.F32[half+i] != 0 {
			t.Fatalf("an image differs from itself by %v", got.F32[half+i])
		}
	}
	if moved == 0 {
		t.Error("the pair does not differ")
	}
}

// Boxes are the training images' alone, lie in the grid, and are the same for every pair; a region without one is read outside.
func TestRegionBoxes(t *testing.T) {
	r := residualRun(t)
	images := r.Corpus.Set.Images
	const side = 7
	before, err := r.meanBoxes(side, outside)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range before {
		if b != outside && (b[0] < 0 || b[1] < 0 || b[2] > side || b[3] > side || b[0] >= b[2] || b[1] >= b[3]) {
			t.Errorf("%s: box %v", dataset.RegionNames[i], b)
		}
	}
	changed := 0
	for i := range images {
		if images[i].RegionSplit == dataset.Train {
			continue
		}
		for k := range images[i].Regions {
			images[i].Regions[k].Box = metrics.Box{0, 0, 1, 1}
			changed++
		}
	}
	after, err := r.meanBoxes(side, outside)
	if err != nil {
		t.Fatal(err)
	}
	if changed == 0 || !slices.Equal(before, after) {
		t.Errorf("%d boxes outside training were changed; the boxes that are read: %v, then %v", changed, before, after)
	}
	lung := dataset.RegionNames[0]
	first := true
	for i := range images {
		var kept []dataset.Region
		for _, region := range images[i].Regions {
			switch {
			case images[i].RegionSplit == dataset.Train && region.Name == lung && first:
				w, h := float64(images[i].Width), float64(images[i].Height)
				region.Box, first = metrics.Box{w / 7, 0, w / 2, h}, false
				kept = append(kept, region)
			case region.Name != lung && region.Name != "carina":
				kept = append(kept, region)
			}
		}
		images[i].Regions = kept
	}
	one, err := r.meanBoxes(side, outside)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []float32{1, 0, 3.5, 7} {
		if math.Abs(float64(one[0][k]-want)) > 1e-5 {
			t.Errorf("%s: box %v, want 1 0 3.5 7", lung, one[0])
		}
	}
	if carina := one[slices.Index(dataset.RegionNames, "carina")]; carina != outside {
		t.Errorf("a region without a box is read in %v", carina)
	}
	for i := range images {
		images[i].Regions = nil
	}
	if _, err := r.meanBoxes(side, outside); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("no boxes at all: error %v, want one line", err)
	}
}

// Steps on one batch bring the loss well below its start, and the alignment with it.
func TestReALLearns(t *testing.T) {
	r := residualRun(t)
	weights, err := Of(r.Trial).Pretrain(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := Of(r.Trial).Answerer(r.Trial, r.Corpus.Tok.Size())
	params := a.Params(1, nn.TokenTable(r.Trial, r.Corpus.Tok, "transformer.wte.weight", a.LM.Width, 0))
	for i, p := range params {
		if a.Keeps(p.Name) {
			params[i].Tensor = weights[p.Name]
		}
	}
	s, err := r.Engine.New(params)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pairs := r.Corpus.Pairs(dataset.Train)[:4]
	in := readingOf(t, r, pairs)
	list := make([]nn.Sequence, len(pairs))
	for i, pair := range pairs {
		list[i] = nn.CausalSequence(-1, r.Corpus.EOS(), r.Corpus.IDs(pair.Question), r.Corpus.IDs(corpus.AnswerText(pair.Answer)), 40)
	}
	targets, labels := nn.Collate(in, "text", list, r.Corpus.EOS(), 1, a.LM.MaxPositionEmbeddings)
	nn.SetTargets(in, targets, labels)
	adapter := a.Model.(nn.Answerer).Adapter
	aligned := func() float64 {
		out, err := s.Run("align", func(o engine.Ops) []engine.Value {
			_, loss := adapter.Visual(o)
			return []engine.Value{loss}
		}, in)
		if err != nil {
			t.Fatal(err)
		}
		return float64(out[0].F32[0])
	}
	start, first, last := aligned(), 0.0, 0.0
	for step := range 30 {
		result, err := s.Step("loss", a.Loss, in, 0.01, engine.AdamW{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, MaxGradNorm: 1})
		if err != nil {
			t.Fatal(err)
		}
		if step == 0 {
			first = result.Loss
		}
		last = result.Loss
	}
	if end := aligned(); last > 0.6*first || end > 0.7*start {
		t.Errorf("loss went from %v to %v, the alignment from %v to %v", first, last, start, end)
	}
}
