// Package method holds the ways to get from images to answers that the paper's Table 2 compares: one file each, found by name in
// one table. All train on the same images, in the same order, with the same encoder, as many samples a step as the trial says.
//
//	Of        the method of a trial
//	Method    how its encoder is pretrained, and what answers difference questions with it
//	Run       what a method works with: the trial, its data, an engine, and stages that are kept
//	Training  a stage: parameters, and the programs and inputs of each step
//	Answerer  the model of difference VQA; for most methods the paper's, over features of the frozen encoder
//
// Package spec holds what naming and planning a trial needs to know of each method.
package method

import (
	"context"
	"fmt"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// Weights are parameters by name.
type Weights = map[string]engine.Tensor

// Method is one row of Table 2.
type Method struct {
	// Pretrain trains, in stages of r, what comes before difference VQA. The weights that it returns have those of the vision
	// encoder, encoder.*, and whatever else the method goes on with. start is the encoder's first values, for the names that it has.
	Pretrain func(ctx context.Context, r *Run, start Weights) (Weights, error)
	// Answerer is the model of difference VQA for a vocabulary of V tokens.
	Answerer func(t spec.Trial, vocab int) Answerer
}

// methods has the same names as spec.Methods.
var methods = map[spec.Method]Method{
	spec.LocationAware:       {locationAware, frozenEncoder},
	spec.GlobalContrastive:   {globalContrastive, frozenEncoder},
	spec.RegionalContrastive: {regionalContrastive, frozenEncoder},
	spec.BLIP2:               {blip2, queryAnswerer},
	spec.CapPa:               {capPa, frozenEncoder},
	spec.RGAG:                {reportGenerator, answerGenerator},
	spec.ReAL:                {reAL, residualAnswerer},
	spec.PLURAL:              {longitudinal, jointAnswerer},
	spec.Supervised:          {supervised, frozenEncoder},
	spec.Untrained:           {untrained, frozenEncoder},
}

// Of is the method of a trial that was validated.
func Of(t spec.Trial) Method {
	m, ok := methods[t.Method]
	if !ok {
		panic(fmt.Sprintf("method: no method %q", t.Method))
	}
	return m
}

// Run is what a method works with.
type Run struct {
	Trial  spec.Trial
	Corpus *corpus.Corpus
	Engine engine.Engine
	// Train returns the weights of a stage of the trial t: trained now as build says, or earlier by whatever trial shares it.
	Train func(ctx context.Context, t spec.Trial, stage spec.Stage, build func() (Training, error)) (Weights, error)
	// PublishedLM is what an LM starts from where the trial names published weights; nil where it names none.
	PublishedLM func(nn.LanguageModel) (Weights, error)
	// Keep returns the result of a stage of the trial t that trains nothing: what compute makes of images, now or earlier for whatever trial shares it.
	Keep func(ctx context.Context, t spec.Trial, stage spec.Stage, images []int, compute func(images []int) (Weights, error)) (Weights, error)
	// Progress says how far a stage is, for a display.
	Progress func(stage spec.Stage, done, total int)
}

// Native reports whether the engine accepts any shape without padding.
func (r *Run) Native() bool { return r.Engine.Name() == "native" }

// Training is one stage of training.
type Training struct {
	Params []engine.Param
	Start  Weights                // values to start from instead of those of Params, for the names that it has
	Frozen func(name string) bool // nil: nothing
	Steps  int
	// Batch makes what step 1 … Steps computes. It depends on the step and the session's parameters alone, so that a resumed
	// stage sees the same.
	Batch func(session engine.Session, step int) (Batch, error)
	// Ahead says that Batch depends on the step alone and runs no program: the next batch may be made, by another goroutine, while a step
	// computes.
	Ahead bool
}

// Batch is what one step computes: the gradients of all its parts are added up before the parameters move.
type Batch struct {
	Parts     []Part
	Images    int // encoded by the step, each counted once
	Sequences int // texts that it predicts or compares
	// Before are programs that ran without gradients to make the batch and give the step what it reads: their work counts.
	Before []Part
}

// Part is a program and its inputs.
type Part struct {
	Key     string // names the program
	Program engine.Program
	Inputs  engine.Inputs
}

// Model is what an Answerer computes. The inputs of Loss are the group "text" ([nn.Collate]) with labels and weights; of Prompt "ids";
// of Next "ids" and "positions"; and for the images whatever the Answerer provides.
type Model interface {
	// Params are the parameters with their first values; table is that of the LM's tokens, nil for a model that has no LM.
	Params(seed int64, table []float32) []engine.Param
	Loss(o engine.Ops) []engine.Value
	Prompt(o engine.Ops) []engine.Value
	Next(o engine.Ops) []engine.Value
}

// Answerer is a model of difference VQA, and what it reads.
type Answerer struct {
	Model
	LM nn.LanguageModel // its text part, which starts from lm.weights; the zero value where it has one of its own
	// OwnPositions is the number of text positions of a text part of its own, decoder.positions; Memory the number of visual tokens that
	// it stores for cross-attention.
	OwnPositions, Memory int
	// Ask makes inputs of questions, padded to at least length tokens; the answer then follows EOS alone. nil: the question
	// is the prompt that the answer follows.
	Ask func(in engine.Inputs, questions [][]int32, pad int32, length int)
	// Tokens is the number of visual tokens of an image that the model reads as the input "encoded" [2B, Tokens, e]: the output of
	// the frozen encoder, pooled where they are fewer. 0: it reads none.
	Tokens int
	// Whitens says that the model has the paper's adapter, which can start at whitened features.
	Whitens bool
	// Keeps says which of the pretrained weights the model starts from; nil: none.
	Keeps func(name string) bool
	// Prepare is called once before questions are asked; nil: there is nothing to prepare.
	Prepare func(ctx context.Context, r *Run, weights Weights, pairs []dataset.Pair) (Reading, error)
}

// HasLM reports whether the text part of the model is the LM of the trial.
func (a Answerer) HasLM() bool { return a.LM.Width > 0 }

// Positions is the number of text positions, of prompt and answer together.
func (a Answerer) Positions() int {
	if a.HasLM() {
		return a.LM.MaxPositionEmbeddings
	}
	return a.OwnPositions
}

// Reading is what a model reads of pairs beside features and question.
type Reading struct {
	Images func(in engine.Inputs, pairs []dataset.Pair) // adds inputs; nil: none
	// Prompt is what a pair's question becomes before it is asked; nil: it stays as it is.
	Prompt func(pair dataset.Pair, question []int32) []int32
}

// Blind is the control that sees the question only.
func Blind(t spec.Trial, vocab int) Answerer {
	lm := nn.NewLanguageModel(t, vocab, 0)
	return Answerer{Model: nn.Answerer{LM: lm, Smoothing: t.DiffVQA.LabelSmoothing}, LM: lm}
}

// frozenEncoder is the paper's: temporal embeddings, adapter and LM over the tokens of the frozen encoder (3.4), all of them or
// pooled.
func frozenEncoder(t spec.Trial, vocab int) Answerer {
	tokens := nn.NewEncoder(t).Tokens
	if p := t.DiffVQA.Pool; p > 1 {
		tokens /= p * p
	}
	lm := nn.NewLanguageModel(t, vocab, 2*tokens)
	adapter := nn.PairAdapter{Tokens: tokens, Width: t.Encoder.Width, Out: t.LM.Width}
	return Answerer{
		Model: nn.Answerer{Adapter: adapter, LM: lm, Smoothing: t.DiffVQA.LabelSmoothing},
		LM:    lm, Tokens: tokens, Whitens: true,
	}
}
