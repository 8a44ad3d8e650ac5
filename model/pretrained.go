package model

import (
	"fmt"

	"harness/model/checkpoint"
	"harness/model/engine"
)

// pretrainedEncoder reads encoder.weights, a Hugging Face SigLIP folder, as first values of the encoder; its positions
// are resized to the trial's grid. Nil where the trial names none.
func (r *trialRun) pretrainedEncoder() (map[string]engine.Tensor, error) {
	dir := r.trial.Encoder.Weights
	if dir == "" {
		return nil, nil
	}
	c, err := checkpoint.ReadSiglipVisionConfig(dir)
	if err != nil {
		return nil, err
	}
	e := r.trial.Encoder
	if c.Width != e.Width || c.Layers != e.Depth || c.Heads != e.Heads || c.MLP != e.MLP || c.Patch != e.Patch {
		return nil, fmt.Errorf("encoder.weights %s: width %d, depth %d, heads %d, mlp %d, patch %d; the trial has %d, %d, %d, %d, %d",
			dir, c.Width, c.Layers, c.Heads, c.MLP, c.Patch, e.Width, e.Depth, e.Heads, e.MLP, e.Patch)
	}
	values, err := readFolder(dir, func(f *checkpoint.File) ([]checkpoint.Named, error) {
		if e.Channels == 3 {
			return checkpoint.SiglipColourParams(f, c)
		}
		return checkpoint.SiglipParams(f, c)
	})
	if err != nil {
		return nil, err
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
func (r *trialRun) pretrainedLM(m languageModel) (map[string]engine.Tensor, error) {
	dir := r.trial.LM.Weights
	if dir == "" {
		return nil, nil
	}
	c, err := checkpoint.ReadGPT2Config(dir)
	if err != nil {
		return nil, err
	}
	if c.Width != m.Width || c.Layers != m.Depth || c.Heads != m.Heads || c.MLP != m.MLP || c.Vocab != m.vocab {
		return nil, fmt.Errorf("lm.weights %s: width %d, depth %d, heads %d, mlp %d, vocabulary %d; the trial has %d, %d, %d, %d, %d",
			dir, c.Width, c.Layers, c.Heads, c.MLP, c.Vocab, m.Width, m.Depth, m.Heads, m.MLP, m.vocab)
	}
	values, err := readFolder(dir, func(f *checkpoint.File) ([]checkpoint.Named, error) { return checkpoint.GPT2Params(f, c) })
	if err != nil {
		return nil, err
	}
	const name = "transformer.wpe.weight"
	wpe, err := stretchPositions(values[name].F32, c.Positions, m.TextPositions, m.visual, m.Width)
	if err != nil {
		return nil, fmt.Errorf("lm.weights %s: %w", dir, err)
	}
	values[name] = engine.Floats(wpe, m.visual+m.TextPositions, m.Width)
	return values, nil
}

// stretchPositions makes a table of visual + text rows from one of rows: text rows are the first ones, visual rows the
// rest, interpolated linearly.
func stretchPositions(table []float32, rows, text, visual, width int) ([]float32, error) {
	if text > rows || visual > 0 && text == rows {
		return nil, fmt.Errorf("%d positions are too few for %d of text and a visual part", rows, text)
	}
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
	return append(out, table[:text*width]...), nil
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

// merged is a and, for the names that only b has, b.
func merged(a, b map[string]engine.Tensor) map[string]engine.Tensor {
	if len(a) == 0 {
		return b
	}
	all := map[string]engine.Tensor{}
	for name, t := range b {
		all[name] = t
	}
	for name, t := range a {
		all[name] = t
	}
	return all
}
