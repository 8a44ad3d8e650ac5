package live

import (
	"math"
	"strings"
)

var blocks = []rune("▁▂▃▄▅▆▇█")

// NotANumber stands in a Spark where a value is NaN or infinite.
const NotANumber = '×'

// Spark draws values as at most width blocks, from the least to the greatest of them. Where there are more values than blocks, a block is the mean
// of several; a single one that is no number makes it NotANumber.
func Spark(values []float64, width int) string {
	if width <= 0 || len(values) == 0 {
		return ""
	}
	width = min(width, len(values))
	means := make([]float64, width)
	least, most := math.Inf(1), math.Inf(-1)
	for i := range means {
		from, to := len(values)*i/width, len(values)*(i+1)/width
		for _, v := range values[from:to] {
			means[i] += v / float64(to-from)
		}
		if finite(means[i]) {
			least, most = math.Min(least, means[i]), math.Max(most, means[i])
		}
	}
	var line strings.Builder
	for _, v := range means {
		switch {
		case !finite(v):
			line.WriteRune(NotANumber)
		case most == least:
			line.WriteRune(blocks[len(blocks)/2])
		default:
			part := (v/2 - least/2) / (most/2 - least/2) // halves: the whole difference may overflow
			line.WriteRune(blocks[min(len(blocks)-1, int(part*float64(len(blocks))))])
		}
	}
	return line.String()
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
