package corpus

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
)

// Shuffled is the order of n samples in one pass over them; it depends on the seed, the pass and the purpose alone.
func Shuffled(n int, seed int64, purpose string, pass int) []int {
	return RandomOf(seed, purpose, pass).Perm(n)
}

// RandomOf is the generator of one purpose at one step or pass.
func RandomOf(seed int64, purpose string, at int) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", purpose, seed, at))
	return rand.New(rand.NewChaCha8(sum))
}

// Pick lists the values at the given places.
func Pick[T any](values []T, places []int) []T {
	picked := make([]T, len(places))
	for i, k := range places {
		picked[i] = values[k]
	}
	return picked
}

// Sampler deals n samples out, in a new order each pass over them.
type Sampler struct {
	n       int
	seed    int64
	purpose string
	pass    int
	order   []int
}

// NewSampler deals n samples out; the order depends on the seed, the purpose and the pass alone.
func NewSampler(n int, seed int64, purpose string) *Sampler {
	return &Sampler{n: n, seed: seed, purpose: purpose, pass: -1}
}

// Range lists the samples dealt out at the places from … to-1, counted over all passes. Places may be asked for in any order.
func (s *Sampler) Range(from, to int) []int {
	picked := make([]int, 0, to-from)
	for at := from; at < to; at++ {
		if pass := at / s.n; pass != s.pass {
			s.pass, s.order = pass, Shuffled(s.n, s.seed, s.purpose, pass)
		}
		picked = append(picked, s.order[at%s.n])
	}
	return picked
}

// Batch lists the samples of step 1, 2, … of batches of the given size.
func (s *Sampler) Batch(step, size int) []int { return s.Range((step-1)*size, step*size) }
