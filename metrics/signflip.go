package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Holm returns the p-values adjusted for the whole family by Holm's step-down rule, in the order given.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	adjusted := make([]float64, len(p))
	least := 0.0
	for rank, i := range order {
		least = max(least, min(1, p[i]*float64(len(p)-rank)))
		adjusted[i] = least
	}
	return adjusted
}

// exactFlips is the largest number of deltas of which every sign pattern is tried; beyond it a hundred thousand random ones are.
const (
	exactFlips  = 20
	randomFlips = 100_000
)

// SignFlip is the paired sign-flip test over seeds: p is the share of sign patterns of the deltas whose sum is at least as far from 0
// as the observed one, the observed pattern included. smallest is the smallest p that so many deltas can reach, 2/2^n: three seeds
// cannot show anything below 0.25. Without deltas both are 1; a NaN delta gives NaN.
func SignFlip(deltas []float64) (p, smallest float64) {
	n := len(deltas)
	if n == 0 {
		return 1, 1
	}
	smallest = SmallestSignFlip(n)
	observed, size := 0.0, 0.0
	for _, d := range deltas {
		observed += d
		size += math.Abs(d)
	}
	if math.IsNaN(observed) {
		return math.NaN(), smallest
	}
	bound := math.Abs(observed) - 1e-12*size // sums of equal size may differ in their last bits
	count := 0
	if n <= exactFlips {
		half := uint64(1) << (n - 1) // the other half of the patterns mirrors this one
		for signs := range half {
			if math.Abs(flippedSum(deltas, signs)) >= bound {
				count++
			}
		}
		return float64(count) / float64(half), smallest
	}
	rng := rand.New(rand.NewPCG(DefaultSeed, uint64(n)))
	for range randomFlips {
		sum := 0.0
		for i := 0; i < n; i += 64 {
			sum += flippedSum(deltas[i:min(i+64, n)], rng.Uint64())
		}
		if math.Abs(sum) >= bound {
			count++
		}
	}
	return float64(count+1) / (randomFlips + 1), smallest
}

// SmallestSignFlip is the smallest p that the sign-flip test over n seeds can reach.
func SmallestSignFlip(n int) float64 {
	exact := math.Min(1, 2/math.Pow(2, float64(n)))
	if n > exactFlips {
		return max(exact, 1./(randomFlips+1))
	}
	return exact
}

// SeedsFor is how many seeds the sign-flip test takes to reach p < Level among so many comparisons.
func SeedsFor(comparisons int) int {
	n := 2
	for SmallestSignFlip(n)*float64(comparisons) >= Level && n < 100 {
		n++
	}
	return n
}

// flippedSum returns the sum of at most 64 deltas, with the sign of delta i turned where bit i is set.
func flippedSum(deltas []float64, signs uint64) float64 {
	sum := 0.0
	for _, d := range deltas {
		if signs&1 != 0 {
			d = -d
		}
		signs >>= 1
		sum += d
	}
	return sum
}
