package method

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// reAL is ReAl, which the paper's Table 2 calls ReAL: Lu et al., "Spot the Difference: Difference Visual Question Answering with
// Residual Alignment", MICCAI 2024 (FACTS 3.6). Its abstract, and what the paper says of it (section 2), are all that is public: there
// is neither code nor a free full text.
//
// As published: a pair is read as three images, the third being the residual of the two; the residual has a branch with an
// encoder of its own; residual feature alignment brings the features of that branch and the difference of the two images' features
// together; a decoder answers from all.
//
// Our choices, where nothing is public:
//   - The residual is main minus reference with its sign, at (main - reference)/255, without registration.
//   - The encoder of both images is frozen, as in all rows. It is that of the trial's global-contrastive twin, whose stage it trains or
//     shares: reports are the supervision nearest to a general image encoder, and no boxes are needed.
//   - The branch has the encoder's shape with half of its blocks, rounded up, and starts as the encoder's first ones. It is trained
//     with the answers.
//   - The alignment loss is 2 - 2 cos of the branch's tokens and a linear map of the features' difference, with weight 1
//     ([nn.ResidualAdapter]): MSE of normalised vectors.
//   - Regional features: RoIAlign over the three branches in the boxes of the 29 regions of Chest ImaGenome. A region's box is the mean of
//     its boxes in the training images, the same for every pair: no detector runs at test time, and no box of a test image is
//     read. A region without a box in training is read outside the image, as zeros.
//   - The decoder is the LM of all rows.
//
// Samples: the encoder's stage sees as many as any other method's, in the same order. No pair is seen before difference VQA.
func reAL(ctx context.Context, r *Run, start Weights) (Weights, error) {
	encoder, err := r.twinEncoder(ctx, start)
	if err != nil {
		return nil, err
	}
	p := &nn.Parameters{Seed: r.Trial.Seed}
	residualBranch(r.Trial).Params(p)
	weights := maps.Clone(encoder)
	for _, param := range p.List {
		part := strings.TrimPrefix(param.Name, branchName)
		first, ok := encoder["encoder"+part]
		if !ok {
			return nil, fmt.Errorf("the encoder has no encoder%s for the branch of residuals to start from", part)
		}
		weights[param.Name] = first
	}
	return weights, nil
}

const branchName = "residual.encoder"

// residualBranch is the encoder of residual images.
func residualBranch(t spec.Trial) nn.Encoder {
	e := nn.NewEncoder(t)
	e.Name, e.Depth = branchName, (e.Depth+1)/2
	return e
}

func residualAnswerer(t spec.Trial, vocab int) Answerer {
	a := frozenEncoder(t, vocab)
	adapter := nn.ResidualAdapter{
		PairAdapter: nn.PairAdapter{Tokens: a.Tokens, Width: t.Encoder.Width, Out: t.LM.Width},
		Branch:      residualBranch(t),
		Regions:     len(dataset.RegionNames),
		Alignment:   1,
	}
	a.LM = nn.NewLanguageModel(t, vocab, adapter.Len())
	a.LM.Images, a.LM.Others = 3, adapter.Regions
	a.Model = nn.Answerer{Adapter: adapter, LM: a.LM, Smoothing: t.DiffVQA.LabelSmoothing}
	a.Keeps = func(name string) bool { return strings.HasPrefix(name, branchName) }
	a.Prepare = func(_ context.Context, r *Run, _ Weights, _ []dataset.Pair) (Reading, error) {
		boxes, err := r.meanBoxes(nn.Square(a.Tokens), outside)
		return Reading{Images: func(in engine.Inputs, pairs []dataset.Pair) {
			in["residual"] = r.Corpus.Residuals(pairs)
			boxes.add(in, len(pairs))
		}}, err
	}
	return a
}

// outside is a box that RoIAlign reads as zeros.
var outside = [4]float32{-9, -9, -8, -8}
