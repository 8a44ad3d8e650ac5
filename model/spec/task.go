package spec

import (
	"encoding/json"
	"fmt"
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

var taskNames = [...]string{"cap", "aref", "gcap", "caref"}

// Has reports whether every task of u is in t.
func (t Tasks) Has(u Tasks) bool { return t&u == u }

// List is the tasks of t one by one, in the paper's order.
func (t Tasks) List() []Tasks {
	var list []Tasks
	for i := range taskNames {
		if one := Tasks(1) << i; t.Has(one) {
			list = append(list, one)
		}
	}
	return list
}

// String is the names joined by "+".
func (t Tasks) String() string { return strings.Join(t.names(), "+") }

func (t Tasks) names() []string {
	names := []string{}
	for i, name := range taskNames {
		if t.Has(1 << i) {
			names = append(names, name)
		}
	}
	return names
}

// MarshalJSON writes the list of names.
func (t Tasks) MarshalJSON() ([]byte, error) { return json.Marshal(t.names()) }

// UnmarshalJSON reads a list of names; an unknown or repeated one is an error.
func (t *Tasks) UnmarshalJSON(data []byte) error {
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return fmt.Errorf("want a list of tasks such as [cap, aref]: %s is none", data)
	}
	var set Tasks
next:
	for _, name := range names {
		for i, known := range taskNames {
			if name == known {
				if set.Has(1 << i) {
					return fmt.Errorf("task %q is listed twice", name)
				}
				set |= 1 << i
				continue next
			}
		}
		return fmt.Errorf("unknown task %q: want %s", name, strings.Join(taskNames[:], ", "))
	}
	*t = set
	return nil
}
