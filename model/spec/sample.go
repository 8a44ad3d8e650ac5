package spec

// What a step of pretraining sees. The paper compares rows at equal samples (4.5.1) with 32 of them a step, an equal number from
// each task (4.1). Here the batch is stated in samples, and every method and every set of tasks sees the same number.

// Equal says what a sample is, so that rows of a table which differ in their tasks or methods train on equally many.
type Equal string

const (
	EqualImages    Equal = "images"    // an image, whatever texts are predicted from it; "" means the same
	EqualSequences Equal = "sequences" // a text with its image
)

// PerImage says what an image is used for each time it is drawn.
type PerImage string

const (
	// PerImageAll is one text of each task: the image is encoded once. "" means the same.
	PerImageAll PerImage = "all"
	// PerImageOne is one text of one task: the batch holds equally many samples of each task (paper 4.1). An image is a sequence then.
	PerImageOne PerImage = "one"
)

// TextsPerImage is the number of texts that are taken from an image each time it is drawn.
func (t Trial) TextsPerImage() int {
	if t.Pretrain.PerImage == PerImageOne {
		return 1
	}
	return t.Method.facts().texts(t)
}

// ImagesAStep is the mean number of images that a step of pretraining encodes.
func (t Trial) ImagesAStep() float64 {
	if t.Pretrain.Equal == EqualSequences {
		return float64(t.Pretrain.BatchSize) / float64(t.TextsPerImage())
	}
	return float64(t.Pretrain.BatchSize)
}

// SequencesAStep is the number of texts that a step of pretraining predicts or compares, where every image has what is asked of it.
func (t Trial) SequencesAStep() int {
	if t.Pretrain.Equal == EqualSequences {
		return t.Pretrain.BatchSize
	}
	return t.Pretrain.BatchSize * t.TextsPerImage()
}
