package spec

// Input is something outside the spec that a trial reads: by its path, or by the digest of its contents once the trial is sealed.
type Input struct {
	Key    string // of the path, in experiment files
	Path   *string
	Digest *string // the field beside it; it counts instead of the path where it is set
}

// Inputs lists the inputs that a trial may name, whether it does or not. The pointers lead into t.
func (t *Trial) Inputs() []Input {
	return []Input{
		{"data.root", &t.Data.Root, &t.Data.Digest},
		{"encoder.weights", &t.Encoder.Weights, &t.Encoder.WeightsDigest},
		{"lm.weights", &t.LM.Weights, &t.LM.WeightsDigest},
		{"test.meteor_paraphrases", &t.Eval.MeteorParaphrases, &t.Eval.MeteorParaphrasesDigest},
		{"test.bertscore.model", &t.Eval.BERTScore.Model, &t.Eval.BERTScore.ModelDigest},
		{"test.bertscore.rescale", (*string)(&t.Eval.BERTScore.Rescale), &t.Eval.BERTScore.RescaleDigest},
	}
}

// Sealed reports whether contents count in the trial's name.
func (t Trial) Sealed() bool {
	for _, in := range t.Inputs() {
		if *in.Digest != "" {
			return true
		}
	}
	return false
}

// Unsealed is the trial without the digests: what its file says.
func (t Trial) Unsealed() Trial {
	for _, in := range t.Inputs() {
		*in.Digest = ""
	}
	return t
}
