package xla

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// The models of preset paper, by the shapes of their parameters and inputs alone: programs of full size are compiled or lowered here,
// and never run.

// gpt2Vocabulary is the size of GPT-2's vocabulary, which preset paper keeps whole.
const gpt2Vocabulary = 50257

// paperTrial is preset paper.
func paperTrial(t testing.TB) spec.Trial {
	t.Helper()
	trial, err := spec.Default(spec.Paper)
	if err != nil {
		t.Fatal(err)
	}
	return trial
}

// sized is a training step of a model by shapes.
type sized struct {
	params []engine.Param
	build  engine.Program
	in     engine.Inputs
}

// secondStage is difference VQA (paper 3.4) with so many blocks, at preset paper's batch of 32 pairs: 2,048 visual tokens and 64 of
// text, half of which have a loss.
func secondStage(t testing.TB, depth int) sized {
	trial := paperTrial(t)
	e := nn.NewEncoder(trial)
	model := func(depth int) nn.Answerer {
		trial.LM.Depth = depth
		return nn.Answerer{
			Adapter: nn.PairAdapter{Tokens: e.Tokens, Width: e.Width, Out: trial.LM.Width},
			LM:      nn.NewLanguageModel(trial, gpt2Vocabulary, 2*e.Tokens), Smoothing: trial.DiffVQA.LabelSmoothing,
		}
	}
	batch, text := trial.DiffVQA.BatchSize, 64
	rows := batch * text / 2
	return sized{
		params: deep(model(1).Params(1, nil), "transformer.h.", depth),
		build:  model(depth).Loss,
		in: engine.Inputs{
			"encoded": floats(2*batch, e.Tokens, e.Width), "text.ids": ints(batch, text), "text.rows": ints(rows), "labels": ints(rows),
			"weights": floats(rows), "dropout": ints(1),
		},
	}
}

// firstStage is generative pretraining (paper 3.2) with so many blocks of the encoder and the decoder, at preset paper's batch: 32
// images with one task each, a quarter of them captions.
func firstStage(t testing.TB, encoder, decoder int) sized {
	trial := paperTrial(t)
	model := func(encoder, decoder int) nn.Captioner {
		trial.Encoder.Depth, trial.Decoder.Depth = encoder, decoder
		return nn.Captioner{Encoder: nn.NewEncoder(trial), Decoder: nn.NewDecoder(trial, gpt2Vocabulary)}
	}
	c := model(encoder, decoder)
	images := trial.Pretrain.BatchSize
	in := engine.Inputs{"patches": floats(images, c.Encoder.Tokens, c.Encoder.Pixels)}
	rows := 0
	for _, group := range []struct {
		name         string
		texts, words int // of those that are written
	}{{nn.CaptionGroup, images / 4, trial.Pretrain.MaxReport}, {nn.RegionGroup, images * 3 / 4, trial.Pretrain.MaxPhrase}} {
		in[group.name+".ids"] = ints(group.texts, group.words+32)
		for _, each := range []string{".image", ".lengths", ".causal"} {
			in[group.name+each] = ints(group.texts)
		}
		in[group.name+".rows"] = ints(group.texts * (group.words + 1))
		rows += group.texts * (group.words + 1)
	}
	in["labels"], in["weights"] = ints(rows), floats(rows)
	params := deep(model(1, 1).Params(1, nil), "encoder.blocks.", encoder)
	return sized{deep(params, "decoder.blocks.", decoder), c.Loss([]string{nn.CaptionGroup, nn.RegionGroup}), in}
}

func floats(shape ...int) engine.Tensor { return engine.Tensor{Shape: shape} }
func ints(shape ...int) engine.Tensor   { return engine.Tensor{Shape: shape, I32: []int32{}} }

// deep repeats the parameters of the only block, of which the names begin with prefix, depth times. Tensors are shapes.
func deep(params []engine.Param, prefix string, depth int) []engine.Param {
	var list []engine.Param
	for _, p := range params {
		p.Tensor = floats(p.Tensor.Shape...)
		rest, found := strings.CutPrefix(p.Name, prefix+"0.")
		if !found {
			list = append(list, p)
			continue
		}
		for i := range depth {
			p.Name = fmt.Sprintf("%s%d.%s", prefix, i, rest)
			list = append(list, p)
		}
	}
	return list
}

const gib = 1 << 30

// TestPaperMemory holds the training steps of preset paper, in float32, to what XLA says of them at full depth.
func TestPaperMemory(t *testing.T) {
	whole := Sizes{Scores: math.MaxInt} // attention over all scores at once
	for _, c := range []struct {
		name   string
		sizes  Sizes
		step   sized
		total  float64 // GiB at most
		tflops float64 // of the products at most, 0: any
	}{
		{"second stage", Sizes{}, secondStage(t, 24), 30, 190},
		{"second stage, whole attention", whole, secondStage(t, 24), 45, 207},
		{"first stage", Sizes{}, firstStage(t, 27, 12), 25, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := probe(t, c.sizes, c.step)
			if total := float64(got.Memory.Total()) / gib; total > c.total {
				t.Errorf("%.1f GiB, more than %.0f", total, c.total)
			}
			if c.tflops > 0 && got.FLOPs > c.tflops*1e12 {
				t.Errorf("products of %.1f TFLOP, more than %.0f", got.FLOPs/1e12, c.tflops)
			}
			if m := got.Memory; m.Aliased*100 < m.Outputs*99 {
				t.Errorf("%d bytes of %d outputs are written in the place of arguments", m.Aliased, m.Outputs)
			}
		})
	}
}

