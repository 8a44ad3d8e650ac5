package model

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
	"harness/model/tokenizer"
)

// encoderConfig reads the config of encoder.weights and refuses one that does not fit the trial.
func encoderConfig(t spec.Trial) (checkpoint.SiglipConfig, error) {
	dir, e := t.Encoder.Weights, t.Encoder
	c, err := checkpoint.ReadSiglipVisionConfig(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("encoder.weights %s: there is no config.json: want the folder of a SigLIP as Hugging Face publishes it", dir)
	}
	if err != nil {
		return c, fmt.Errorf("encoder.weights %s: %w", dir, err)
	}
	if c.Width != e.Width || c.Layers != e.Depth || c.Heads != e.Heads || c.MLP != e.MLP || c.Patch != e.Patch {
		return c, fmt.Errorf("encoder.weights %s: width %d, depth %d, heads %d, mlp %d, patch %d; the trial has %d, %d, %d, %d, %d: set encoder.* to those of the weights",
			dir, c.Width, c.Layers, c.Heads, c.MLP, c.Patch, e.Width, e.Depth, e.Heads, e.MLP, e.Patch)
	}
	return c, nil
}

// lmConfig reads the config of lm.weights and refuses one that does not fit the model that it is to start.
func lmConfig(dir string, m nn.LanguageModel) (checkpoint.GPT2Config, error) {
	c, err := checkpoint.ReadGPT2Config(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("lm.weights %s: there is no config.json: want the folder of a GPT-2 as Hugging Face publishes it", dir)
	}
	if err != nil {
		return c, fmt.Errorf("lm.weights %s: %w", dir, err)
	}
	if c.Width != m.Width || c.Layers != m.Depth || c.Heads != m.Heads || c.MLP != m.MLP {
		return c, fmt.Errorf("lm.weights %s: width %d, depth %d, heads %d, mlp %d; the trial has %d, %d, %d, %d: set lm.* to those of the weights",
			dir, c.Width, c.Layers, c.Heads, c.MLP, m.Width, m.Depth, m.Heads, m.MLP)
	}
	if c.Vocab != m.Vocab {
		return c, fmt.Errorf("lm.weights %s: vocabulary %d, but the tokenizer has %d: only a GPT-2 with its own vocabulary can be used", dir, c.Vocab, m.Vocab)
	}
	if m.MaxPositionEmbeddings > c.Positions || m.Visual > 0 && m.MaxPositionEmbeddings == c.Positions {
		return c, fmt.Errorf("lm.weights %s: %d positions are too few for lm.text_positions %d and a visual part: set lm.text_positions lower",
			dir, c.Positions, m.MaxPositionEmbeddings)
	}
	return c, nil
}

// checkWeights refuses weights that are not there, do not fit the trial or are not finite. It reads them through and keeps nothing.
func checkWeights(t spec.Trial) error {
	if dir := t.Encoder.Weights; dir != "" {
		c, err := encoderConfig(t)
		if err != nil {
			return err
		}
		if err := checkFolder(dir, func(f *checkpoint.File) error { return checkpoint.CheckSiglip(f, c) }); err != nil {
			return fmt.Errorf("encoder.weights %s: %w", dir, err)
		}
	}
	if dir := t.LM.Weights; dir != "" {
		a := method.Of(t).Answerer(t, tokenizer.GPT2().Size())
		if !a.HasLM() { // its control has
			a = method.Blind(t, tokenizer.GPT2().Size())
		}
		c, err := lmConfig(dir, a.LM)
		if err != nil {
			return err
		}
		if err := checkFolder(dir, func(f *checkpoint.File) error { return checkpoint.CheckGPT2(f, c) }); err != nil {
			return fmt.Errorf("lm.weights %s: %w", dir, err)
		}
		if err := checkTokens(dir); err != nil {
			return fmt.Errorf("lm.weights %s: %w", dir, err)
		}
	}
	return nil
}

// checkTokens refuses a folder that holds another vocabulary than GPT-2's, which is built in and is the one that is used.
func checkTokens(dir string) error {
	for _, name := range []string{"vocab.json", "tokenizer.json", "encoder.json"} {
		if !exists(filepath.Join(dir, name)) {
			continue
		}
		own, err := tokenizer.Open(dir)
		if err != nil {
			return err
		}
		if own.Fingerprint() != tokenizer.GPT2().Fingerprint() {
			return fmt.Errorf("%s: its tokens are not those of GPT-2: only a GPT-2 with its own vocabulary can be used", name)
		}
		return nil
	}
	return nil
}

