package nn

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/engine/xla/xlatest"
	"harness/model/spec"
)

// The recorded states in testdata/reference (its README says what they are and which tolerances hold). The folder
// may be another of the same layout and other sizes: $HARNESS_REFERENCE.

func referenceFolder(t *testing.T) string {
	dir := os.Getenv("HARNESS_REFERENCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "testdata", "reference")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("no recorded states: %v", err)
	}
	return dir
}

type referenceConfig struct {
	Model   string
	Image   int
	Patch   int
	Encoder struct{ Width, Heads, Layers, MLP int }
	Decoder struct {
		Width, Heads, Layers, MLP, Positions int
		TextPositions                        int `json:"text_positions"`
	}
	Vocab         int
	Bos, Eos      int32
	EncoderEps    float64 `json:"encoder_layer_norm_eps"`
	Eps           float64 `json:"layer_norm_eps"`
	Smoothing     float64 `json:"label_smoothing"`
	LR            float64
	Steps, Warmup int
	Betas         [2]float64
	AdamEps       float64 `json:"adam_eps"`
	WeightDecay   float64 `json:"weight_decay"`
	GradClip      float64 `json:"grad_clip"`
	ParallelMasks int     `json:"parallel_masks"`
	MaxNewTokens  int     `json:"max_new_tokens"`
	LengthPenalty float64 `json:"length_penalty"`
	Parameters    []struct {
		Name           string
		Shape          []int
		Decay, Trained bool
	}
}

type referenceSample struct {
	Mode             string
	Prefix, Target   []int32
	Question, Answer []int32
	Input            []int32
	LossPositions    []int   `json:"loss_positions"`
	LossTargets      []int32 `json:"loss_targets"`
}

type referenceHypothesis struct {
	Tokens []int32
	SumLog float64 `json:"sum_logp"`
	Score  float64
}

type referenceExpected struct {
	Batch       []int
	LR          []float64
	Loss        []float64
	GradNorm    []float64 `json:"grad_norm"`
	InitialLoss []float64 `json:"initial_loss"`
	FinalLoss   []float64 `json:"final_loss"`
	Decode      []struct {
		Question []int32
		Greedy   referenceHypothesis
		Beam4    []referenceHypothesis
		Beam10   []referenceHypothesis
	}
}

