package model

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/model/checkpoint"
	"harness/model/dataset/synthetic"
	"harness/model/nn"
	"harness/model/spec"
)

// gpt2Folder writes a folder as Hugging Face publishes GPT-2, with random weights of the given sizes.
func gpt2Folder(t testing.TB, m spec.LM, vocab int, seed uint64) string {
	t.Helper()
	positions := m.MaxPositionEmbeddings + 200
	p := &nn.Parameters{Seed: int64(seed)}
	table := make([]float32, vocab*m.Width)
	r := rand.New(rand.NewPCG(seed, seed))
	for i := range table {
		table[i] = float32(r.NormFloat64() / 10)
	}
	nn.NewLanguageModel(spec.Trial{LM: m}, vocab, positions-m.MaxPositionEmbeddings).Params(p, table)
	var list []checkpoint.Named
	for _, one := range p.List {
		list = append(list, checkpoint.Named{Name: one.Name, Shape: one.Tensor.Shape, F32: one.Tensor.F32})
	}
	dir := t.TempDir()
	if err := checkpoint.Save(filepath.Join(dir, "model.safetensors"), list, nil); err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"model_type": "gpt2", "vocab_size": vocab, "n_positions": positions, "n_embd": m.Width,
		"n_layer": m.Depth, "n_head": m.Heads, "n_inner": m.MLP})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startLM lets a trial start from a random GPT-2, and test it as little as can be: the vocabulary is large.
func startLM(t testing.TB, trial *spec.Trial) {
	trial.LM.Weights = gpt2Folder(t, trial.LM, 50257, 1)
	trial.Eval.NumBeams, trial.Eval.MaxNewTokens, trial.Eval.Pairs, trial.Eval.Regions = 1, 2, 1, 1
	trial.Pretrain.BatchSize, trial.DiffVQA.BatchSize = 2, 2
}

// filesTrial is a small trial on a root of files, and that root.
func filesTrial(t *testing.T) (spec.Trial, string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	p := synthetic.Default()
	p.Patients = 10
	if err := synthetic.Write(t.Context(), root, p, nil); err != nil {
		t.Fatal(err)
	}
	trial := smokeTrial(t)
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 2, 2
	trial.Data = spec.Data{Source: spec.SourceFiles, Root: root, Splits: "subject"}
	return trial, root
}

// A trial is named by the contents of its data and weights: changed ones make another trial, moved ones do not, and a
// trial is not run on others than it is named by.
func TestSeal(t *testing.T) {
	home := t.TempDir()
	trial, root := filesTrial(t)
	trial.LM.Weights = gpt2Folder(t, trial.LM, 50257, 1)
	seal := func(trial spec.Trial) spec.Trial {
		t.Helper()
		if err := Seal(t.Context(), home, nil, &trial); err != nil {
			t.Fatal(err)
		}
		return trial
	}
	sealed := seal(trial)
	if len(sealed.Data.Digest) != 64 || len(sealed.LM.WeightsDigest) != 64 || sealed.Encoder.WeightsDigest != "" {
		t.Fatalf("sealed: %+v", sealed)
	}
	if again := seal(sealed); again != sealed {
		t.Error("a second seal is another")
	}
	elsewhere := trial
	elsewhere.Data.Root = filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Symlink(root, elsewhere.Data.Root); err != nil {
		t.Fatal(err)
	}
	if moved := seal(elsewhere); moved.ID() != sealed.ID() {
		t.Error("data elsewhere make another trial")
	}
	otherWeights := trial
	otherWeights.LM.Weights = gpt2Folder(t, trial.LM, 50257, 2)
	if seal(otherWeights).ID() == sealed.ID() {
		t.Error("other weights make no other trial")
	}
	wrong := sealed
	wrong.LM.Weights = otherWeights.LM.Weights
	refused(t, wrong, home, "the weights in "+otherWeights.LM.Weights+" changed since this trial was planned", "harness sweep plans it again")

	images, err := filepath.Glob(filepath.Join(root, "*", "files", "*", "*", "*", "*.jpg"))
	if err != nil || len(images) == 0 {
		t.Fatal("no image", err)
	}
	image, err := os.ReadFile(images[0])
	if err != nil {
		t.Fatal(err)
	}
	image[len(image)-5] ^= 1
	if err := os.WriteFile(images[0], image, 0o644); err != nil {
		t.Fatal(err)
	}
	if seal(trial).ID() == sealed.ID() {
		t.Error("another image makes no other trial")
	}
	refused(t, sealed, home, "the data below "+root+" changed since this trial was planned", sealed.Data.Digest[:12], "harness sweep plans it again")

	program := spec.Trial{Command: spec.MakeWords("true"), Data: spec.Data{Source: spec.SourceFiles}}
	plain := smokeTrial(t)
	if seal(program) != program || seal(plain) != plain {
		t.Error("a program or synthetic data were sealed")
	}
}

