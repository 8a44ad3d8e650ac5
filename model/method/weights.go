package method

import (
	"fmt"
	"maps"
	"slices"

	"harness/model/engine"
)

// Merged is a and, for the names that only b has, b.
func Merged(a, b Weights) Weights {
	if len(a) == 0 {
		return b
	}
	all := Weights{}
	maps.Copy(all, b)
	maps.Copy(all, a)
	return all
}

// ValuesOf are the first values of parameters by name.
func ValuesOf(params []engine.Param) Weights {
	values := Weights{}
	for _, p := range params {
		values[p.Name] = p.Tensor
	}
	return values
}

// Started are params with the values that weights has for them; those that frozen names do not move. Nil names none.
func Started(params []engine.Param, weights Weights, frozen func(name string) bool) ([]engine.Param, error) {
	list := slices.Clone(params)
	for i := range list {
		p := &list[i]
		if frozen != nil && frozen(p.Name) {
			p.Frozen, p.Decay = true, false
		}
		w, ok := weights[p.Name]
		if !ok {
			continue
		}
		if w.Size() != p.Tensor.Size() {
			return nil, fmt.Errorf("parameter %s: shape %v, want %v", p.Name, w.Shape, p.Tensor.Shape)
		}
		p.Tensor.F32 = w.F32
	}
	return list, nil
}

// OpenSession makes a session of what params are Started at.
func OpenSession(e engine.Engine, params []engine.Param, weights Weights, frozen func(name string) bool) (engine.Session, error) {
	started, err := Started(params, weights, frozen)
	if err != nil {
		return nil, err
	}
	return e.New(started)
}

// Everything is every name of a parameter.
func Everything(string) bool { return true }
