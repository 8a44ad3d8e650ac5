package bert

import (
	"fmt"
	"math"
	"path/filepath"

	"harness/model/checkpoint"
	"harness/model/engine/native"
)

// tables are what a token becomes before the first layer.
type tables struct {
	token, position, kind []float32
	norm                  native.Norm
}

// look writes the sum of a text's rows of all tables to x, not yet normalised.
func (t *tables) look(c checkpoint.BERTConfig, ids []int, x []float32) error {
	w, next := c.Width, c.FirstPosition
	for i, id := range ids {
		if id < 0 || id >= c.Vocab {
			return fmt.Errorf("token %d is not one of the model's %d", id, c.Vocab)
		}
		row := x[i*w : (i+1)*w]
		copy(row, t.token[id*w:])
		if t.kind != nil {
			add(row, t.kind)
		}
		if t.position == nil {
			continue
		}
		at := next
		if c.FirstPosition > 0 && id == c.Padding {
			at = c.Padding
		} else {
			next++
		}
		add(row, t.position[at*w:])
	}
	return nil
}

func add(row, more []float32) {
	for i := range row {
		row[i] += more[i]
	}
}

// parameters are the tensors of a folder by our names.
type parameters map[string][]float32

func (p parameters) linear(name string) native.Linear {
	return native.Linear{Weight: p[name+".weight"], Bias: p[name+".bias"]}
}

func (p parameters) norm(name string) native.Norm {
	return native.Norm{Weight: p[name+".weight"], Bias: p[name+".bias"]}
}

// load reads the weights up to the chosen layer and packs them for the engine.
func (m *Model) load(dir string) error {
	file, err := checkpoint.LoadAny(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	m.weights = filepath.Base(file.Path())
	c := m.config
	c.Layers = m.layer
	named, err := checkpoint.BERTParams(file, c)
	if err != nil {
		return err
	}
	p := make(parameters, len(named))
	for _, n := range named {
		p[n.Name] = n.F32
	}
	m.tables = tables{token: p["bert.token"], position: p["bert.pos"], norm: p.norm("bert.norm")}
	if c.Types > 0 {
		m.tables.kind = p["bert.type"][:c.Width]
	}
	shape := native.EncoderShape{Width: c.Width, Heads: c.Heads, Inner: c.MLP, Activation: activationOf(c.Activation), Eps: c.Eps,
		ScoreShare: c.ScoreShare}
	distances := p["bert.distance"]
	if r := c.Relative; r != nil && (r.Key || r.Query) {
		shape.DistanceRows, shape.RowOfDistance = r.Rows(), func(d int) int { return rowOfDistance(*r, d) }
		if r.Norm {
			m.engine.Normalise(distances, p.norm("bert.distance.norm"), c.Eps)
		}
	}
	blocks := make([]native.EncoderLayer, c.Layers)
	for i := range blocks {
		blocks[i] = m.block(p, fmt.Sprintf("bert.blocks.%d.", i), distances)
	}
	var conv *native.Convolution
	if c.Convolution != nil {
		conv = &native.Convolution{Matrix: p.linear("bert.conv"), Norm: p.norm("bert.conv.norm"), Taps: c.Convolution.Taps,
			Activation: activationOf(c.Convolution.Activation)}
	}
	m.encoder, err = m.engine.NewEncoder(shape, blocks, conv)
	return err
}

// block joins the projections of one layer, and takes the vectors of distances through theirs.
func (m *Model) block(p parameters, name string, distances []float32) native.EncoderLayer {
	c := m.config
	layer := native.EncoderLayer{
		Out: p.linear(name + "attn.out"), FC1: p.linear(name + "mlp.fc1"), FC2: p.linear(name + "mlp.fc2"),
		Norm1: p.norm(name + "ln1"), Norm2: p.norm(name + "ln2"),
	}
	layer.QKV.Bias = make([]float32, 3*c.Width)
	for i, part := range []string{"q", "k", "v"} {
		l := p.linear(name + "attn." + part)
		layer.QKV.Weight = append(layer.QKV.Weight, l.Weight...)
		copy(layer.QKV.Bias[i*c.Width:], l.Bias) // none: zeros
	}
	if r := c.Relative; r != nil {
		key, query := "attn.distance_k", "attn.distance_q"
		if r.Shared {
			key, query = "attn.k", "attn.q"
		}
		if r.Key {
			l := p.linear(name + key)
			layer.KeyOfDistance = m.engine.Product(distances, l.Weight, c.Width, l.Bias)
		}
		if r.Query {
			l := p.linear(name + query)
			layer.QueryOfDistance = m.engine.Product(distances, l.Weight, c.Width, l.Bias)
		}
	}
	return layer
}

// rowOfDistance is the row of the vectors of distances for query - key. Buckets: near distances have one each, far ones share
// buckets that grow with the logarithm; the arithmetic is that of float32, as the published models were trained.
func rowOfDistance(r checkpoint.RelativeConfig, distance int) int {
	if r.Buckets {
		near, far := r.Span/2, max(distance, -distance)
		if far > near {
			share := float32(math.Log(float64(float32(far)/float32(near)))) / float32(math.Log(float64(float32(r.Farthest-1)/float32(near))))
			bucket := int(math.Ceil(float64(share*float32(near-1)))) + near
			if distance < 0 {
				bucket = -bucket
			}
			distance = bucket
		}
	}
	return min(max(distance+r.Span, 0), 2*r.Span-1)
}

// activationOf is the engine's form of a name that checkpoint.ReadBERTConfig lets through.
func activationOf(name string) native.Activation {
	switch name {
	case "gelu", "gelu_python":
		return native.GELUErf
	case "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast", "gelu_accurate":
		return native.GELUTanh
	case "relu":
		return native.ReLU
	case "silu", "swish":
		return native.SiLU
	case "tanh":
		return native.Tanh
	}
	panic("bert: activation " + name + " was let through")
}
