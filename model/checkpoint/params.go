package checkpoint

import (
	"fmt"
	"math"
	"slices"
)

// params collects renamed tensors. The first error stays; later reads do nothing.
type params struct {
	file   *File
	prefix string // of every name in the file
	out    []Named
	err    error
	dry    bool // only look at names, types and shapes
}

// newParams finds which of the prefixes the file's names have: published files have both forms.
func newParams(f *File, probe string, prefixes ...string) *params {
	p := &params{file: f}
	for _, prefix := range prefixes {
		if f.Has(prefix + probe) {
			p.prefix = prefix
			return p
		}
	}
	p.err = fmt.Errorf("%s: no tensor %q, with or without the prefixes %q", f.path, probe, prefixes)
	return p
}

// read returns the tensor that has the first of names that is there, after checking its shape.
func (p *params) read(shape []int, names ...string) []float32 {
	if p.err != nil {
		return nil
	}
	name := p.prefix + names[0]
	for _, other := range names[1:] {
		if !p.file.Has(name) {
			name = p.prefix + other
		}
	}
	if p.file.Has(name) && !slices.Equal(p.file.Shape(name), shape) {
		p.err = fmt.Errorf("%s: tensor %q has shape %v, want %v by config.json", p.file.path, name, p.file.Shape(name), shape)
		return nil
	}
	if p.dry {
		_, p.err = p.file.lookup(name, floats...)
		return nil
	}
	var values []float32
	if values, p.err = p.file.F32(name); p.err == nil {
		p.err = p.checkFinite(name, values)
	}
	return values
}

// checkFinite refuses weights that can only give NaN.
func (p *params) checkFinite(name string, values []float32) error {
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("%s: tensor %q: value %d is %v", p.file.path, name, i, v)
		}
	}
	return nil
}

// add reads a tensor under one of names and keeps it as ours.
func (p *params) add(ours string, shape []int, names ...string) {
	if values := p.read(shape, names...); p.err == nil {
		p.out = append(p.out, Named{Name: ours, Shape: shape, F32: values})
	}
}

// done returns what was collected.
func (p *params) done() ([]Named, error) {
	if p.err != nil {
		return nil, p.err
	}
	return p.out, nil
}

// linear adds the weight [out, in] and bias [out] of a torch.nn.Linear.
func (p *params) linear(ours, theirs string, out, in int) {
	p.add(ours+".weight", []int{out, in}, theirs+".weight")
	p.add(ours+".bias", []int{out}, theirs+".bias")
}

// norm adds the weight and bias of a layer norm; files converted from TensorFlow call them gamma and beta.
func (p *params) norm(ours, theirs string, width int) {
	p.add(ours+".weight", []int{width}, theirs+".weight", theirs+".gamma")
	p.add(ours+".bias", []int{width}, theirs+".bias", theirs+".beta")
}

// GPT2Params returns the parameters transformer.wte.weight [V, d], transformer.wpe.weight [positions, d],
// transformer.h.i.… and transformer.ln_f.… in this order, under the names and in the orientation of the file: the
// matrices are Conv1D's, [in, out]. Mask buffers and the tied lm_head are left out.
func GPT2Params(f *File, c GPT2Config) ([]Named, error) {
	return newGPT2(f).gpt2(c)
}

// CheckGPT2 says whether GPT2Params will find all tensors, with their shapes. It reads no values.
func CheckGPT2(f *File, c GPT2Config) error {
	p := newGPT2(f)
	p.dry = true
	_, err := p.gpt2(c)
	return err
}

func newGPT2(f *File) *params { return newParams(f, "wte.weight", "transformer.", "") }

func (p *params) gpt2(c GPT2Config) ([]Named, error) {
	d := c.Width
	same := func(name string, shape ...int) { p.add("transformer."+name, shape, name) }
	conv := func(name string, in, out int) {
		same(name+".weight", in, out)
		same(name+".bias", out)
	}
	same("wte.weight", c.Vocab, d)
	same("wpe.weight", c.Positions, d)
	for i := 0; i < c.Layers && p.err == nil; i++ {
		block := fmt.Sprintf("h.%d.", i)
		p.norm("transformer."+block+"ln_1", block+"ln_1", d)
		conv(block+"attn.c_attn", d, 3*d)
		conv(block+"attn.c_proj", d, d)
		p.norm("transformer."+block+"ln_2", block+"ln_2", d)
		conv(block+"mlp.c_fc", d, c.MLP)
		conv(block+"mlp.c_proj", c.MLP, d)
	}
	p.norm("transformer.ln_f", "ln_f", d)
	return p.done()
}

