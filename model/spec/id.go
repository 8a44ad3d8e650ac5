package spec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Encoding is the version of the canonical encoding. It changes only when old IDs may be given up.
const Encoding = "trial/1"

// idLength is the number of hex digits of an ID.
const idLength = 16

// MinPrefix is the least number of digits by which a trial may be named on the command line.
const MinPrefix = 4

// ID names the trial: a hash of its canonical encoding. The preset is not part of it, since its values are.
func (t Trial) ID() string { return t.essential().hash(Encoding) }

// essential clears what cannot change a number of this trial.
func (t Trial) essential() Trial {
	t.Preset = ""
	if t.Method == Untrained { // nothing is pretrained
		t.Decoder, t.Pretrain = Decoder{}, Pretrain{}
	}
	return t
}

// StageID names a stage by everything that determines its result. Trials that agree in it share the stage.
func (t Trial) StageID(s Stage) string {
	t = t.essential()
	t.Test = Test{}
	switch s {
	case StagePretrain:
		t.LM, t.DiffVQA = LM{}, DiffVQA{}
	case StageQuestionOnly: // no image is looked at
		t.Method, t.Encoder, t.Decoder, t.Pretrain = "", Encoder{}, Decoder{}, Pretrain{}
		t.Resolution, t.DiffVQA.Pool, t.DiffVQA.Whiten = 0, 0, false
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
)

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
	sorted, err := json.Marshal(generic) // encoding/json sorts the keys of a map
	if err != nil {
		panic("spec: " + err.Error())
	}
	return sorted
}

// Words is a command line. It is a string inside, so that a Trial stays a value.
type Words string

const wordSeparator = "\x00"

// MakeWords joins words.
func MakeWords(words ...string) Words { return Words(strings.Join(words, wordSeparator)) }

// List is the words one by one.
func (w Words) List() []string {
	if w == "" {
		return nil
	}
	return strings.Split(string(w), wordSeparator)
}

// MarshalJSON writes a list of strings.
func (w Words) MarshalJSON() ([]byte, error) { return json.Marshal(w.List()) }

// UnmarshalJSON reads a list of strings, or one string, which is split at white space.
func (w *Words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = MakeWords(strings.Fields(one)...)
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("want a command such as [python, train.py, \"${args}\"]: %s is none", data)
	}
	*w = MakeWords(list...)
	return nil
}

// Args is the configuration of another program: a JSON object with sorted keys.
type Args string

// MarshalJSON writes the object.
func (a Args) MarshalJSON() ([]byte, error) {
	if a == "" {
		return []byte("{}"), nil
	}
	return []byte(a), nil
}

// UnmarshalJSON reads an object and sorts its keys; numbers keep their digits, so that 1 and 1.0 stay different.
func (a *Args) UnmarshalJSON(data []byte) error {
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return fmt.Errorf("want keys and values: %s is none", data)
	}
	if len(object) == 0 {
		*a = ""
		return nil
	}
	sorted, err := json.Marshal(object)
	if err != nil {
		return err
	}
	*a = Args(sorted)
	return nil
}

// Map is the object as a map; numbers are json.Number.
func (a Args) Map() (map[string]any, error) {
	object := map[string]any{}
	if a == "" {
		return object, nil
	}
	d := json.NewDecoder(strings.NewReader(string(a)))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, fmt.Errorf("args %s: %w", a, err)
	}
	return object, nil
}
