package spec

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Phase is a part of a trial that takes time: a stage, named as the stage is, or one of those below.
type Phase string

const (
	PhaseData     Phase = "data"      // synthetic data are drawn
	PhaseImages   Phase = "images"    // images are read into the cache at the trial's resolution
	PhaseOpen     Phase = "open"      // texts are read, the vocabulary is made
	PhaseEncode   Phase = "encode"    // features of the frozen encoder
	PhaseProbe    Phase = "probe"     // what can be read from them
	PhaseRegions  Phase = "regions"   // boxes and phrases of test regions are decoded and scored
	PhaseFrequent Phase = "frequent"  // the control that always gives the most frequent answer
	PhasePrepare  Phase = "prepare"   // what an answerer starts from and reads: whitened and pooled features
	PhaseBlind    Phase = "test-text" // the control without images answers the test questions, and is scored
	PhaseShuffled Phase = "test-shuffled"
	PhaseTest     Phase = "test"
	PhaseWait     Phase = "wait" // for another trial that works on a stage or on data that this one needs, too
	PhaseRest     Phase = "rest" // all else: the process starts and ends, weights are read and written
)

// PhasesKey is the key of the note in which an attempt keeps what its phases took, as EncodePhases writes it.
const PhasesKey = "phases"

// PhaseTime is what a phase of an attempt took.
type PhaseTime struct {
	Phase   Phase   `json:"phase"`   // a stage of training, or another part of a trial
	Seconds float64 `json:"seconds"` // by the clock
	CPU     float64 `json:"cpu"`     // that all threads computed
	// Work is how much was done of what the phase does: floating-point operations of training and encoding, tokens that are decoded, images,
	// pairs. What a unit of it takes is compared among attempts.
	Work float64 `json:"work"`
}

// EncodePhases writes the note.
func EncodePhases(list []PhaseTime) (string, error) {
	data, err := json.Marshal(list)
	return string(data), err
}

// DecodePhases reads the note. What is no time and no work is refused: nothing may be learnt from it.
func DecodePhases(text string) ([]PhaseTime, error) {
	var list []PhaseTime
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read phases: %w", err)
	}
	for _, p := range list {
		for _, v := range []float64{p.Seconds, p.CPU, p.Work} {
			if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("read phases: %s took %v s, %v s of processors for %v", p.Phase, p.Seconds, p.CPU, p.Work)
			}
		}
		if p.Phase == "" {
			return nil, fmt.Errorf("read phases: one has no name")
		}
	}
	return list, nil
}

// PhaseKey names what a phase's work is done on: of trials with the same key, a unit of it takes as long, whatever their seeds and the lengths of
// their stages.
func (t Trial) PhaseKey(p Phase) string {
	t.Seed, t.Data.Synthetic.Seed = 0, 0
	t.Pretrain.Steps, t.Pretrain.Epochs, t.DiffVQA.Steps, t.DiffVQA.Epochs = 0, 0, 0, 0
	t.Pretrain.LR, t.DiffVQA.LR = 0, 0
	switch {
	case p == PhaseData || p == PhaseImages || p == PhaseOpen:
		return fmt.Sprintf("%s %v %s %d %v", p, t.Data.Source, t.Data.Root, t.Resolution, t.WholeVocabulary)
	case p == PhaseEncode || p == PhaseProbe:
		return fmt.Sprintf("%s %d %+v", p, t.Resolution, sizesOf(t.Encoder))
	case IsTraining(p):
		return string(p) + " " + t.StageID(Stage(p))
	}
	return string(p) + " " + t.ID()
}

// sizesOf is an encoder whatever it starts from.
func sizesOf(e Encoder) Encoder {
	e.Weights, e.WeightsDigest, e.Resize = "", "", ""
	return e
}

// PhaseShape names the sizes of what a phase computes: of trials with the same one, a unit of work takes about as long.
func (t Trial) PhaseShape(p Phase) string {
	switch p {
	case PhaseData, PhaseImages, PhaseOpen, PhaseEncode, PhaseProbe:
		return t.PhaseKey(p)
	case PhaseFrequent, PhaseRest, PhaseWait:
		return string(p)
	}
	given := t.LM.Given()
	t.LM.Weights, t.LM.WeightsDigest = "", ""
	lm := fmt.Sprintf("%+v %v %d %d", t.LM, given, t.DiffVQA.BatchSize, t.DiffVQA.Accumulate)
	if p == Phase(StageQuestionOnly) || p == PhaseBlind {
		return string(p) + " " + lm
	}
	image := fmt.Sprintf("%d %+v %+v", t.Resolution, sizesOf(t.Encoder), t.Decoder)
	if !t.Method.facts().answers && p != Phase(StagePretrain) && p != PhaseRegions { // over the frozen encoder, however that was trained
		return fmt.Sprintf("%s %s %s %d", p, image, lm, t.DiffVQA.Pool)
	}
	return fmt.Sprintf("%s %s %s %s %+v %d %d %d", p, t.Method, image, lm, t.QFormer, t.Pretrain.BatchSize, t.Pretrain.Accumulate, t.Pretrain.Chunk)
}

// Setting names a trial but for its seed.
func (t Trial) Setting() string {
	t.Seed = 0
	return t.ID()
}

// IsTraining reports whether the phase is a stage of training.
func IsTraining(p Phase) bool {
	return slices.Contains([]Stage{StagePretrain, StageQFormer, StageQFormerLM, StageQuestionOnly, StageDiffVQA}, Stage(p))
}
