package engine

// PairChunk is one chunk of a batch of B images and B texts for [SigmoidPairChunk].
type PairChunk struct {
	Image, Text         Value // [A, w]: embeddings of the chunk, computed in the program
	AllImages, AllTexts Value // [B, w]: those of the whole batch, inputs that [Session.Run] gave before
	LogScale, Bias      Value // [1]
	// Sign and SignOfText name float32 inputs [A, B]: the signs of the chunk's images against all texts, and of the
	// chunk's texts against all images (rows of the transposed matrix of signs).
	Sign, SignOfText string
}

// SigmoidPairChunk is what one chunk adds to [Ops.SigmoidPair] over a whole batch that does not fit in memory at once
// (GradCache, Gao et al. 2021, arXiv 2101.06983). All embeddings are computed first, chunk by chunk and without gradients;
// then each chunk runs again with gradients against the embeddings of all. Losses and gradients of chunks that cover the
// batch once sum up to those of the whole batch: collect them with [Session.Accumulate].
//
// A gradient flows into a chunk's images from their pairs with all texts, and into its texts from their pairs with all
// images. Scale and bias get theirs from the images' pairs alone, which cover every pair once; so does the loss, from
// which the texts' term is taken away again as a constant. The embeddings must be the same in both runs: no dropout.
func SigmoidPairChunk(o Ops, c PairChunk) Value {
	images := o.SigmoidPair(c.Image, c.AllTexts, c.LogScale, c.Bias, c.Sign)
	texts := o.SigmoidPair(c.Text, c.AllImages, o.StopGradient(c.LogScale), o.StopGradient(c.Bias), c.SignOfText)
	return o.Add(images, o.Add(texts, o.Scale(o.StopGradient(texts), -1)))
}
