package method

import "harness/model/engine"

// Merged is a and, for the names that only b has, b.
func Merged(a, b Weights) Weights {
	if len(a) == 0 {
		return b
	}
	all := Weights{}
	for name, t := range b {
		all[name] = t
	}
	for name, t := range a {
		all[name] = t
	}
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
