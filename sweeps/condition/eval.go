package condition

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Lookup gives the value of a name; nil where the parameter does not apply.
type Lookup func(name string) any

// node is a part of an expression. A missing parameter evaluates to nil, which equals nothing.
type node interface {
	eval(Lookup) (any, error)
}

type (
	literal  struct{ value any }
	name     string
	negation struct{ inner node }
	binary   struct {
		op          string
		left, right node
	}
)

// Holds evaluates the expression. Values of different types cannot be compared: that is an error.
func (e *Expr) Holds(values Lookup) (bool, error) {
	return truth(e.root, values)
}

func truth(n node, values Lookup) (bool, error) {
	value, err := n.eval(values)
	if err != nil {
		return false, err
	}
	b, ok := value.(bool)
	if !ok {
		return false, fmt.Errorf("%v is neither true nor false", value)
	}
	return b, nil
}

func (l literal) eval(Lookup) (any, error) { return l.value, nil }

func (n name) eval(values Lookup) (any, error) {
	return values(string(n)), nil
}

func (n negation) eval(values Lookup) (any, error) {
	b, err := truth(n.inner, values)
	return !b, err
}

func (b binary) eval(values Lookup) (any, error) {
	if b.op == "and" || b.op == "or" {
		left, err := truth(b.left, values)
		if err != nil || left == (b.op == "or") {
			return left, err
		}
		return truth(b.right, values)
	}
	left, err := b.left.eval(values)
	if err != nil {
		return nil, err
	}
	right, err := b.right.eval(values)
	if err != nil {
		return nil, err
	}
	switch b.op {
	case "==":
		return Equal(left, right)
	case "!=":
		same, err := Equal(left, right)
		return !same, err
	case "in":
		return within(left, right)
	}
	order, comparable, err := Compare(left, right)
	if err != nil || !comparable {
		return false, err
	}
	switch b.op {
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	}
	return order >= 0, nil
}

// Equal compares two values of one type; a missing value equals nothing.
func Equal(a, b any) (bool, error) {
	if a == nil || b == nil {
		return false, nil
	}
	listA, isA := a.([]any)
	listB, isB := b.([]any)
	if isA && isB {
		return sameItems(listA, listB)
	}
	boolA, isA := a.(bool)
	boolB, isB := b.(bool)
	if isA && isB {
		return boolA == boolB, nil
	}
	order, _, err := Compare(a, b)
	return order == 0, err
}

func sameItems(a, b []any) (bool, error) {
	if len(a) != len(b) {
		return false, nil
	}
	for _, item := range a {
		found, err := within(item, b)
		if err != nil || !found {
			return false, err
		}
	}
	return true, nil
}

func within(item, list any) (bool, error) {
	if item == nil || list == nil {
		return false, nil
	}
	items, ok := list.([]any)
	if !ok {
		return false, fmt.Errorf("%v is not a list: in needs one", list)
	}
	return slices.ContainsFunc(items, func(other any) bool {
		same, err := Equal(item, other)
		return err == nil && same
	}), nil
}

// Compare orders numbers and texts; comparable is false when a value is missing.
func Compare(a, b any) (order int, comparable bool, err error) {
	if a == nil || b == nil {
		return 0, false, nil
	}
	if numberA, ok := a.(json.Number); ok {
		if numberB, ok := b.(json.Number); ok {
			x, errA := numberA.Float64()
			y, errB := numberB.Float64()
			if errA != nil || errB != nil {
				return 0, false, fmt.Errorf("%s or %s is not a number", a, b)
			}
			switch {
			case x < y:
				return -1, true, nil
			case x > y:
				return 1, true, nil
			}
			return 0, true, nil
		}
	}
	if textA, ok := a.(string); ok {
		if textB, ok := b.(string); ok {
			return strings.Compare(textA, textB), true, nil
		}
	}
	return 0, false, fmt.Errorf("%v and %v cannot be compared: one is %s, the other %s", a, b, kind(a), kind(b))
}

func kind(value any) string {
	switch value.(type) {
	case json.Number:
		return "a number"
	case string:
		return "text"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	}
	return "a group of keys"
}
