package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"harness/internal/atomicfile"
	"harness/model/checkpoint"
	"harness/model/checkpoint/hub"
	"harness/model/corpus"
	"harness/model/engine"
	"harness/model/method"
	"harness/model/spec"
	"harness/model/tokenizer"
)

// Exported says what Export has written, for a model card.
type Exported struct {
	Tokens     int      // visual tokens of an image that the encoder gives
	Answers    bool     // there is a model of difference VQA
	LM         bool     // and it has an LM; else all of it is in adapter.safetensors
	Visual     int      // rows of the LM's positions that are those of the visual tokens of both images
	Vocabulary int      // tokens of the LM
	Compact    bool     // they are a part of GPT-2's
	Adapter    []string // names and shapes in adapter.safetensors
	Pretrain   []string // and in pretrain.safetensors, none where there is no such file
}

// The names that Export gives.
const (
	ExportedEncoder  = "encoder"
	ExportedLM       = "lm"
	ExportedAdapter  = "adapter.safetensors"
	ExportedPretrain = "pretrain.safetensors"
	ExportedPieces   = "pieces.json"
)

// Export writes what a finished trial has trained into the folder dir, which is there, as transformers loads it:
//
//	encoder/               a SiglipVisionModel: the vision encoder, without pooling head
//	lm/                    a GPT2LMHeadModel with its tokenizer; pieces.json for a compact vocabulary
//	adapter.safetensors    what lies between them: temporal [2, n, e] and adapter.{fc1,fc2}.{weight,bias}
//	pretrain.safetensors   what pretraining trained beside the encoder: the text decoder, the Q-Former, projections
//
// With answers false the trial has no second stage, and there is no lm and no adapter. A method that answers without GPT-2's LM has no lm
// either: adapter.safetensors holds the whole of its model. Nothing is trained; a stage that is not in
// home, or damaged, is refused.
func Export(ctx context.Context, home string, h *hub.Hub, t spec.Trial, answers bool, dir string) (Exported, error) {
	x := exporter{home: home, hub: h, trial: t, dir: dir}
	first, err := x.pretrained(ctx)
	if err != nil {
		return Exported{}, err
	}
	var second map[string]engine.Tensor
	if answers {
		if second, err = x.stage(spec.StageDiffVQA); err != nil {
			return Exported{}, err
		}
	}
	if err := x.encoder(method.Merged(second, first)); err != nil { // some methods train it on with the answers
		return Exported{}, err
	}
	if x.out.Pretrain, err = x.rest(ExportedPretrain, first, "encoder."); err != nil || !answers {
		return x.out, err
	}
	x.out.Answers = true
	if x.out.Adapter, err = x.rest(ExportedAdapter, second, "encoder.", "transformer."); err != nil {
		return Exported{}, err
	}
	if _, x.out.LM = second["transformer.wte.weight"]; !x.out.LM {
		return x.out, nil
	}
	return x.out, x.lm(ctx, second)
}

// exporter writes one trial.
type exporter struct {
	home  string
	hub   *hub.Hub // for published weights
	trial spec.Trial
	dir   string
	out   Exported
}

// stage reads the weights of a finished stage.
func (x *exporter) stage(s spec.Stage) (map[string]engine.Tensor, error) {
	path := filepath.Join(stageDir(x.home, x.trial, s), weightsName)
	_, err := checkpoint.CheckSum(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the weights of the stage %s are not in this home: %w", s, err)
	}
	if err != nil {
		return nil, fmt.Errorf("stage %s: %w", s, err)
	}
	return readTensors(path)
}

// pretrained are the weights of the first stage; an untrained encoder is as it was initialised.
func (x *exporter) pretrained(ctx context.Context) (map[string]engine.Tensor, error) {
	if x.trial.Pretrains() {
		return x.stage(spec.StagePretrain)
	}
	t, _, err := located(ctx, x.hub, x.trial)
	if err != nil {
		return nil, err
	}
	run := &trialRun{trial: t}
	start, err := run.pretrainedEncoder()
	if err != nil {
		return nil, err
	}
	return method.Untrained(x.trial, start), nil
}

// encoder writes the vision encoder.
func (x *exporter) encoder(weights map[string]engine.Tensor) error {
	e := x.trial.Encoder
	x.out.Tokens = e.Tokens(x.trial.Resolution)
	c := checkpoint.SiglipConfig{Image: x.trial.Resolution, Patch: e.Patch, Channels: max(e.Channels, 1), Width: e.Width, Heads: e.Heads,
		Layers: e.Depth, MLP: e.MLP, Eps: 1e-6}
	dir, err := x.folder(ExportedEncoder)
	if err != nil {
		return err
	}
	return checkpoint.SaveSiglip(dir, floatsOf(weights), c)
}

