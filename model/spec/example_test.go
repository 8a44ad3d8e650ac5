package spec_test

import (
	"fmt"

	"harness/model/spec"
)

// A trial is a value, named by what it says: equal settings have one name.
func ExampleTrial_ID() {
	a, err := spec.Default(spec.Nano)
	if err != nil {
		fmt.Println(err)
		return
	}
	b := a
	b.Seed = 1
	fmt.Println(a.Validate(), b.Validate())
	fmt.Println(a.ID() == b.ID())
	b.Seed = a.Seed
	fmt.Println(a.ID() == b.ID())
	// Output:
	// <nil> <nil>
	// false
	// true
}
