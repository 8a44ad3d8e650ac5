package spec

import (
	"encoding/json"
	"fmt"
	"strings"
)

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

var questionNames = [...]string{"difference", "abnormality", "presence", "view", "location", "level", "type"}

// Names lists the types as the data set names them, in the paper's order.
func (q Questions) Names() []string {
	names := []string{}
	for i, name := range questionNames {
		if q&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

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
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return fmt.Errorf("want all, or a list of question types such as [difference, presence]: %s is none", data)
	}
	var set Questions
next:
	for _, name := range names {
		for i, known := range questionNames {
			if name == known {
				if set&(1<<i) != 0 {
					return fmt.Errorf("question type %q is listed twice", name)
				}
				set |= 1 << i
				continue next
			}
		}
		return fmt.Errorf("unknown question type %q: want %s", name, strings.Join(questionNames[:], ", "))
	}
	*q = set
	return nil
}
