package spec

import (
	"encoding/json"
	"strings"
)

// Tasks is a set of pretraining tasks.
type Tasks uint8

// The four tasks (paper 3.1).
const (
	CAP      Tasks = 1 << iota // image captioning
	AREF                       // automatic referring expressions: phrase, then box
	GCAP                       // grounded captioning: box, then phrase
	CAREF                      // conditional AREF: region name given; phrase, then box
	AllTasks = CAP | AREF | GCAP | CAREF
)

var taskNames = nameSet{
	noun: "task", want: "a list of tasks such as [cap, aref]",
	names: []string{"cap", "aref", "gcap", "caref"},
}

// Has reports whether every task of u is in t.
func (t Tasks) Has(u Tasks) bool { return t&u == u }

// List is the tasks of t one by one, in the paper's order.
func (t Tasks) List() []Tasks {
	var list []Tasks
	for i := range taskNames.names {
		if one := Tasks(1) << i; t.Has(one) {
			list = append(list, one)
		}
	}
	return list
}

// String is the names joined by "+".
func (t Tasks) String() string { return strings.Join(taskNames.of(uint8(t)), "+") }

// MarshalJSON writes the list of names.
func (t Tasks) MarshalJSON() ([]byte, error) { return json.Marshal(taskNames.of(uint8(t))) }

// UnmarshalJSON reads a list of names; an unknown or repeated one is an error.
func (t *Tasks) UnmarshalJSON(data []byte) error {
	set, err := taskNames.read(data)
	if err != nil {
		return err
	}
	*t = Tasks(set)
	return nil
}
