package probe

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Pooled is ridge regression on few features, one pooled token of an image: the primal form, in float64.
type Pooled struct {
	center, scale []float64
	betas         []*mat.Dense // by penalty
}

// FitPooled fits each target on rows of features standardised by their own moments, at each of the Penalties.
func FitPooled(x [][]float64, targets [][]bool) (*Pooled, error) {
	p := &Pooled{}
	p.center, p.scale = moments(x)
	rows := p.standardised(x)
	_, w := rows.Dims()
	y := mat.NewDense(len(x), len(targets), nil)
	for j, has := range targets {
		share := 0.0
		for _, v := range has {
			if v {
				share += 1 / float64(len(has))
			}
		}
		for i, v := range has { // centred: the columns of x have mean zero, so there is no intercept to fit
			target := -share
			if v {
				target = 1 - share
			}
			y.Set(i, j, target)
		}
	}
	var gram mat.SymDense
	gram.SymOuterK(1, rows.T())
	var xty mat.Dense
	xty.Mul(rows.T(), y)
	trace := mat.Trace(&gram) / float64(w)
	for _, penalty := range Penalties {
		if trace == 0 { // no feature varies
			p.betas = append(p.betas, mat.NewDense(w, len(targets), nil))
			continue
		}
		ridge := mat.NewSymDense(w, nil)
		ridge.CopySym(&gram)
		for i := range w {
			ridge.SetSym(i, i, gram.At(i, i)+penalty*trace)
		}
		var chol mat.Cholesky
		if !chol.Factorize(ridge) {
			return nil, errUnsolved
		}
		var beta mat.Dense
		if err := chol.SolveTo(&beta, &xty); err != nil {
			return nil, errUnsolved
		}
		p.betas = append(p.betas, &beta)
	}
	return p, nil
}

var errUnsolved = errors.New("ridge regression: the features are not finite")

// Scores are the outputs of rows of features: [penalty][target][row].
func (p *Pooled) Scores(x [][]float64) [][][]float64 {
	scores := make([][][]float64, len(p.betas))
	for k, beta := range p.betas {
		_, n := beta.Dims()
		scores[k] = make([][]float64, n)
		if len(x) == 0 {
			continue
		}
		var predicted mat.Dense
		predicted.Mul(p.standardised(x), beta)
		for j := range n {
			scores[k][j] = mat.Col(nil, j, &predicted)
		}
	}
	return scores
}

func (p *Pooled) standardised(x [][]float64) *mat.Dense {
	rows := mat.NewDense(len(x), len(x[0]), slices.Concat(x...))
	rows.Apply(func(_, c int, v float64) float64 { return (v - p.center[c]) / p.scale[c] }, rows)
	return rows
}

// moments are mean and standard deviation of each column.
func moments(x [][]float64) (center, scale []float64) {
	w := len(x[0])
	center, scale = make([]float64, w), make([]float64, w)
	for _, row := range x {
		for c, v := range row {
			center[c] += v / float64(len(x))
		}
	}
	for _, row := range x {
		for c, v := range row {
			scale[c] += (v - center[c]) * (v - center[c]) / float64(len(x))
		}
	}
	for c := range scale {
		scale[c] = math.Sqrt(scale[c]) + 1e-9
	}
	return center, scale
}
