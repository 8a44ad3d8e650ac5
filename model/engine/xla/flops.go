package xla

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/go-xla/stablehlo"
)

// contracting finds the axes of the first operand over which a product sums.
var contracting = regexp.MustCompile(`lhs_contracting_dimensions = (?:array<i64: )?\[?([\d, ]*)`)

// matrixFLOPs counts the operations of the matrix products that the results of main depend on: two a multiplication and its
// addition. Fused attention counts as the products that it stands for, masked or not.
func matrixFLOPs(main *stablehlo.Function) float64 {
	from := map[*stablehlo.Value]*stablehlo.Statement{}
	for _, s := range main.Statements {
		for _, out := range s.Outputs {
			from[out] = s
		}
	}
	total := 0.0
	seen := map[*stablehlo.Statement]bool{}
	waiting := slices.Clone(main.Statements[len(main.Statements)-1].Inputs) // of the return
	for len(waiting) > 0 {
		s := from[waiting[len(waiting)-1]]
		waiting = waiting[:len(waiting)-1]
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		total += statementFLOPs(s)
		waiting = append(waiting, s.Inputs...)
	}
	return total
}

func statementFLOPs(s *stablehlo.Statement) float64 {
	switch s.OpType.String() {
	case "DotGeneral":
		axes := contracting.FindStringSubmatch(fmt.Sprint(s.Attributes["dot_dimension_numbers"]))
		if axes == nil {
			refuse("the axes of a product are not where go-xla has written them: %v", s.Attributes)
		}
		product := 2 * float64(s.Outputs[0].Shape().Size())
		for axis := range strings.FieldsFuncSeq(axes[1], func(r rune) bool { return r < '0' || r > '9' }) {
			i, _ := strconv.Atoi(axis) // digits
			product *= float64(s.Inputs[0].Shape().Dimensions[i])
		}
		return product
	case "CustomCall":
		name := fmt.Sprint(s.Attributes["call_target_name"])
		if !strings.Contains(name, "fmha") {
			return 0
		}
		product := 2 * float64(s.Inputs[0].Shape().Size()) * float64(s.Inputs[1].Shape().Dimensions[1]) // q and k [B, S, H, D]
		if strings.Contains(name, "Backward") {
			return 5 * product // the scores again, and the gradients of v, the scores, q and k
		}
		return 2 * product
	}
	return 0
}