// SiglipParams returns the encoder.… parameters of a vision tower for gray images, normalised as x/127.5 − 1.
//
// encoder.patch.weight is [e, P·P]: the published kernel [e, 3, P, P] summed over the channels, which is the same
// function as the kernel on a gray image copied to three channels, because SigLIP normalises all channels alike.
// encoder.pos is [n, e], n = (image/P)², row by row; ResizeGrid makes it fit another resolution. The pooling head and
// the text tower are left out.
func SiglipParams(f *File, c SiglipConfig) ([]Named, error) {
	out, err := SiglipColourParams(f, c)
	if err != nil {
		return nil, err
	}
	kernel := &out[0]
	area := c.Patch * c.Patch
	gray := make([]float32, c.Width*area)
	for i := range gray {
		row, pixel := i/area, i%area
		sum := 0.0
		for channel := range c.Channels {
			sum += float64(kernel.F32[(row*c.Channels+channel)*area+pixel])
		}
		gray[i] = float32(sum)
	}
	kernel.Shape, kernel.F32 = []int{c.Width, area}, gray
	return out, nil
}

// SiglipColourParams is SiglipParams for colour images: encoder.patch.weight is [e, 3·P·P], and the vector of a patch
// holds the P·P pixels of the first channel row by row, then those of the second and of the third.
func SiglipColourParams(f *File, c SiglipConfig) ([]Named, error) {
	return newSiglip(f).siglip(c)
}

// CheckSiglip says whether SiglipParams will find all tensors, with their shapes. It reads no values.
func CheckSiglip(f *File, c SiglipConfig) error {
	p := newSiglip(f)
	p.dry = true
	_, err := p.siglip(c)
	return err
}

func newSiglip(f *File) *params {
	return newParams(f, "embeddings.patch_embedding.weight", "vision_model.", "")
}

func (p *params) siglip(c SiglipConfig) ([]Named, error) {
	kernel := p.read([]int{c.Width, c.Channels, c.Patch, c.Patch}, "embeddings.patch_embedding.weight")
	p.out = append(p.out, Named{Name: "encoder.patch.weight", Shape: []int{c.Width, c.Channels * c.Patch * c.Patch}, F32: kernel})
	p.add("encoder.patch.bias", []int{c.Width}, "embeddings.patch_embedding.bias")
	p.add("encoder.pos", []int{c.Grid() * c.Grid(), c.Width}, "embeddings.position_embedding.weight")
	for i := 0; i < c.Layers && p.err == nil; i++ {
		ours, theirs := fmt.Sprintf("encoder.blocks.%d.", i), fmt.Sprintf("encoder.layers.%d.", i)
		p.norm(ours+"ln1", theirs+"layer_norm1", c.Width)
		for _, name := range []string{"q", "k", "v", "out"} {
			p.linear(ours+"attn."+name, theirs+"self_attn."+name+"_proj", c.Width, c.Width)
		}
		p.norm(ours+"ln2", theirs+"layer_norm2", c.Width)
		p.linear(ours+"mlp.fc1", theirs+"mlp.fc1", c.MLP, c.Width)
		p.linear(ours+"mlp.fc2", theirs+"mlp.fc2", c.Width, c.MLP)
	}
	p.norm("encoder.norm", "post_layernorm", c.Width)
	return p.done()
}

// ResizeGrid resamples a table of positions, from² rows of width values, to another grid of to² rows, bilinearly with
// the corners of both grids' cells at the same places (torch's interpolate with align_corners=False).
func ResizeGrid(table []float32, from, to, width int) []float32 {
	out := make([]float32, to*to*width)
	lows, shares := make([]int, to), make([]float32, to)
	for i := range to {
		at := (float64(i)+0.5)*float64(from)/float64(to) - 0.5
		at = min(max(at, 0), float64(from-1))
		lows[i] = int(at)
		shares[i] = float32(at - float64(lows[i]))
	}
	row := func(y, x int) []float32 {
		y, x = min(y, from-1), min(x, from-1)
		return table[(y*from+x)*width:][:width]
	}
	for y := range to {
		for x := range to {
			y0, x0, fy, fx := lows[y], lows[x], shares[y], shares[x]
			a, b, c, d := row(y0, x0), row(y0, x0+1), row(y0+1, x0), row(y0+1, x0+1)
			cell := out[(y*to+x)*width:][:width]
			for i := range cell {
				cell[i] = (1-fy)*((1-fx)*a[i]+fx*b[i]) + fy*((1-fx)*c[i]+fx*d[i])
			}
		}
	}
	return out
}
