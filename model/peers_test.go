package model

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"harness/metrics"
	"harness/model/bert"
	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
)

// peersPython names a Python that has torch, transformers and bert_score; `make check-peers` makes one.
const peersPython = "HARNESS_PEERS_PYTHON"

// peerTolerance is how far a value may be from the peer's, as a part of the largest value, or of 1 if that is less.
const peerTolerance = 2e-5

// peerTable collects what was compared.
type peerTable struct {
	t    *testing.T
	rows []string
}

// add compares values with the peer's.
func (p *peerTable) add(what, of string, got, want []float32) {
	p.t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		p.t.Errorf("%s, %s: %d values, want %d", what, of, len(got), len(want))
		return
	}
	diff, top := maxima(got, want)
	if !(diff <= peerTolerance*max(1, top)) {
		p.t.Errorf("%s, %s: differs by %g of %g", what, of, diff, top)
	}
	p.rows = append(p.rows, fmt.Sprintf("| %s | %s | %d | %.3g | %.1e |", what, of, len(want), top, diff))
}

// count says how many of n things are the same; all must be.
func (p *peerTable) count(what, of string, same, n int) {
	p.t.Helper()
	if same != n || n == 0 {
		p.t.Errorf("%s, %s: %d of %d are the same", what, of, same, n)
	}
	p.rows = append(p.rows, fmt.Sprintf("| %s | %s | %d | | %d differ |", what, of, n, n-same))
}

