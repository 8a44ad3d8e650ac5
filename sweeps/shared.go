package sweeps

import (
	"reflect"
	"strings"

	"harness/model/spec"
)

// Shared is a row whose trainings are those of a row above it.
type Shared struct {
	Row, With string
	Method    string   // of the built-in trainer
	Unread    []string // the parameters in which the two differ and which the method does not read
}

func (s Shared) String() string {
	text := "the same training as " + s.With
	if len(s.Unread) > 0 {
		return text + ": " + s.Method + " does not read " + strings.Join(s.Unread, ", ")
	}
	return text + ": its settings come to the same"
}

// Shared lists the rows that train nothing of their own.
func (p *Plan) Shared() []Shared {
	specs := make(map[string]spec.Trial, len(p.Trials))
	for _, t := range p.Trials {
		specs[t.ID] = t.Spec
	}
	var list []Shared
	first := map[string]*Row{}
	for i := range p.Rows {
		r := &p.Rows[i]
		key := strings.Join(r.Trials, " ")
		if strings.TrimSpace(key) == "" {
			continue
		}
		other := first[key]
		if other == nil {
			first[key] = r
			continue
		}
		t := specs[strings.Fields(key)[0]]
		list = append(list, Shared{Row: r.Name, With: other.Name, Method: string(t.Method), Unread: unread(t, r, other)})
	}
	return list
}

// unread lists the parameters in which two rows of one training differ and which the training does not read.
func unread(t spec.Trial, a, b *Row) []string {
	if t.Command != "" {
		return nil // all parameters of a program count
	}
	var paths []string
	for _, p := range a.Params {
		other, ok := b.Get(p.Path)
		if p.Path != AblationPath && (!ok || !reflect.DeepEqual(p.Value, other.Value)) && !t.Reads(p.Path) {
			paths = append(paths, p.Path)
		}
	}
	return paths
}
