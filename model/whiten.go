package model

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"harness/model/engine"
	"harness/model/method"
	"harness/model/nn"
)

// The outputs of a trained encoder vary far more with the patient's frame than with findings: one direction of their
// covariance is a thousand times the fortieth (RECIPE 3.5), and an adapter that starts at random spends its steps on it.
// A whitened start makes all directions alike: the temporal embeddings begin at minus the mean of their place, and the
// first layer of the adapter at a random mixture of the principal directions, each scaled to unit variance. Both are
// then trained as usual.

// whitenShrink keeps directions with less than this share of the mean variance from being scaled up.
const whitenShrink = 0.01

// whitenImages is the number of images that the statistics are taken from.
const whitenImages = 600

// whitened returns first values of "temporal" and "adapter.fc1" from the features of training images.
func (r *trialRun) whitened(ctx context.Context, f *features, images []int, width int) (method.Weights, error) {
	images = images[:min(len(images), whitenImages)]
	size := f.tokens * f.width
	mean := make([]float64, size)
	err := f.each(ctx, images, func(_ int, data []float32) {
		for i, v := range data {
			mean[i] += float64(v) / float64(len(images))
		}
	})
	if err != nil {
		return nil, err
	}
	cov := mat.NewSymDense(f.width, nil)
	residual := mat.NewVecDense(f.width, nil)
	err = f.each(ctx, images, func(_ int, data []float32) {
		for t := range f.tokens {
			for c := range f.width {
				residual.SetVec(c, float64(data[t*f.width+c])-mean[t*f.width+c])
			}
			cov.SymRankOne(cov, 1/float64(len(images)*f.tokens), residual)
		}
	})
	if err != nil {
		return nil, err
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(cov, true) {
		return nil, nil // a covariance that cannot be decomposed: start at random
	}
	values := eigen.Values(nil)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	least := whitenShrink * mat.Trace(cov) / float64(f.width)

	p := &nn.Parameters{Seed: r.trial.Seed}
	p.Normal("adapter.fc1.weight", 1/math.Sqrt(float64(f.width)), width, f.width)
	mix := p.List[0].Tensor.F32
	weight := make([]float32, width*f.width)
	for k, value := range values {
		scale := 1 / math.Sqrt(max(value, 0)+least)
		for o := range width {
			g := float64(mix[o*f.width+k]) * scale
			for c := range f.width {
				weight[o*f.width+c] += float32(g * vectors.At(c, k))
			}
		}
	}
	p.Normal("temporal", 0.02, 2, f.tokens, f.width)
	temporal := p.List[1].Tensor.F32
	for i := range temporal {
		temporal[i] -= float32(mean[i%size])
	}
	return method.Weights{
		"adapter.fc1.weight": engine.Floats(weight, width, f.width),
		"temporal":           engine.Floats(temporal, 2, f.tokens, f.width),
	}, nil
}
