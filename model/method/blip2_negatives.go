package method

import (
	"math"
	"math/rand/v2"

	"harness/model/corpus"
	"harness/model/engine"
)

// negatives are what the texts and images of a batch are wrongly matched with: an image for each text, a text for each image; -1
// where all of the batch would be right.
type negatives struct{ images, texts []int }

// negatives draws hard ones: the more similar the Q-Former finds two that do not belong together, the likelier they are drawn. toText
// and toImage are the similarities of B images and texts, [B, B] each.
func (r *Run) negatives(texts []string, toText, toImage engine.Tensor, step int) negatives {
	rng := corpus.RandomOf(r.Trial.Seed, "qformer.negatives", step)
	n := len(texts)
	drawn := negatives{make([]int, n), make([]int, n)}
	for i := range n {
		drawn.images[i] = hardNegative(texts, i, toImage.F32[i*n:][:n], rng)
		drawn.texts[i] = hardNegative(texts, i, toText.F32[i*n:][:n], rng)
	}
	return drawn
}

// hardNegative draws one whose text is not the i-th, with probability softmax(similarity) among these; -1 where there is none. Reports
// repeat, and an image with the same report is no negative.
func hardNegative(texts []string, i int, similarity []float32, rng *rand.Rand) int {
	peak, last := math.Inf(-1), -1
	for j, s := range similarity {
		if texts[j] != texts[i] {
			peak, last = max(peak, float64(s)), j
		}
	}
	share := make([]float64, len(similarity))
	total := 0.0
	for j, s := range similarity {
		if texts[j] != texts[i] {
			share[j] = math.Exp(float64(s) - peak)
			total += share[j]
		}
	}
	at := rng.Float64() * total
	for j, s := range share {
		if at -= s; at < 0 {
			return j
		}
	}
	return last // rounding, or similarities that are no numbers: the step itself reports those
}