// TestPaperLayer holds what one more layer of the second stage keeps, beside its parameters, their moments and gradients, to
// little more than its operand.
func TestPaperLayer(t *testing.T) {
	if os.Getenv("HARNESS_XLA_PLUGIN") == "" {
		t.Skip("HARNESS_XLA_PLUGIN names no PJRT plugin")
	}
	const few, more = 2, 6
	temporary := func(depth int) (bytes int64, params int) {
		s := secondStage(t, depth)
		for _, p := range s.params {
			params += p.Tensor.Size()
		}
		return probe(t, Sizes{}, s).Memory.Temporary, params
	}
	short, shortParams := temporary(few)
	long, longParams := temporary(more)
	layer := float64(long-short-4*int64(longParams-shortParams)) / (more - few) / gib
	t.Logf("%.3f GiB a layer, and %.3f for its gradients", layer, 4*float64(longParams-shortParams)/(more-few)/gib)
	if layer > 0.3 {
		t.Errorf("a layer keeps %.2f GiB, more than 0.3", layer)
	}
}

// probe compiles a step on the plugin and logs what it needs.
func probe(t *testing.T, sizes Sizes, s sized) Compiled {
	t.Helper()
	got, err := Probe(plugin(t, Options{Sizes: sizes, Flags: quick}), s.params, ForStep, s.build, s.in)
	if err != nil {
		t.Fatal(err)
	}
	m := got.Memory
	if m == nil {
		t.Fatal("the compiler says nothing about memory")
	}
	t.Logf("%.2f GiB: arguments %.2f, outputs %.2f, aliased %.2f, temporary %.2f; products of %.1f TFLOP; traced in %.1f s, compiled in %.1f s",
		float64(m.Total())/gib, float64(m.Arguments)/gib, float64(m.Outputs)/gib, float64(m.Aliased)/gib, float64(m.Temporary)/gib,
		got.FLOPs/1e12, got.Trace.Seconds(), got.Compile.Seconds())
	return got
}

// TestPaperFlash checks what a CUDA plugin is given in bfloat16: cuDNN's attention once forth and once back for each layer of the
// encoder and of the LM, though the layers are computed again on the way back; no scores there; and no product of float32.
func TestPaperFlash(t *testing.T) {
	for _, c := range []struct {
		name   string
		step   sized
		layers int
		scores string // the dimensions of one of those layers' scores, without the batch
	}{
		{"second stage", secondStage(t, 24), 24, "x16x2112x2112x"},
		{"first stage", firstStage(t, 27, 12), 27, "x12x1024x1024x"},
	} {
		program := lowered(t, withoutPlugin(t, "cuda", Options{BF16: true}), c.step.params, ForStep, c.step.build, c.step.in)
		text := string(program.text)
		forth, back := strings.Count(text, `"__cudnn$fmhaSoftmax"`), strings.Count(text, `"__cudnn$fmhaSoftmaxBackward"`)
		if forth != c.layers || back != c.layers {
			t.Errorf("%s: %d calls forth and %d back, want %d each", c.name, forth, back, c.layers)
		}
		if fixed := strings.Count(text, "force_deterministic"); fixed != c.layers {
			t.Errorf("%s: %d of the calls back add up in a fixed order", c.name, fixed)
		}
		if strings.Contains(text, c.scores) {
			t.Errorf("%s: has scores %s", c.name, c.scores)
		}
		if strings.Contains(text, "stablehlo.scatter") {
			t.Errorf("%s: scatters, which XLA makes sorts of single elements", c.name)
		}
		for _, sum := range batchSums.FindAllStringSubmatch(text, -1) {
			if n, _ := strconv.Atoi(sum[1]); n >= neighbours {
				t.Errorf("%s: a sum over %s samples, for which XLA turns layouts around: %s", c.name, sum[1], sum[0])
			}
		}
		products := productTypes.FindAllStringSubmatch(text, -1)
		for _, p := range products {
			if p[1] != "bf16" || p[2] != "bf16" {
				t.Errorf("%s: a product of %s and %s", c.name, p[1], p[2])
			}
		}
		if len(products) < 10*c.layers {
			t.Errorf("%s: only %d products", c.name, len(products))
		}
	}
	step := secondStage(t, 1)
	for name, options := range map[string]Options{"cpu": {BF16: true}, "cuda": {}} {
		if text := lowered(t, withoutPlugin(t, name, options), step.params, ForStep, step.build, step.in).text; strings.Contains(string(text), "fmha") {
			t.Errorf("%s, %+v: cuDNN is called", name, options)
		}
	}
}

// batchSums finds sums of matrices over the first dimension alone.
var batchSums = regexp.MustCompile(`dimensions = array<i64: 0> } : \(tensor<(\d+)x\d+x\d+x[^>]*>`)

// productTypes finds the types of a product's operands.
var productTypes = regexp.MustCompile(`(?s)dot_general"\(.*?: \(tensor<[0-9x]*x(\w+)>, tensor<[0-9x]*x(\w+)>\)`)
