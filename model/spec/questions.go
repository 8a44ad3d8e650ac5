package spec

import "encoding/json"

// Questions is a set of question types of MIMIC-Diff-VQA.
type Questions uint8

// The seven types (paper 3.3.3).
const (
	Difference Questions = 1 << iota // what has changed between two images: the paper's
	Abnormality
	Presence
	View
	Location
	Level
	TypeOf       // what type a finding is of
	AllQuestions = Difference | Abnormality | Presence | View | Location | Level | TypeOf
)

var questionNames = nameSet{
	noun: "question type", want: "all, or a list of question types such as [difference, presence]",
	names: []string{"difference", "abnormality", "presence", "view", "location", "level", "type"},
}

// Names lists the types as the data set names them, in the paper's order.
func (q Questions) Names() []string { return questionNames.of(uint8(q)) }

// Others lists the types but difference.
func (q Questions) Others() []string { return (q &^ Difference).Names() }

// MarshalJSON writes the list of names.
func (q Questions) MarshalJSON() ([]byte, error) { return json.Marshal(q.Names()) }

// UnmarshalJSON reads a list of names, or "all"; an unknown or repeated one is an error.
func (q *Questions) UnmarshalJSON(data []byte) error {
	if string(data) == `"all"` {
		*q = AllQuestions
		return nil
	}
	set, err := questionNames.read(data)
	if err != nil {
		return err
	}
	*q = Questions(set)
	return nil
}
