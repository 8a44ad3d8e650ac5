package method

import (
	"math"

	"harness/model/engine"
	"harness/model/nn"
)

// What the two contrastive methods share: texts of a step against images or regions, by SigLIP's sigmoid loss (FACTS 2.6).

// pairLoss is the sigmoid loss of images against texts; temperature and bias start at SigLIP's values.
func pairLoss(o engine.Ops, images, texts engine.Value) engine.Value {
	return o.SigmoidPair(images, texts, o.Param("pair.log_scale"), o.Param("pair.bias"), "sign")
}

func pairParams(p *nn.Parameters) {
	p.Constant("pair.log_scale", float32(math.Log(10)), 1)
	p.Constant("pair.bias", -10, 1)
}

// signs are +1 where two texts are equal, else -1: reports and phrases repeat, and equal ones are not negatives.
func signs(texts []string) engine.Tensor {
	n := len(texts)
	data := make([]float32, n*n)
	for i := range texts {
		for j := range texts {
			data[i*n+j] = -1
			if texts[i] == texts[j] {
				data[i*n+j] = 1
			}
		}
	}
	return engine.Floats(data, n, n)
}

// textInputs writes the group "text" and the signs of a contrastive step. Sequences are not padded in number: a row of
// padding would be a negative.
func (r *Run) textInputs(in engine.Inputs, texts []string, limit int) {
	eos := r.Corpus.EOS()
	list := make([]nn.Sequence, len(texts))
	for i, text := range texts {
		list[i] = nn.TextSequence(eos, r.Corpus.IDs(text), limit)
	}
	nn.Collate(in, "text", list, eos, r.Step(), r.Trial.Decoder.MaxPositionEmbeddings)
	in["text.rows"] = engine.Ints(in["text.rows"].I32[:len(texts)], len(texts))
	in["sign"] = signs(texts)
}

// textTower is the text side of a contrastive method, of the decoder's sizes; it adds its parameters.
func (r *Run) textTower(p *nn.Parameters, out int) nn.TextTower {
	tower := nn.TextTower{Decoder: nn.NewDecoder(r.Trial, r.Corpus.Tok.Size())}
	tower.Params(p, nn.TokenTable(r.Trial, r.Corpus.Tok, "text.token", tower.Width, 0), out)
	pairParams(p)
	return tower
}