// noteWeights records what is made of published weights where they do not fit as they are.
func noteWeights(t spec.Trial, rec Recorder) error {
	if t.Encoder.Weights == "" {
		return nil
	}
	c, err := encoderConfig(t)
	if err != nil {
		return err
	}
	from, to := c.Grid(), t.Resolution/t.Encoder.Patch
	if from == to {
		return nil
	}
	return rec.Note("encoder.weights/positions", fmt.Sprintf("resized from %dx%d to %dx%d, bicubic", from, from, to, to))
}

func checkFolder(dir string, check func(*checkpoint.File) error) error {
	file, err := checkpoint.LoadAny(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	return check(file)
}

// pretrainedEncoder reads encoder.weights, a Hugging Face SigLIP folder, as first values of the encoder; its positions
// are resized to the trial's grid as transformers does it. Nil where the trial names none.
func (r *trialRun) pretrainedEncoder() (map[string]engine.Tensor, error) {
	dir, e := r.trial.Encoder.Weights, r.trial.Encoder
	if dir == "" {
		return nil, nil
	}
	c, err := encoderConfig(r.trial)
	if err != nil {
		return nil, err
	}
	values, err := readFolder(dir, func(f *checkpoint.File) ([]checkpoint.Named, error) {
		if e.Channels == 3 {
			return checkpoint.SiglipColourParams(f, c)
		}
		return checkpoint.SiglipParams(f, c)
	})
	if err != nil {
		return nil, fmt.Errorf("encoder.weights %s: %w", dir, err)
	}
	side := r.trial.Resolution / e.Patch
	if side != c.Grid() {
		pos := values["encoder.pos"]
		values["encoder.pos"] = engine.Floats(checkpoint.ResizeGrid(pos.F32, c.Grid(), side, e.Width), side*side, e.Width)
	}
	return values, nil
}

// pretrainedLM reads lm.weights, a Hugging Face GPT-2 folder, as first values of the LM. Its positions are stretched as
// FACTS 6 #8 says: the text keeps the first rows, the visual part is interpolated from the rows behind them.
func (r *trialRun) pretrainedLM(m nn.LanguageModel) (map[string]engine.Tensor, error) {
	dir := r.trial.LM.Weights
	if dir == "" {
		return nil, nil
	}
	c, err := lmConfig(dir, m)
	if err != nil {
		return nil, err
	}
	values, err := readFolder(dir, func(f *checkpoint.File) ([]checkpoint.Named, error) { return checkpoint.GPT2Params(f, c) })
	if err != nil {
		return nil, fmt.Errorf("lm.weights %s: %w", dir, err)
	}
	const name = "transformer.wpe.weight"
	wpe := stretchPositions(values[name].F32, c.Positions, m.MaxPositionEmbeddings, m.Visual, m.Width)
	values[name] = engine.Floats(wpe, m.Visual+m.MaxPositionEmbeddings, m.Width)
	return values, nil
}

// stretchPositions makes a table of visual + text rows from one of rows: text rows are the first ones, visual rows the
// rest, interpolated linearly. lmConfig checks that there are enough.
func stretchPositions(table []float32, rows, text, visual, width int) []float32 {
	out := make([]float32, 0, (visual+text)*width)
	rest := rows - text
	for i := range visual {
		at := float64(i) * float64(rest-1) / float64(max(visual-1, 1))
		low := min(int(at), rest-1)
		high, share := min(low+1, rest-1), float32(at-float64(low))
		a, b := table[(text+low)*width:][:width], table[(text+high)*width:][:width]
		for c := range width {
			out = append(out, a[c]+(b[c]-a[c])*share)
		}
	}
	return append(out, table[:text*width]...)
}

func readFolder(dir string, params func(*checkpoint.File) ([]checkpoint.Named, error)) (map[string]engine.Tensor, error) {
	file, err := checkpoint.LoadAny(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	list, err := params(file)
	if err != nil {
		return nil, err
	}
	values := map[string]engine.Tensor{}
	for _, n := range list {
		values[n.Name] = engine.Floats(n.F32, n.Shape...)
	}
	return values, nil
}
