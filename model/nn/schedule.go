package nn

import "math"

// LearningRate is the rate of step t = 1 … steps: linear to peak over warmup steps, then half a cosine that would
// reach zero one step after the last, so that every step counts.
func LearningRate(t, steps, warmup int, peak float64) float64 {
	if t <= warmup {
		return peak * float64(t) / float64(warmup)
	}
	return peak / 2 * (1 + math.Cos(math.Pi*float64(t-1-warmup)/float64(steps-warmup)))
}

// WarmupSteps reads a warm-up that is given in steps, or as a share of all steps when it is below 1.
func WarmupSteps(warmup float64, steps int) int {
	if warmup < 1 {
		warmup *= float64(steps)
	}
	return min(int(math.Round(warmup)), steps)
}