// recorded is one of the two recorded models.
type recorded struct {
	dir      string
	config   referenceConfig
	expected referenceExpected
	batches  [][]referenceSample
	images   map[string]engine.Tensor
	program  engine.Program
	encoder  Encoder
	answerer Answerer // diffvqa only
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func readFile(t *testing.T, path string) map[string]engine.Tensor {
	t.Helper()
	file, err := checkpoint.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tensors := map[string]engine.Tensor{}
	for _, name := range file.Names() {
		values, err := file.F32(name)
		if err != nil {
			t.Fatal(err)
		}
		tensors[name] = engine.Floats(values, file.Shape(name)...)
	}
	return tensors
}

func openRecorded(t *testing.T, name string) *recorded {
	r := &recorded{dir: filepath.Join(referenceFolder(t), name)}
	readJSON(t, filepath.Join(r.dir, "config.json"), &r.config)
	readJSON(t, filepath.Join(r.dir, "expected.json"), &r.expected)
	readJSON(t, filepath.Join(r.dir, "batches.json"), &r.batches)
	r.images = readFile(t, filepath.Join(r.dir, "images.safetensors"))
	c := r.config
	side := c.Image / c.Patch
	enc := Encoder{
		Encoder: spec.Encoder{Width: c.Encoder.Width, Depth: c.Encoder.Layers, Heads: c.Encoder.Heads, MLP: c.Encoder.MLP, Patch: c.Patch},
		Tokens:  side * side, Pixels: c.Patch * c.Patch, Eps: c.Eps,
	}
	if c.Model == "pretrain" {
		r.encoder = enc
		model := Captioner{Encoder: enc, Decoder: Decoder{
			Decoder: spec.Decoder{Width: c.Decoder.Width, Depth: c.Decoder.Layers, Heads: c.Decoder.Heads, MLP: c.Decoder.MLP, MaxPositionEmbeddings: c.Decoder.Positions},
			Vocab:   c.Vocab, Eps: c.Eps,
		}}
		r.program = model.Loss([]string{CaptionGroup})
		return r
	}
	enc.Eps = c.EncoderEps
	r.encoder = enc
	r.answerer = Answerer{Adapter: PairAdapter{enc.Tokens, enc.Width, c.Decoder.Width}, Smoothing: c.Smoothing, LM: LanguageModel{
		LM:    spec.LM{Width: c.Decoder.Width, Depth: c.Decoder.Layers, Heads: c.Decoder.Heads, MLP: c.Decoder.MLP, MaxPositionEmbeddings: c.Decoder.TextPositions},
		Vocab: c.Vocab, Visual: 2 * enc.Tokens, Eps: c.Eps,
	}}
	r.program = r.answerer.Loss
	return r
}

func (r *recorded) params(t *testing.T, weights string) []engine.Param {
	values := readFile(t, filepath.Join(r.dir, weights))
	var list []engine.Param
	for _, p := range r.config.Parameters {
		list = append(list, engine.Param{Name: p.Name, Tensor: values[p.Name], Frozen: !p.Trained, Decay: p.Decay})
	}
	return list
}

func (r *recorded) session(t *testing.T, e engine.Engine, weights string) engine.Session {
	t.Helper()
	s, err := e.New(r.params(t, weights))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// patchesOf cuts recorded images [N, S, S], which are normalised already.
func (r *recorded) patchesOf(images ...engine.Tensor) engine.Tensor {
	s, p := r.config.Image, r.config.Patch
	grid := s / p
	var data []float32
	n := images[0].Shape[0]
	for k := range n {
		for _, set := range images { // reference, main, reference, main, …
			image := set.F32[k*s*s:][:s*s]
			for py := range grid {
				for px := range grid {
					for y := range p {
						data = append(data, image[(py*p+y)*s+px*p:][:p]...)
					}
				}
			}
		}
	}
	return engine.Floats(data, n*len(images), grid*grid, p*p)
}

// inputs makes the batch with our own code, and checks that the sequences are the recorded ones.
func (r *recorded) inputs(t *testing.T, batch int) engine.Inputs {
	t.Helper()
	in := engine.Inputs{}
	group := "text"
	var list []Sequence
	for i, s := range r.batches[batch] {
		var seq Sequence
		switch {
		case r.config.Model == "diffvqa":
			seq = CausalSequence(-1, r.config.Eos, s.Question, s.Answer, 1000)
		case s.Mode == "parallel":
			seq = ParallelSequence(r.config.Bos, r.config.Eos, int32(r.config.Vocab), s.Prefix, s.Target, r.config.ParallelMasks)
		default:
			seq = CausalSequence(r.config.Bos, r.config.Eos, s.Prefix, s.Target, 1000)
		}
		if !slices.Equal(seq.IDs, s.Input) || !slices.Equal(seq.Rows, s.LossPositions) || !slices.Equal(seq.Targets, s.LossTargets) {
			t.Fatalf("batch %d sample %d: sequence %v %v %v, want %v %v %v",
				batch, i, seq.IDs, seq.Rows, seq.Targets, s.Input, s.LossPositions, s.LossTargets)
		}
		seq.Image = i
		list = append(list, seq)
	}
	if r.config.Model == "pretrain" {
		group = CaptionGroup
		in["patches"] = r.patchesOf(r.images[fmt.Sprintf("batch%d.images", batch)])
	} else {
		in["encoded"] = r.encode(t, r.patchesOf(r.images[fmt.Sprintf("batch%d.ref", batch)], r.images[fmt.Sprintf("batch%d.main", batch)]))
	}
	targets, weights := Collate(in, group, list, r.config.Eos, 4, max(r.config.Decoder.Positions, r.config.Decoder.TextPositions))
	SetTargets(in, targets, weights)
	return in
}

// encode runs the frozen encoder, whose weights never change.
func (r *recorded) encode(t *testing.T, patches engine.Tensor) engine.Tensor {
	t.Helper()
	s := r.session(t, native.New(2), "weights.safetensors")
	out, err := s.Run("encode", func(o engine.Ops) []engine.Value { return []engine.Value{r.encoder.Forward(o, o.Input("patches"))} },
		engine.Inputs{"patches": patches})
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func within(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if d := math.Abs(got-want) / math.Abs(want); !(d <= tolerance) {
		t.Errorf("%s: got %v, want %v: off by %.2g, more than %.2g", what, got, want, d, tolerance)
	}
}

// maxima are max |a-b| and max |b|.
func maxima(a, b []float32) (diff, top float64) {
	for i := range b {
		diff = max(diff, math.Abs(float64(a[i])-float64(b[i])))
		top = max(top, math.Abs(float64(b[i])))
	}
	return diff, top
}

func norms(a, b []float32) (diff, size float64) {
	for i := range b {
		d := float64(a[i]) - float64(b[i])
		diff += d * d
		size += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(diff), math.Sqrt(size)
}

// keyBias names what has no true gradient: softmax ignores a shift of all scores.
func keyBias(name string) bool { return strings.HasSuffix(name, ".k.bias") }

// withoutKeyBias leaves the middle third of c_attn.bias out of a comparison.
func withoutKeyBias(name string, x []float32) []float32 {
	if !strings.HasSuffix(name, "c_attn.bias") {
		return x
	}
	third := len(x) / 3
	return append(slices.Clone(x[:third]), x[2*third:]...)
}

func (r *recorded) checkGradients(t *testing.T, s engine.Session) {
	t.Helper()
	loss, got, err := s.Gradients("loss", r.program, r.inputs(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	within(t, "initial loss of batch 0", loss, r.expected.InitialLoss[0], 1e-6)
	want := readFile(t, filepath.Join(r.dir, "grads_step1.safetensors"))
	largest := 0.0
	for _, g := range want {
		_, top := maxima(g.F32, g.F32)
		largest = max(largest, top)
	}
	compared := 0
	for name, w := range want {
		g, ok := got[name]
		if !ok {
			t.Errorf("%s has no gradient", name)
			continue
		}
		if keyBias(name) {
			if _, top := maxima(g.F32, g.F32); top > 1e-6*largest {
				t.Errorf("%s: gradient %g is not zero", name, top)
			}
			continue
		}
		a, b := withoutKeyBias(name, g.F32), withoutKeyBias(name, w.F32)
		if diff, top := maxima(a, b); diff > 2e-5*top {
			t.Errorf("%s: gradient off by %.2g of its largest", name, diff/top)
		}
		if diff, size := norms(a, b); diff > 1e-5*size {
			t.Errorf("%s: gradient off by %.2g of its norm", name, diff/size)
		}
		compared++
	}
	if compared == 0 {
		t.Error("no gradient was compared")
	}
}

func (r *recorded) adam() engine.AdamW {
	c := r.config
	return engine.AdamW{Beta1: c.Betas[0], Beta2: c.Betas[1], Eps: c.AdamEps, Decay: c.WeightDecay, MaxGradNorm: c.GradClip}
}

func (r *recorded) checkTenSteps(t *testing.T, s engine.Session) {
	t.Helper()
	for i, batch := range r.expected.Batch {
		lr := LearningRate(i+1, r.config.Steps, r.config.Warmup, r.config.LR)
		within(t, fmt.Sprintf("learning rate of step %d", i+1), lr, r.expected.LR[i], 1e-12)
		result, err := s.Step("loss", r.program, r.inputs(t, batch), lr, r.adam())
		if err != nil {
			t.Fatal(err)
		}
		tolerance, normTolerance := 1e-5, 5e-5
		if i == 0 {
			tolerance, normTolerance = 1e-6, 1e-6
		}
		within(t, fmt.Sprintf("loss of step %d", i+1), result.Loss, r.expected.Loss[i], tolerance)
		within(t, fmt.Sprintf("norm of step %d", i+1), result.GradNorm, r.expected.GradNorm[i], normTolerance)
	}
	before, want := readFile(t, filepath.Join(r.dir, "weights.safetensors")), readFile(t, filepath.Join(r.dir, "weights_step10.safetensors"))
	for _, p := range r.config.Parameters {
		got, err := s.Param(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		if keyBias(p.Name) {
			continue
		}
		a, b, start := withoutKeyBias(p.Name, got.F32), withoutKeyBias(p.Name, want[p.Name].F32), withoutKeyBias(p.Name, before[p.Name].F32)
		checkUpdate(t, p.Name, a, b, start, p.Trained)
	}
}

func checkUpdate(t *testing.T, name string, got, want, start []float32, trained bool) {
	t.Helper()
	if !trained {
		if !slices.Equal(got, want) {
			t.Errorf("%s is frozen, but moved", name)
		}
		return
	}
	var errors, updates []float64
	var diff, size float64
	for i := range want {
		e, u := math.Abs(float64(got[i])-float64(want[i])), math.Abs(float64(want[i])-float64(start[i]))
		diff, size = diff+e*e, size+u*u
		if e > 2e-3 {
			t.Errorf("%s[%d]: off by %g after ten steps", name, i, e)
			return
		}
		if u > 0 {
			errors, updates = append(errors, e), append(updates, u)
		}
	}
	if math.Sqrt(diff) > 3e-3*math.Sqrt(size) {
		t.Errorf("%s: off by %.2g of the update after ten steps", name, math.Sqrt(diff/size))
	}
	if len(updates) > 0 && median(errors) > 3e-4*median(updates) {
		t.Errorf("%s: median off by %.2g of the median update", name, median(errors)/median(updates))
	}
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

func (r *recorded) checkLosses(t *testing.T, s engine.Session, want []float64) {
	t.Helper()
	for batch := range want {
		out, err := s.Run("loss", r.program, r.inputs(t, batch))
		if err != nil {
			t.Fatal(err)
		}
		within(t, fmt.Sprintf("loss of batch %d", batch), float64(out[0].F32[0]), want[batch], 1e-6)
	}
}

func TestReference(t *testing.T) {
	for _, name := range []string{"pretrain", "diffvqa"} {
		t.Run(name, func(t *testing.T) {
			r := openRecorded(t, name)
			s := r.session(t, native.New(2), "weights.safetensors")
			r.checkLosses(t, s, r.expected.InitialLoss)
			r.checkGradients(t, s)
			r.checkTenSteps(t, s)
			r.checkLosses(t, r.session(t, native.New(2), "weights_step10.safetensors"), r.expected.FinalLoss)
			r.checkActivations(t, native.New(2))
			r.checkDecoding(t, native.New(2))
		})
	}
}

// TestReferenceGo holds the second engine to the same numbers: loss and every gradient of both stages, one step and the
// decoding, on GoMLX's Go backend.
func TestReferenceGo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	e := xlatest.Open(t)
	for _, name := range []string{"pretrain", "diffvqa"} {
		t.Run(name, func(t *testing.T) {
			r := openRecorded(t, name)
			s := r.session(t, e, "weights.safetensors")
			r.checkGradients(t, s)
			result, err := s.Step("loss", r.program, r.inputs(t, 0), r.expected.LR[0], r.adam())
			if err != nil {
				t.Fatal(err)
			}
			within(t, "loss of step 1", result.Loss, r.expected.Loss[0], 1e-6)
			within(t, "norm of step 1", result.GradNorm, r.expected.GradNorm[0], 1e-6)
			r.checkDecoding(t, e)
		})
	}
}

// checkActivations compares the outputs of encoder, adapter and head of batch 0, sample by sample.
func (r *recorded) checkActivations(t *testing.T, e engine.Engine) {
	t.Helper()
	s := r.session(t, e, "weights.safetensors")
	want := readFile(t, filepath.Join(r.dir, "activations.safetensors"))
	in := r.inputs(t, 0)
	patches := in["patches"]
	if r.config.Model == "diffvqa" {
		patches = r.patchesOf(r.images["batch0.ref"], r.images["batch0.main"])
	}
	out, err := s.Run("activations", func(o engine.Ops) []engine.Value {
		encoded := r.encoder.Forward(o, o.Input("patches"))
		if r.config.Model == "diffvqa" {
			return []engine.Value{encoded, r.visual(o, encoded)}
		}
		return []engine.Value{encoded, MLP(o, "adapter", encoded)}
	}, engine.Inputs{"patches": patches})
	if err != nil {
		t.Fatal(err)
	}
	for k, name := range []string{"encoded", "visual"} {
		samples := len(r.batches[0])
		size := len(out[k].F32) / samples
		for j := range samples {
			w := want[fmt.Sprintf("sample%d.%s", j, name)]
			if diff, top := maxima(out[k].F32[j*size:][:size], w.F32); diff > 1e-5*top {
				t.Errorf("sample %d: %s off by %.2g of its largest", j, name, diff/top)
			}
		}
	}
}

// checkDecoding generates with the weights after step 10, greedily and with 4 and 10 beams.
func (r *recorded) checkDecoding(t *testing.T, e engine.Engine) {
	t.Helper()
	if r.config.Model != "diffvqa" {
		return
	}
	s := r.session(t, e, "weights_step10.safetensors")
	encoded := r.encode(t, r.patchesOf(r.images["decode.ref"], r.images["decode.main"]))
	size := 2 * encoded.Shape[1] * encoded.Shape[2]
	for k, want := range r.expected.Decode {
		for _, beams := range []struct {
			k    int
			want []referenceHypothesis
		}{{1, []referenceHypothesis{want.Greedy}}, {4, want.Beam4}, {10, want.Beam10}} {
			g := Generator{Session: s, Name: fmt.Sprintf("answer %d", beams.k), Prompt: r.answerer.Prompt, Next: r.answerer.Next, Constant: e.Name() != "native",
				Search: Search{Beams: beams.k, MaxTokens: r.config.MaxNewTokens, Penalty: r.config.LengthPenalty, EOS: r.config.Eos}}
			in := engine.Inputs{"encoded": engine.Floats(encoded.F32[k*size:][:size], 2, encoded.Shape[1], encoded.Shape[2])}
			found, err := g.Run(in, [][]int32{want.Question}, r.answerer.LM.Visual)
			if err != nil {
				t.Fatal(err)
			}
			checkHypotheses(t, fmt.Sprintf("image %d, %d beams", k, beams.k), found[0], beams.want, 1e-5)
		}
	}
}

func checkHypotheses(t *testing.T, what string, got []Hypothesis, want []referenceHypothesis, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d hypotheses, want %d", what, len(got), len(want))
		return
	}
	if !slices.Equal(got[0].Tokens, want[0].Tokens) {
		t.Errorf("%s: tokens %v, want %v", what, got[0].Tokens, want[0].Tokens)
	}
	for i := range want {
		if math.Abs(got[i].Score-want[i].Score) > tolerance {
			t.Errorf("%s: Hypothesis %d scores %v, want %v", what, i, got[i].Score, want[i].Score)
		}
	}
}

// TestSearch runs greedy and beam search over the recorded Markov chains: log p of the next token is the row of the last
// token, row 0 at the start.
func TestSearch(t *testing.T) {
	dir := filepath.Join(referenceFolder(t), "ops")
	var cases []struct {
		Name string
		Runs []struct {
			Vocab         int
			EOS           int32
			MaxNewTokens  int     `json:"max_new_tokens"`
			LengthPenalty float64 `json:"length_penalty"`
			Greedy        referenceHypothesis
			Beam1, Beam4  []referenceHypothesis
			Beam10        []referenceHypothesis
			Chain         [][]float32 `json:"log_probabilities"`
		}
		Exhaustive []struct {
			EOS           int32
			MaxNewTokens  int     `json:"max_new_tokens"`
			LengthPenalty float64 `json:"length_penalty"`
			Beams         int
			Best          referenceHypothesis
			Chain         [][]float32 `json:"log_probabilities"`
		}
	}
	readJSON(t, filepath.Join(dir, "ops.json"), &cases)
	follow := func(chain [][]float32) nextTokens {
		return func(_, tokens []int32) (candidates, error) { return likeliest(chain, tokens), nil }
	}
	checked := 0
	for _, c := range cases {
		if c.Name != "search" {
			continue
		}
		for k, run := range c.Runs {
			first, next := likeliest(run.Chain, []int32{0}), follow(run.Chain)
			s := Search{Beams: 1, MaxTokens: run.MaxNewTokens, Penalty: run.LengthPenalty, EOS: run.EOS}
			found, err := s.greedy(first, next)
			if err != nil {
				t.Fatal(err)
			}
			checkHypotheses(t, fmt.Sprintf("run %d greedy", k), found[0], []referenceHypothesis{run.Greedy}, 1e-5)
			for beams, want := range map[int][]referenceHypothesis{1: run.Beam1, 4: run.Beam4, 10: run.Beam10} {
				s.Beams = beams
				if found, err = s.beam(first, next); err != nil {
					t.Fatal(err)
				}
				checkHypotheses(t, fmt.Sprintf("run %d, %d beams", k, beams), found[0], want, 1e-5)
				checked++
			}
		}
		for k, run := range c.Exhaustive {
			s := Search{Beams: run.Beams, MaxTokens: run.MaxNewTokens, Penalty: run.LengthPenalty, EOS: run.EOS}
			found, err := s.beam(likeliest(run.Chain, []int32{0}), follow(run.Chain))
			if err != nil {
				t.Fatal(err)
			}
			checkHypotheses(t, fmt.Sprintf("run %d, every sequence", k), found[0][:1], []referenceHypothesis{run.Best}, 1e-5)
			checked++
		}
	}
	if checked == 0 {
		t.Error("no search was checked")
	}
}

// likeliest are the tokens that may follow each of some tokens, all of them, likeliest first.
func likeliest(chain [][]float32, tokens []int32) candidates {
	all := candidates{k: len(chain[0])}
	for _, token := range tokens {
		row := chain[token]
		order := make([]int, len(row))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(row[b], row[a]) })
		for _, i := range order {
			all.logp, all.tokens = append(all.logp, row[i]), append(all.tokens, float32(i))
		}
	}
	return all
}

// visual is what the adapter of difference VQA makes of encoded pairs.
func (r *recorded) visual(o engine.Ops, encoded engine.Value) engine.Value {
	return PairTokens(o, encoded, func(pairs engine.Value) engine.Value { return MLP(o, "adapter", pairs) })
}
