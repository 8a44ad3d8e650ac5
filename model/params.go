package model

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"harness/model/engine"
)

// parameters collects the parameters of a model with their first values. Each is drawn from a generator of its own,
// seeded by the trial and the parameter's name, so that adding one does not move the others.
type parameters struct {
	seed int64
	list []engine.Param
}

func (p *parameters) add(name string, decay bool, data []float32, shape ...int) {
	p.list = append(p.list, engine.Param{Name: name, Tensor: engine.Floats(data, shape...), Decay: decay})
}

func (p *parameters) source(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(uint64(p.seed), h.Sum64()))
}

// normal draws from N(0, std²). Embedding tables and positions are made with it; they are not decayed (FACTS 6 #24).
func (p *parameters) normal(name string, std float64, shape ...int) {
	data := make([]float32, engine.Size(shape))
	r := p.source(name)
	for i := range data {
		data[i] = float32(std * r.NormFloat64())
	}
	p.add(name, false, data, shape...)
}

func (p *parameters) constant(name string, value float32, shape ...int) {
	data := make([]float32, engine.Size(shape))
	for i := range data {
		data[i] = value
	}
	p.add(name, false, data, shape...)
}

// matrix draws a decayed weight, Xavier-uniform for the given fan-in and fan-out.
func (p *parameters) matrix(name string, in, out int, shape ...int) {
	data := make([]float32, engine.Size(shape))
	r := p.source(name)
	limit := math.Sqrt(6 / float64(in+out))
	for i := range data {
		data[i] = float32(limit * (2*r.Float64() - 1))
	}
	p.add(name, true, data, shape...)
}

// linear is a layer of [engine.Ops.Linear]: weight [out, in], bias [out].
func (p *parameters) linear(name string, in, out int) {
	p.matrix(name+".weight", in, out, out, in)
	p.constant(name+".bias", 0, out)
}

// conv1D is GPT-2's layer: weight [in, out], bias [out].
func (p *parameters) conv1D(name string, in, out int) {
	p.matrix(name+".weight", in, out, in, out)
	p.constant(name+".bias", 0, out)
}

func (p *parameters) layerNorm(name string, width int) {
	p.constant(name+".weight", 1, width)
	p.constant(name+".bias", 0, width)
}

// attention has the projections q, k, v and out, all of the same width except the input of k and v.
func (p *parameters) attention(name string, width int) {
	for _, projection := range []string{".q", ".k", ".v", ".out"} {
		p.linear(name+projection, width, width)
	}
}

// mlp is fc2(GELU(fc1(x))): in -> hidden -> out.
func (p *parameters) mlp(name string, in, hidden, out int) {
	p.linear(name+".fc1", in, hidden)
	p.linear(name+".fc2", hidden, out)
}

// count is the number of values in the parameters that keep chooses.
func count(list []engine.Param, keep func(name string) bool) int {
	n := 0
	for _, p := range list {
		if keep(p.Name) {
			n += p.Tensor.Size()
		}
	}
	return n
}

// grid2D is a table of sine and cosine positions of a side × side grid (MoCo v3's layout: sin x, cos x, sin y, cos y),
// scaled. Trainable positions start from it at the small sizes, where there are too few steps to find the grid.
func grid2D(side, width int, scale float64) []float32 {
	table := make([]float32, side*side*width)
	quarter := width / 4
	for y := range side {
		for x := range side {
			row := table[(y*side+x)*width:][:width]
			for k := range quarter {
				omega := 1 / math.Pow(1e4, float64(k)/float64(max(quarter-1, 1)))
				row[k] = float32(scale * math.Sin(float64(x)*omega))
				row[quarter+k] = float32(scale * math.Cos(float64(x)*omega))
				row[2*quarter+k] = float32(scale * math.Sin(float64(y)*omega))
				row[3*quarter+k] = float32(scale * math.Cos(float64(y)*omega))
			}
		}
	}
	return table
}
