package spec

import "math"

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

// textsAnEpoch is the number of texts that an image gives in an epoch where a sample is a text: one of each of the paper's tasks
// (FACTS 6 #25), whichever of them a row has, so that rows see equally many samples.
const textsAnEpoch = 4

// PretrainSteps is the length of pretraining: in the trial's steps, or in passes over so many training images, which have a report or
// regions.
func (t Trial) PretrainSteps(images int) int {
	samples := images
	if t.Pretrain.PerImage == PerImageOne || t.Pretrain.Equal == EqualSequences {
		samples *= textsAnEpoch
	}
	return TotalSteps(t.Pretrain.Steps, t.Pretrain.Epochs, samples, t.Pretrain.BatchSize)
}

// TotalSteps is the length of a stage given in steps, or in passes over its samples.
func TotalSteps(steps int, epochs float64, samples, batch int) int {
	if steps > 0 {
		return steps
	}
	return max(1, int(math.Round(epochs*float64(samples)/float64(batch))))
}

// Pretraining is the number of samples that pretraining draws, in images or sequences as Equal says, and of the texts that it
// predicts or compares where every image has what is asked of it. Where the length is given in epochs, images is the number of training
// images that have a report or regions.
func (t Trial) Pretraining(images int) (samples, sequences int64) {
	if !t.Pretrains() {
		return 0, 0
	}
	samples = int64(t.PretrainSteps(images)) * int64(t.Pretrain.BatchSize)
	if t.Pretrain.Equal == EqualSequences {
		return samples, samples
	}
	return samples, samples * int64(t.TextsPerImage())
}