// TestPeers compares models with transformers, torch and bert_score: published forms taken in, and a trial's model given out.
func TestPeers(t *testing.T) {
	python := os.Getenv(peersPython)
	if python == "" {
		t.Skipf("%s names no Python: see make check-peers", peersPython)
	}
	root := t.TempDir()
	run := func(args ...string) string {
		cmd := exec.Command(python, append([]string{filepath.Join("testdata", "peers.py")}, args...)...)
		cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "PYTHONDONTWRITEBYTECODE=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("peers.py %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	table := &peerTable{t: t}
	run("make", root)
	folders, err := filepath.Glob(filepath.Join(root, "*", "case.json"))
	if err != nil || len(folders) < 14 {
		t.Fatalf("%d models, %v", len(folders), err)
	}
	for _, path := range folders {
		table.model(filepath.Dir(path))
	}
	for _, set := range []struct{ name, settings string }{
		{"compact vocabulary", ""}, {"pooled tokens, 448 px, beam 10", ", resolution: 448, diffvqa.pool: 2, test.beam: 10"},
		{"GPT-2's vocabulary, three channels, untrained", ", whole_vocabulary: true, encoder.channels: 3, method: untrained"},
	} {
		table.exported(set.name, set.settings, func(dir string) { run("check", dir) })
	}
	fmt.Printf("Against %son %s, native engine. Largest difference from the peer, beside the largest value.\n\n", run("versions"), time.Now().Format(time.DateOnly))
	fmt.Printf("| model | compared | values | largest value | largest difference |\n| --- | --- | ---: | ---: | ---: |\n%s\n", strings.Join(table.rows, "\n"))
}

// peerCase is case.json of a folder that peers.py made.
type peerCase struct {
	Kind                     string
	Resolution, Beams, Layer int
	Pairs                    [][2]string
}

// model compares one folder.
func (p *peerTable) model(dir string) {
	var c peerCase
	readJSON(p.t, filepath.Join(dir, "case.json"), &c)
	recorded, err := readTensors(filepath.Join(dir, "recorded.safetensors"))
	if err != nil {
		p.t.Fatal(err)
	}
	switch name := filepath.Base(dir); c.Kind {
	case "gpt2":
		p.gpt2(name, dir, c, recorded)
	case "siglip":
		p.siglip(name, dir, c, recorded)
	case "bert":
		p.bert(name, dir, c, recorded)
	default:
		p.t.Errorf("%s: a %q", dir, c.Kind)
	}
}

func (p *peerTable) gpt2(name, dir string, c peerCase, recorded map[string]engine.Tensor) {
	config, err := checkpoint.ReadGPT2Config(dir)
	if err != nil {
		p.t.Fatal(err)
	}
	trial := smokeTrial(p.t)
	trial.LM = spec.LM{Width: config.Width, Depth: config.Layers, Heads: config.Heads, MLP: config.MLP, MaxPositionEmbeddings: config.Positions, Weights: dir}
	r := &trialRun{trial: trial, engine: native.New(2)}
	a := nn.Answerer{LM: nn.NewLanguageModel(trial, config.Vocab, 0)}
	values, err := r.pretrainedLM(a.LM)
	if err != nil {
		p.t.Fatal(err)
	}
	session, err := method.OpenSession(r.engine, a.Params(0, make([]float32, config.Vocab*config.Width)), values, method.Everything)
	if err != nil {
		p.t.Fatal(err)
	}
	defer session.Close()
	ids := recorded["in.ids"]
	out, err := session.Run("logits", func(o engine.Ops) []engine.Value {
		x := a.LM.Forward(o, nil, nn.Text{IDs: "ids"}, o.Slice(o.Param("transformer.wpe.weight"), 0, 0, ids.Shape[1]), nil)
		return []engine.Value{a.LM.Logits(o, o.Reshape(x, len(ids.I32), config.Width))}
	}, engine.Inputs{"ids": ids})
	if err != nil {
		p.t.Fatal(err)
	}
	p.add(name, "logits", out[0].F32, recorded["out.logits"].F32)
	if c.Beams == 0 {
		return
	}
	prompts, best := recorded["in.prompts"], recorded["out.best"]
	var list [][]int32
	for row := range slices.Chunk(prompts.I32, prompts.Shape[1]) {
		list = append(list, row)
	}
	eos := int32(config.Vocab - 1)
	g := nn.Generator{Session: session, Name: "answer", Prompt: a.Prompt, Next: a.Next,
		Search: nn.Search{Beams: c.Beams, MaxTokens: best.Shape[1], Penalty: 1, EOS: eos}}
	found, err := g.Run(engine.Inputs{}, list, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	same := 0
	for i, want := range slices.Collect(slices.Chunk(best.I32, best.Shape[1])) {
		got := append(slices.Clone(found[i][0].Tokens), slices.Repeat([]int32{eos}, len(want))...)[:len(want)]
		if slices.Equal(got, want) {
			same++
		}
	}
	p.count(name, "sequences", same, len(list))
}

func (p *peerTable) siglip(name, dir string, c peerCase, recorded map[string]engine.Tensor) {
	config, err := checkpoint.ReadSiglipVisionConfig(dir)
	if err != nil {
		p.t.Fatal(err)
	}
	trial := smokeTrial(p.t)
	trial.Resolution = c.Resolution
	trial.Encoder = spec.Encoder{Width: config.Width, Depth: config.Layers, Heads: config.Heads, MLP: config.MLP, Patch: config.Patch, Weights: dir}
	r := &trialRun{trial: trial, engine: native.New(2)}
	weights, err := r.pretrainedEncoder()
	if err != nil {
		p.t.Fatal(err)
	}
	e, list := nn.NewEncoder(trial), &nn.Parameters{}
	e.Params(list)
	session, err := method.OpenSession(r.engine, list.List, weights, method.Everything)
	if err != nil {
		p.t.Fatal(err)
	}
	defer session.Close()
	out, err := session.Run("encode", func(o engine.Ops) []engine.Value { return []engine.Value{e.Forward(o, o.Input("patches"))} },
		engine.Inputs{"patches": patchesOf(recorded["in.pixels"].F32, c.Resolution, config.Patch)})
	if err != nil {
		p.t.Fatal(err)
	}
	p.add(name, "last hidden state", out[0].F32, recorded["out.hidden"].F32)
}

// patchesOf cuts one gray image as the corpus does.
func patchesOf(pixels []float32, side, patch int) engine.Tensor {
	var patches []float32
	for y := 0; y < side; y += patch {
		for x := 0; x < side; x += patch {
			for row := range patch {
				patches = append(patches, pixels[(y+row)*side+x:][:patch]...)
			}
		}
	}
	return engine.Floats(patches, 1, side/patch*(side/patch), patch*patch)
}

func (p *peerTable) bert(name, dir string, c peerCase, recorded map[string]engine.Tensor) {
	m, err := bert.Open(context.Background(), dir, c.Layer, native.New(2))
	if err != nil {
		p.t.Fatal(err)
	}
	defer m.Close()
	var ids []int
	for _, id := range recorded["in.ids"].I32 {
		ids = append(ids, int(id))
	}
	vectors, err := m.Embed(context.Background(), [][]int{ids}, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	want := recorded["out.hidden"]
	width := want.Shape[2]
	for row := range slices.Chunk(want.F32, width) { // of length 1, as BERTScore takes them
		sum := 0.0
		for _, v := range row {
			sum += float64(v) * float64(v)
		}
		for i := range row {
			row[i] = float32(float64(row[i]) / math.Sqrt(sum))
		}
	}
	p.add(name, fmt.Sprintf("unit vectors of layer %d", c.Layer), vectors[0].Vectors, want.F32)
	if len(c.Pairs) == 0 {
		return
	}
	var samples []metrics.Sample
	for i, pair := range c.Pairs {
		samples = append(samples, metrics.Sample{ID: fmt.Sprint(i), Hyp: pair[0], Refs: []string{pair[1]}})
	}
	scores, err := metrics.Score(context.Background(), samples, metrics.Options{Metrics: []string{"bertscore"}, BERT: m})
	if err != nil {
		p.t.Fatal(err)
	}
	var got []float32
	for i := range samples {
		for _, key := range scores.Keys {
			got = append(got, float32(scores.Sample[key][i]))
		}
	}
	p.add(name, "bert_score's P, R and F", got, recorded["out.scores"].F32)
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
