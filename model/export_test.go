package model

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"harness/model/checkpoint"
	"harness/model/corpus"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/method"
	"harness/model/spec"
	"harness/model/tokenizer"
)

// encoded pretrains a trial on an engine and encodes its images.
func encoded(t *testing.T, trial spec.Trial, home string, e engine.Engine) (*trialRun, method.Weights, *features) {
	t.Helper()
	ctx := context.Background()
	r := &trialRun{trial: trial, env: Env{Home: home, Dir: t.TempDir()}, rec: &tape{}, engine: e}
	var err error
	if r.corpus, err = corpus.Open(ctx, trial, home, r.rec); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.corpus.Close() })
	weights, err := r.pretrain(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.encode(ctx, weights)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	return r, weights, f
}

// featuresOf are those of the first images, of the encoder that the trial's first stage gives.
func featuresOf(t *testing.T, trial spec.Trial, home string) []float32 {
	t.Helper()
	_, _, f := encoded(t, trial, home, native.New(1))
	out, err := f.of(f.images[:4])
	if err != nil {
		t.Fatal(err)
	}
	return out.F32
}

// An encoder that was trained here is accepted as encoder.weights of another trial: it gives the same features, to the last bit. Its
// gray kernel gives the same to rounding where the other trial has three channels.
func TestExportedEncoder(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	trained := smokeTrial(t)
	trained.Pretrain.Steps, trained.DiffVQA.Steps = 3, 3
	runAt(t, trained, home, 1)
	parts, err := Export(context.Background(), home, nil, trained, true, dir)
	if err != nil {
		t.Fatal(err)
	}
	if !parts.Answers || !parts.Compact || parts.Visual != 2*parts.Tokens || len(parts.Adapter) != 5 || len(parts.Pretrain) == 0 {
		t.Errorf("exported %+v", parts)
	}
	want := featuresOf(t, trained, home)

	other := trained
	other.Method, other.Seed = spec.Untrained, 7
	if slices.Equal(featuresOf(t, other, home), want) {
		t.Fatal("an encoder without training gives the same features: the test shows nothing")
	}
	other.Encoder.Weights = filepath.Join(dir, ExportedEncoder)
	if err := checkWeights(other); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(featuresOf(t, other, home), want) {
		t.Error("the exported encoder gives other features")
	}
	other.Encoder.Channels = 3
	if diff, top := maxima(featuresOf(t, other, home), want); diff > 1e-5*top {
		t.Errorf("with three channels the features differ by %g of %g", diff, top)
	}

	again := t.TempDir() // of what was taken in: the same kernel, spread over three channels
	if _, err := Export(context.Background(), home, nil, other, false, again); err != nil {
		t.Fatal(err)
	}
	other.Encoder.Weights, other.Encoder.Channels = filepath.Join(again, ExportedEncoder), 1
	if !slices.Equal(featuresOf(t, other, home), want) {
		t.Error("the encoder that was exported, taken in and exported again gives other features")
	}
}

// Every method's model can be exported; the LM's positions and vocabulary fit its tensors.
func TestExportEveryMethod(t *testing.T) {
	home := t.TempDir()
	for _, method := range spec.Methods {
		trial := smokeTrial(t)
		trial.Pretrain.Steps, trial.DiffVQA.Steps, trial.Method = 1, 1, method
		runAt(t, trial, home, 2)
		dir := t.TempDir()
		parts, err := Export(context.Background(), home, nil, trial, true, dir)
		if err != nil {
			t.Errorf("%s: %v", method, err)
			continue
		}
		if !parts.LM {
			if _, err := os.Stat(filepath.Join(dir, ExportedLM)); !errors.Is(err, fs.ErrNotExist) || len(parts.Adapter) == 0 || method != spec.PLURAL {
				t.Errorf("%s: without an LM: %v, %+v", method, err, parts)
			}
			continue
		}
		c, err := checkpoint.ReadGPT2Config(filepath.Join(dir, ExportedLM))
		if err != nil {
			t.Errorf("%s: %v", method, err)
		}
		if c.Vocab != parts.Vocabulary || c.Positions < parts.Visual+trial.LM.MaxPositionEmbeddings || parts.Visual == 0 {
			t.Errorf("%s: %+v, %+v", method, c, parts)
		}
		if (len(parts.Pretrain) == 0) != (method == spec.Untrained) {
			t.Errorf("%s: pretrain.safetensors has %v", method, parts.Pretrain)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	home, trial := t.TempDir(), smokeTrial(t)
	if _, err := Export(context.Background(), home, nil, trial, true, t.TempDir()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "stage pretrain") {
		t.Errorf("a trial that has not run: %v", err)
	}
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 1, 1
	runAt(t, trial, home, 2)
	path := filepath.Join(home, "stages", "diffvqa-"+trial.StageID(spec.StageDiffVQA), weightsName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(context.Background(), home, nil, trial, true, t.TempDir()); !errors.Is(err, checkpoint.ErrDamaged) {
		t.Errorf("a damaged stage: %v", err)
	}
}

// A folder of weights with another vocabulary than GPT-2's is refused, even of the same size.
func TestCheckTokens(t *testing.T) {
	whole := tokenizer.GPT2()
	for name, files := range map[string]func() ([]byte, []byte){"": whole.Files, "are not those of GPT-2": whole.Compact(nil).Files} {
		dir := t.TempDir()
		vocab, merges := files()
		for file, data := range map[string][]byte{"vocab.json": vocab, "merges.txt": merges} {
			if err := os.WriteFile(filepath.Join(dir, file), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := checkTokens(dir); name == "" && err != nil || name != "" && (err == nil || !strings.Contains(err.Error(), name)) {
			t.Errorf("%v does not say %q", err, name)
		}
	}
}

// What is made of positions that do not fit is recorded.
func TestNoteWeights(t *testing.T) {
	trial := smokeTrial(t)
	trial.Encoder = spec.Encoder{Width: 32, Depth: 2, Heads: 2, MLP: 64, Patch: 14, Weights: tinyFolder(t, "tiny_siglip")}
	rec := &tape{}
	if err := noteWeights(trial, rec); err != nil || rec.notes["encoder.weights/positions"] != "resized from 2x2 to 16x16, bicubic" {
		t.Errorf("%v: %v", rec.notes, err)
	}
}
