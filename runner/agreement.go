package runner

import (
	"context"
	"math"
	"slices"

	"harness/internal/jsonfloat"
	"harness/registry"
)

// Agreement is a number of a trial beside that of its rerun; nil is not recorded.
type Agreement struct {
	Metric   string           `json:"metric"`
	Original *jsonfloat.Float `json:"original"`
	Rerun    *jsonfloat.Float `json:"rerun"`
	Agree    bool             `json:"agree"`
	// Later says that the version which ran the original did not record the number yet: there is nothing to agree with.
	Later bool `json:"later,omitempty"`
}

// Compare compares the final numbers that a trial had before a rerun with those of the rerun, sorted by metric. A number that only one of them
// has does not agree, but for those that the rerun alone has and that later names: earlier versions did not record them. nil names none.
func Compare(ctx context.Context, db *registry.DB, original map[string]registry.Summary, id string, attempt int, tolerance float64,
	later func(metric string) bool) ([]Agreement, error) {
	again, err := db.AttemptMetrics(ctx, id, attempt)
	if err != nil {
		return nil, err
	}
	return compare(original, again, tolerance, later), nil
}

func compare(original map[string]registry.Summary, again map[string]float64, tolerance float64, later func(metric string) bool) []Agreement {
	var names []string
	for name := range original {
		names = append(names, name)
	}
	for name := range again {
		if _, both := original[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	list := make([]Agreement, 0, len(names))
	for _, name := range names {
		first, recorded := original[name]
		second, repeated := again[name]
		since := !recorded && repeated && later != nil && later(name)
		list = append(list, Agreement{
			Metric: name, Original: jsonfloat.Known(first.Last, recorded), Rerun: jsonfloat.Known(second, repeated),
			Agree: since || recorded && repeated && agree(first.Last, second, tolerance), Later: since,
		})
	}
	return list
}

// agree compares bits, or within a tolerance that is relative for numbers above 1. NaN agrees with NaN.
func agree(a, b, tolerance float64) bool {
	if math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b) {
		return true
	}
	return tolerance > 0 && !math.IsInf(a, 0) && !math.IsInf(b, 0) && math.Abs(a-b) <= tolerance*max(1, math.Abs(a), math.Abs(b))
}
