package cli

import (
	"fmt"
	"time"

	"harness/model/engine"
)

// speedTime is how long the speed of an engine is measured.
const speedTime = 200 * time.Millisecond

// productSpeed measures products of n × n float32 matrices in 10⁹ operations a second: the best of what fits in a fraction of a second.
func productSpeed(e engine.Engine, n int) (float64, error) {
	data := make([]float32, n*n)
	for i := range data {
		data[i] = float32(i%13)/13 - 0.5
	}
	const products = 4 // a call: what surrounds them is little then
	params := []engine.Param{{Name: "a", Tensor: engine.Floats(data, n, n), Frozen: true}, {Name: "b", Tensor: engine.Floats(data, n, n), Frozen: true}}
	s, err := e.New(params)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	program := func(o engine.Ops) []engine.Value {
		x := o.Param("a")
		for range products {
			x = o.MatMul(x, o.Param("b"))
		}
		return []engine.Value{o.Mean(o.Mean(x, 0), 0)}
	}
	best := time.Duration(0)
	for start, calls := time.Now(), 0; calls < 2 || time.Since(start) < speedTime; calls++ {
		began := time.Now()
		if _, err := s.Run("products", program, engine.Inputs{}); err != nil {
			return 0, fmt.Errorf("multiply matrices: %w", err)
		}
		if took := time.Since(began); calls > 0 && (best == 0 || took < best) { // the first call compiles
			best = took
		}
	}
	return products * 2 * float64(n) * float64(n) * float64(n) / best.Seconds() / 1e9, nil
}
