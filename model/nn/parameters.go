package nn

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"harness/model/engine"
)

// Parameters collects the parameters of a model with their first values. Each is drawn from a generator of its own,
// seeded by the trial and the parameter's name, so that adding one does not move the others.
type Parameters struct {
	Seed int64
	List []engine.Param
}

// NoValues in place of a seed makes parameters that have shapes and no values, for who counts them: models of any size take no memory.
const NoValues = math.MinInt64

// Blank reports whether parameters are made without values.
func (p *Parameters) Blank() bool { return p.Seed == NoValues }

// Add takes a parameter with its first values; decay says whether AdamW decays it.
func (p *Parameters) Add(name string, decay bool, data []float32, shape ...int) {
	if p.Blank() {
		data = nil
	}
	p.List = append(p.List, engine.Param{Name: name, Tensor: engine.Floats(data, shape...), Decay: decay})
}

// Source is the generator of the parameter of that name.
func (p *Parameters) Source(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(uint64(p.Seed), h.Sum64()))
}

// room is where the values of a parameter go.
func (p *Parameters) room(shape []int) []float32 {
	if p.Blank() {
		return nil
	}
	return make([]float32, engine.Size(shape))
}

// Normal draws from N(0, std²). Embedding tables and positions are made with it; they are not decayed (FACTS 6 #24).
func (p *Parameters) Normal(name string, std float64, shape ...int) {
	data := p.room(shape)
	r := p.Source(name)
	for i := range data {
		data[i] = float32(std * r.NormFloat64())
	}
	p.Add(name, false, data, shape...)
}

// Constant fills a parameter with one value; it is not decayed.
func (p *Parameters) Constant(name string, value float32, shape ...int) {
	data := p.room(shape)
	for i := range data {
		data[i] = value
	}
	p.Add(name, false, data, shape...)
}

// Matrix draws a decayed weight, Xavier-uniform for the given fan-in and fan-out.
func (p *Parameters) Matrix(name string, in, out int, shape ...int) {
	data := p.room(shape)
	r := p.Source(name)
	limit := math.Sqrt(6 / float64(in+out))
	for i := range data {
		data[i] = float32(limit * (2*r.Float64() - 1))
	}
	p.Add(name, true, data, shape...)
}

// Linear is a layer of [engine.Ops.Linear]: weight [out, in], bias [out].
func (p *Parameters) Linear(name string, in, out int) {
	p.Matrix(name+".weight", in, out, out, in)
	p.Constant(name+".bias", 0, out)
}

// Conv1D is GPT-2's layer: weight [in, out], bias [out].
func (p *Parameters) Conv1D(name string, in, out int) {
	p.Matrix(name+".weight", in, out, in, out)
	p.Constant(name+".bias", 0, out)
}

// LayerNorm is weight one and bias zero, [width] each.
func (p *Parameters) LayerNorm(name string, width int) {
	p.Constant(name+".weight", 1, width)
	p.Constant(name+".bias", 0, width)
}

// Attention has the projections q, k, v and out, all of the same width except the input of k and v.
func (p *Parameters) Attention(name string, width int) {
	for _, projection := range []string{".q", ".k", ".v", ".out"} {
		p.Linear(name+projection, width, width)
	}
}

// MLP is fc2(GELU(fc1(x))): in -> hidden -> out.
func (p *Parameters) MLP(name string, in, hidden, out int) {
	p.Linear(name+".fc1", in, hidden)
	p.Linear(name+".fc2", hidden, out)
}

// Block has the parameters of [Block].
func (p *Parameters) Block(name string, width, hidden int) {
	p.LayerNorm(name+".ln1", width)
	p.Attention(name+".attn", width)
	p.LayerNorm(name+".ln2", width)
	p.MLP(name+".mlp", width, hidden, width)
}

// Count is the number of values in the parameters that keep chooses.
func Count(list []engine.Param, keep func(name string) bool) int {
	n := 0
	for _, p := range list {
		if keep(p.Name) {
			n += p.Tensor.Size()
		}
	}
	return n
}

// Grid2D is a table of sine and cosine positions of a side × side grid (MoCo v3's layout: sin x, cos x, sin y, cos y),
// scaled. Trainable positions start from it at the small sizes, where there are too few steps to find the grid.
func Grid2D(side, width int, scale float64) []float32 {
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
