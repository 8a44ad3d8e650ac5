// Package search chooses the settings of a sweep that does not try them all.
//
//	Distribution   how one parameter is distributed, in the words of W&B; At is its inverse cumulative distribution function
//	Sequence       points of the unit cube, one coordinate for each parameter: random, Latin hypercube or Sobol
//
// A point becomes a setting by giving each coordinate to the distribution of its parameter. Everything here is a pure function of
// the seed: the same seed gives the same points on every machine, and more points begin with the same ones (Random, Sobol).
package search

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// Method is how points are spread over the unit cube.
type Method string

// The methods.
const (
	// Random draws each coordinate independently. The draws of a parameter depend on the seed and its name alone: they stay as
	// they are when another parameter is added.
	Random Method = "random"
	// LatinHypercube divides each coordinate into as many equal parts as there are points, and puts one point into each
	// (McKay, Beckman and Conover, Technometrics 21(2), 1979).
	LatinHypercube Method = "latin-hypercube"
	// Sobol is the sequence of Sobol with the direction numbers of Joe and Kuo, moved by a random digital shift.
	Sobol Method = "sobol"
)

// MaxPoints bounds the points of one sequence.
const MaxPoints = 1 << 24

// Sequence is a sequence of points.
type Sequence struct {
	n    int // points so far
	next func(n int) []float64
}

// New begins a sequence for the parameters of the given names. Latin hypercube needs to know how many points there will be: of
// more than n there are none. The names must be different.
func New(m Method, seed uint64, names []string, n int) (*Sequence, error) {
	switch m {
	case Random:
		return &Sequence{next: random(seed, names)}, nil
	case LatinHypercube:
		if n < 1 || n > MaxPoints {
			return nil, fmt.Errorf("a Latin hypercube of %d points: want 1 to %d", n, MaxPoints)
		}
		return &Sequence{next: latin(seed, names, n)}, nil
	case Sobol:
		if len(names) > MaxSobol {
			return nil, fmt.Errorf("a Sobol sequence of %d parameters: there are direction numbers for %d", len(names), MaxSobol)
		}
		return &Sequence{next: sobol(seed, names)}, nil
	}
	return nil, fmt.Errorf("unknown method %q: want %s, %s or %s", m, Random, LatinHypercube, Sobol)
}

// Next is the next point: coordinates in [0, 1), in the order of the names; nil where the sequence has ended.
func (s *Sequence) Next() []float64 {
	if s.n >= MaxPoints {
		return nil
	}
	point := s.next(s.n)
	s.n++
	return point
}

// stream is the generator of one parameter: seed and name alone decide what it draws.
func stream(seed uint64, name string) *rand.PCG {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.NewPCG(seed, h.Sum64())
}

// uniform draws from [0, 1) with 53 bits.
func uniform(g *rand.PCG) float64 { return float64(g.Uint64()>>11) / (1 << 53) }

func random(seed uint64, names []string) func(int) []float64 {
	streams := make([]*rand.PCG, len(names))
	for i, name := range names {
		streams[i] = stream(seed, name)
	}
	return func(int) []float64 {
		point := make([]float64, len(names))
		for i, g := range streams {
			point[i] = uniform(g)
		}
		return point
	}
}

func latin(seed uint64, names []string, n int) func(int) []float64 {
	columns := make([][]float64, len(names))
	for i, name := range names {
		columns[i] = latinColumn(stream(seed, name), n)
	}
	return func(at int) []float64 {
		if at >= n {
			return nil
		}
		point := make([]float64, len(names))
		for i := range columns {
			point[i] = columns[i][at]
		}
		return point
	}
}

// latinColumn puts one value into each of n equal parts of [0, 1), in random order.
func latinColumn(g *rand.PCG, n int) []float64 {
	column := make([]float64, n)
	for i := range column {
		column[i] = min((float64(i)+uniform(g))/float64(n), 1-1.0/(1<<53))
	}
	for i := n - 1; i > 0; i-- {
		j := int(uniform(g) * float64(i+1))
		column[i], column[j] = column[j], column[i]
	}
	return column
}
