package sweeps_test

import (
	"fmt"

	"harness/sweeps"
)

// An experiment file is refused as a whole, with the line of what is wrong.
func ExampleParse() {
	const file = `version: 1
name: ratios
base: {preset: nano}
parameters:
  pretrain.parallel_ratio: {values: [0, 0.25]}
seeds: [0, 1, 2]
`
	s, err := sweeps.Parse("ratios.yaml", []byte(file))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Name, s.Seeds)
	// Output: ratios [0 1 2]
}
