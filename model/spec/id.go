package spec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Encoding is the version of the canonical encoding. It changes only when old IDs may be given up.
const Encoding = "trial/1"

// idLength is the number of hex digits of an ID.
const idLength = 16

// MinPrefix is the least number of digits by which a trial may be named on the command line.
const MinPrefix = 4

// ID names the trial: a hash of the canonical encoding of what it reads. The preset is not part of it, since its values
// are. A folder or a row may have been named by an older rule: it is looked up by the ID that it was given, never by one
// computed from its spec.
func (t Trial) ID() string { return t.essential().hash(Encoding) }

// LegacyID is the ID that commit 9abd933 gave a trial of the same settings: nothing but the pretraining of an untrained
// encoder was left out, and weights and data counted by their paths.
func (t Trial) LegacyID() string {
	t = t.Unsealed()
	t.Preset, t.Project, t.SeedApart = "", "", false
	t.Revision = t.Method.facts().revision // another definition has no name of that time, as settings that were unknown have none
	if !t.Method.facts().pretrains {
		t.Decoder, t.Pretrain = Decoder{}, Pretrain{}
	}
	return t.hash(Encoding)
}

// StageID names a stage by everything that determines its result. Trials that agree in it share the stage.
func (t Trial) StageID(s Stage) string {
	if twin := t.Method.facts().twin; s == StagePretrain && twin != "" {
		t.Method = twin
	}
	t = t.essential()
	t.Eval, t.Until = Eval{}, ""
	switch s {
	case StagePretrain, StageQFormer, StageReports: // the LM is not there yet, but its vocabulary is
		t.LM, t.DiffVQA = LM{}, DiffVQA{}
	case StageQFormerLM:
		t.DiffVQA = DiffVQA{}
	case StageQuestionOnly: // it uses no images
		t.Method, t.Revision, t.Encoder, t.Decoder, t.Pretrain = "", 0, Encoder{}, Decoder{}, Pretrain{}
		t.Resolution, t.DiffVQA.Pool, t.DiffVQA.Whiten, t.QFormer = 0, 0, false, QFormer{}
	case StageDiffVQA:
	default:
		panic(fmt.Sprintf("spec: no stage %q", s))
	}
	return t.hash("stage/" + string(s))
}

// Stage is a part of a trial whose result is kept for other trials.
type Stage string

const (
	StagePretrain     Stage = "pretrain"
	StageDiffVQA      Stage = "diffvqa"
	StageQuestionOnly Stage = "question-only" // the control that sees no image

	StageQFormer   Stage = "qformer"    // BLIP-2: the Q-Former learns to represent images
	StageQFormerLM Stage = "qformer-lm" // BLIP-2: and to speak to the LM

	StageReports Stage = "reports" // RG-AG: the reports that the report generator writes, which trains nothing
)

// TrainsEncoder reports whether the stage trains the vision encoder.
func (s Stage) TrainsEncoder() bool { return s == StagePretrain }

// Stages lists all that are kept, in the order in which a trial runs them.
var Stages = [...]Stage{StagePretrain, StageQFormer, StageQFormerLM, StageQuestionOnly, StageReports, StageDiffVQA}

func (t Trial) hash(domain string) string {
	sum := sha256.Sum256(append([]byte(domain+"\n"), t.Canonical()...))
	return hex.EncodeToString(sum[:])[:idLength]
}

// Canonical is the encoding that is hashed: JSON with sorted keys, without zero values and without spaces.
func (t Trial) Canonical() []byte {
	encoded, err := json.Marshal(t)
	if err != nil {
		panic("spec: a trial cannot be encoded: " + err.Error()) // value fields only: cannot happen
	}
	var generic map[string]any
	d := json.NewDecoder(bytes.NewReader(encoded))
	d.UseNumber() // numbers keep the digits that Go wrote for their type
	if err := d.Decode(&generic); err != nil {
		panic("spec: " + err.Error())
	}
	nameBatchAsBefore(generic)
	sorted, err := json.Marshal(generic) // encoding/json sorts the keys of a map
	if err != nil {
		panic("spec: " + err.Error())
	}
	return sorted
}

// nameBatchAsBefore writes pretrain.batch as pretrain.images in an encoded trial that has nothing else that was unknown when
// it was called so: its results keep their names.
func nameBatchAsBefore(trial map[string]any) {
	pretrain, ok := trial["pretrain"].(map[string]any)
	if !ok {
		return
	}
	for _, later := range []string{"equal", "per_image", "chunk", "accumulate"} {
		if pretrain[later] != nil {
			return
		}
	}
	if batch, ok := pretrain["batch"]; ok {
		pretrain["images"] = batch
		delete(pretrain, "batch")
	}
}