// refused runs a trial, which must end in an error of one line with the given parts.
func refused(t *testing.T, trial spec.Trial, home string, parts ...string) {
	t.Helper()
	err := Run(context.Background(), trial, Env{Home: home, Dir: t.TempDir()}, &tape{})
	hasParts(t, err, parts...)
}

func hasParts(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %q", parts)
		return
	}
	for _, part := range append(parts, "") {
		if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %q, want %q", err, part)
		}
	}
}

// lm.weights brings its vocabulary: a pretraining that another vocabulary began is not shared.
func TestWeightsOfTheLMHaveAStageOfTheirOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds: the vocabulary is whole")
	}
	trial := smokeTrial(t)
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 2, 2
	homes := []string{t.TempDir(), t.TempDir()}
	startLM(t, &trial)
	without := trial
	without.LM.Weights = ""
	runAt(t, without, homes[0], 2)
	sharedData(t, homes...)
	got, _ := runAt(t, trial, homes[0], 2) // behind the other trial
	want, _ := runAt(t, trial, homes[1], 2)
	same(t, "in a home with another stage", got, want)
}

func TestPreflight(t *testing.T) {
	files, root := filesTrial(t)
	plain := smokeTrial(t)
	junk := filepath.Join(t.TempDir(), "cuda.so")
	if err := os.WriteFile(junk, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	with := func(start spec.Trial, change func(*spec.Trial)) spec.Trial { change(&start); return start }
	weights := func(vocab int, sizes spec.LM) spec.Trial {
		return with(plain, func(trial *spec.Trial) { trial.LM.Weights = gpt2Folder(t, sizes, vocab, 1) })
	}
	wide, short := plain.LM, plain.LM
	wide.Width, short.MaxPositionEmbeddings = 64, 4
	cut := weights(50257, plain.LM)
	if err := os.Truncate(filepath.Join(cut.LM.Weights, "model.safetensors"), 1<<20); err != nil {
		t.Fatal(err)
	}
	lying := weights(50257, plain.LM)
	config := filepath.Join(lying.LM.Weights, "config.json")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(strings.Replace(string(text), `"n_positions":296`, `"n_positions":297`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		trial  spec.Trial
		engine string
		want   []string // none: it may run
	}{
		"synthetic":        {plain, "", nil},
		"files":            {files, "native", nil},
		"weights":          {weights(50257, plain.LM), "", nil},
		"program":          {spec.Trial{Command: spec.MakeWords("x")}, "nonsense", nil},
		"go":               {with(plain, func(t *spec.Trial) { t.Engine, t.Precision = "go", spec.BF16 }), "", nil},
		"impossible":       {with(plain, func(t *spec.Trial) { t.Encoder.Heads = 5 }), "", []string{"encoder.heads"}},
		"no plugin":        {with(plain, func(t *spec.Trial) { t.Engine = "xla" }), "xla:/none/cuda.so", []string{"xla:/none/cuda.so", "no such plugin file"}},
		"no such library":  {with(plain, func(t *spec.Trial) { t.Engine, t.Precision = "xla", spec.BF16 }), "xla:" + junk, []string{junk, "not a shared library"}},
		"plugin not given": {with(plain, func(t *spec.Trial) { t.Engine = "xla" }), "", []string{"--engine xla:PATH"}},
		"other precision":  {with(plain, func(t *spec.Trial) { t.Engine = "xla" }), "xla:" + junk + ",bf16", []string{"has precision float32"}},
		"former precision": {with(plain, func(t *spec.Trial) { t.Engine = "xla,bf16" }), "xla:" + junk, []string{"write engine: xla and precision: bf16"}},
		"no root":          {with(files, func(t *spec.Trial) { t.Data.Root = root + "x" }), "", []string{"data.root", root + "x", "no such folder"}},
		"no set":           {with(files, func(t *spec.Trial) { t.Data.Root = filepath.Dir(junk) }), "", []string{"data.root", "no MIMIC-CXR-JPG"}},
		"no weights":       {with(plain, func(t *spec.Trial) { t.LM.Weights = root }), "", []string{"lm.weights " + root, "no config.json"}},
		"no encoder":       {with(plain, func(t *spec.Trial) { t.Encoder.Weights = root }), "", []string{"encoder.weights " + root, "no config.json"}},
		"paraphrases":      {with(plain, func(t *spec.Trial) { t.Eval.MeteorParaphrases = miniParaphrases }), "", nil},
		"no paraphrases":   {with(plain, func(t *spec.Trial) { t.Eval.MeteorParaphrases = junk + "x" }), "", []string{"test.meteor_paraphrases: open " + junk + "x: no such file"}},
		"odd paraphrases": {with(plain, func(t *spec.Trial) { t.Eval.MeteorParaphrases = junk }), "",
			[]string{"test.meteor_paraphrases: " + junk + ": line 1: weight \"not a library\" is not a number"}},
		"other paraphrases": {with(plain, func(t *spec.Trial) {
			t.Eval.MeteorParaphrases, t.Eval.MeteorParaphrasesDigest = miniParaphrases, strings.Repeat("0", 64)
		}), "",
			[]string{"the paraphrase table " + miniParaphrases + " changed since this trial was planned"}},
		"another width":      {weights(50257, wide), "", []string{"lm.weights", "width 64", "set lm.*"}},
		"another vocabulary": {weights(90, plain.LM), "", []string{"lm.weights", "vocabulary 90", "50257"}},
		"few positions":      {with(weights(50257, short), func(t *spec.Trial) { t.LM.MaxPositionEmbeddings = 300 }), "", []string{"204 positions are too few", "lm.text_positions"}},
		"cut weights":        {cut, "", []string{cut.LM.Weights, "truncated"}},
		"another shape":      {lying, "", []string{"shape [296 32], want [297 32]"}},
	} {
		err := Preflight(t.Context(), t.TempDir(), nil, c.trial, c.engine)
		if c.want == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		t.Run(name, func(t *testing.T) { hasParts(t, err, c.want...) })
	}
	refused(t, weights(90, plain.LM), t.TempDir(), "vocabulary 90") // the trial itself says the same, before anything is trained
}

// A trial is not run on an engine whose numbers it does not claim, and weights that are no numbers are refused.
func TestRunRefusesOtherNumbers(t *testing.T) {
	trial := smokeTrial(t)
	err := Run(context.Background(), trial, Env{Home: t.TempDir(), Dir: t.TempDir(), Engine: "go"}, &tape{})
	hasParts(t, err, `engine "go"`)
	trial.Precision = spec.BF16
	err = Run(context.Background(), trial, Env{Home: t.TempDir(), Dir: t.TempDir()}, &tape{})
	hasParts(t, err, `engine "": the trial's numbers are those of "native,bf16"`)
	trial.Precision = ""

	trial.LM.Weights = gpt2Folder(t, trial.LM, 50257, 1)
	path := filepath.Join(trial.LM.Weights, "model.safetensors")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)-4:], []byte{0, 0, 0xc0, 0x7f}) // the last value is NaN
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = (&trialRun{trial: trial}).pretrainedLM(nn.NewLanguageModel(trial, 50257, 98))
	hasParts(t, err, "lm.weights", "is NaN")
}