// lm writes the language model with its tokenizer, and how answers are generated.
func (x *exporter) lm(ctx context.Context, weights map[string]engine.Tensor) error {
	tok, err := x.tokenizer(ctx)
	if err != nil {
		return err
	}
	wte, wpe := weights["transformer.wte.weight"], weights["transformer.wpe.weight"]
	if len(wte.Shape) != 2 || len(wpe.Shape) != 2 || wte.Shape[0] != tok.Size() {
		return fmt.Errorf("the vocabulary of the data has %d tokens, the LM %v: the data are not those of the training", tok.Size(), wte.Shape)
	}
	l, test := x.trial.LM, x.trial.Eval
	x.out.Visual, x.out.Vocabulary = method.Of(x.trial).Answerer(x.trial, tok.Size()).LM.Visual, tok.Size()
	dir, err := x.folder(ExportedLM)
	if err != nil {
		return err
	}
	c := checkpoint.GPT2Config{Vocab: tok.Size(), Positions: wpe.Shape[0], Width: l.Width, Heads: l.Heads, Layers: l.Depth, MLP: l.MLP,
		Eps: 1e-5, Dropout: l.Dropout, InitialRange: 0.02}
	if err := checkpoint.SaveGPT2(dir, floatsOf(weights), c, tok.EOS()); err != nil {
		return err
	}
	if err := x.writeTokenizer(dir, tok); err != nil {
		return err
	}
	return atomicfile.WriteJSON(filepath.Join(dir, "generation_config.json"), map[string]any{
		"bos_token_id": tok.EOS(), "eos_token_id": tok.EOS(), "pad_token_id": tok.EOS(), "do_sample": false, "num_beams": test.NumBeams,
		"max_new_tokens": test.MaxNewTokens, "length_penalty": test.LengthPenalty,
	})
}

// tokenizer is the vocabulary of the trial, which the small presets take from the training texts.
func (x *exporter) tokenizer(ctx context.Context) (tokenizer.Tokenizer, error) {
	if x.trial.LM.Given() || x.trial.WholeVocabulary {
		return tokenizer.GPT2(), nil
	}
	c, err := corpus.Open(ctx, x.trial, x.home, unrecorded{})
	if err != nil {
		return nil, fmt.Errorf("the vocabulary is that of the training texts: %w", err)
	}
	defer c.Close()
	return c.Tok, nil
}

// writeTokenizer writes the files of a GPT2Tokenizer.
func (x *exporter) writeTokenizer(dir string, tok tokenizer.Tokenizer) error {
	var vocab, merges []byte
	switch tok := tok.(type) {
	case *tokenizer.BPE:
		vocab, merges = tok.Files()
	case *tokenizer.Compact:
		x.out.Compact = true
		vocab, merges = tok.Files()
		pieces := map[string]any{"first": tok.Size(), "pieces": tok.Undone()}
		if err := writeCompact(filepath.Join(dir, ExportedPieces), pieces); err != nil {
			return err
		}
	default:
		return fmt.Errorf("a tokenizer of type %T cannot be written", tok)
	}
	if err := atomicfile.Write(filepath.Join(dir, "vocab.json"), vocab); err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, "merges.txt"), merges); err != nil {
		return err
	}
	const end = "<|endoftext|>"
	return atomicfile.WriteJSON(filepath.Join(dir, "tokenizer_config.json"), map[string]any{
		"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": false, "clean_up_tokenization_spaces": false,
		"bos_token": end, "eos_token": end, "unk_token": end, "pad_token": end, "model_max_length": x.trial.LM.MaxPositionEmbeddings,
	})
}

// rest writes the tensors of a stage whose names have none of the prefixes, and returns their names and shapes.
func (x *exporter) rest(name string, weights map[string]engine.Tensor, prefixes ...string) ([]string, error) {
	var tensors []checkpoint.Named
	var list []string
	for _, key := range slices.Sorted(maps.Keys(weights)) {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
			continue
		}
		t := weights[key]
		tensors = append(tensors, checkpoint.Named{Name: key, Shape: t.Shape, F32: t.F32, I32: t.I32})
		list = append(list, fmt.Sprint(key, " ", t.Shape))
	}
	if len(tensors) == 0 {
		return nil, nil
	}
	return list, checkpoint.Save(filepath.Join(x.dir, name), tensors, map[string]string{"format": "pt"})
}

func (x *exporter) folder(name string) (string, error) {
	dir := filepath.Join(x.dir, name)
	return dir, os.Mkdir(dir, 0o777)
}

// floatsOf are the values of tensors by name.
func floatsOf(tensors map[string]engine.Tensor) map[string][]float32 {
	values := make(map[string][]float32, len(tensors))
	for name, t := range tensors {
		values[name] = t.F32
	}
	return values
}

func writeCompact(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(data, '\n'))
}
