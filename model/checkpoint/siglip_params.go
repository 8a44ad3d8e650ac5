package checkpoint

import "fmt"

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
	return newSiglip(f, taking).siglip(c)
}

// CheckSiglip says whether SiglipParams will find all tensors, with their shapes and finite values. It keeps no values.
func CheckSiglip(f *File, c SiglipConfig) error {
	_, err := newSiglip(f, checking).siglip(c)
	return err
}

func newSiglip(f *File, m mode) *params {
	return newParams(f, m, "embeddings.patch_embedding.weight", "vision_model.", "")
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
	p.refuseOthers("encoder.layers.", c.Layers, true)
	return p.done()
}
