package spec

import "fmt"

// FieldError says which field of a trial cannot be, by its dotted path, and why.
type FieldError struct{ Path, Reason string }

func (e *FieldError) Error() string { return e.Path + ": " + e.Reason }

func refuse(path, format string, args ...any) error {
	return &FieldError{Path: path, Reason: fmt.Sprintf(format, args...)}
}

// Validate refuses a trial that cannot run; the error is a *FieldError that names the field.
func (t Trial) Validate() error {
	if t.Command != "" {
		return nil // the program knows its own configuration
	}
	if !t.Method.Known() {
		return refuse("method", "unknown method %q: want one of %q%s", t.Method, Methods, meant(string(t.Method), texts(Methods[:])))
	}
	if t.Resolution != 224 && t.Resolution != 448 {
		return refuse("resolution", "%d is neither 224 nor 448", t.Resolution)
	}
	if err := t.checkEngine(); err != nil {
		return err
	}
	if t.Encoder.WeightsDigest != "" && t.Encoder.Weights == "" {
		return refuse("encoder.weights_digest", "of which weights? There is no encoder.weights")
	}
	if t.LM.WeightsDigest != "" && t.LM.Weights == "" {
		return refuse("lm.weights_digest", "of which weights? There is no lm.weights")
	}
	for _, form := range []struct {
		path  string
		value InitForm
	}{{"init.positions", t.Init.Positions}, {"init.coordinates", t.Init.Coordinates}} {
		if form.value != "" && form.value != InitWaves && form.value != InitRandom {
			return refuse(form.path, "unknown start %q: want waves or random", form.value)
		}
	}
	for _, f := range []struct {
		key   string
		value float64
	}{{"init.waves", t.Init.Waves}, {"init.patch", t.Init.Patch}} {
		if !(f.value >= 0 && f.value <= 100) {
			return refuse(f.key, "%v: want more than 0, at most 100", f.value)
		}
	}
	if s := t.Init.TokenStd; s < 0 || s > 1 {
		return refuse("init.token_std", "%v: want more than 0, at most 1", s)
	}
	if t.Until != "" && t.Until != UntilRegions && t.Until != UntilEnd {
		return refuse("until", "unknown end %q: want regions or diffvqa", t.Until)
	}
	return firstError(t.Data.validate, t.validateSizes, t.validateQFormer, t.validatePretrain, t.validateDiffVQA, t.Eval.validate)
}

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, one := range list {
		all[i] = string(one)
	}
	return all
}

func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (d Data) validate() error {
	switch d.Source {
	case SourceSynthetic:
		if d.Root != "" {
			return refuse("data.root", "only for source files: set data.source=files, too")
		}
		if d.Digest != "" {
			return refuse("data.digest", "only for source files: synthetic data are named by their settings")
		}
		if err := d.Synthetic.validate(); err != nil {
			return err
		}
	case SourceFiles:
		if d.Root == "" {
			return refuse("data.root", "missing: the folder that holds MIMIC-CXR-JPG and its companion data sets")
		}
	default:
		return refuse("data.source", "unknown source %q: want synthetic or files", d.Source)
	}
	if d.Splits != "subject" && d.Splits != "official" {
		return refuse("data.splits", "unknown splits %q: want subject or official", d.Splits)
	}
	return nil
}

func (t Trial) validateSizes() error {
	for _, size := range []struct {
		path  string
		value int
	}{
		{"encoder.width", t.Encoder.Width}, {"encoder.depth", t.Encoder.Depth}, {"encoder.heads", t.Encoder.Heads},
		{"encoder.mlp", t.Encoder.MLP}, {"encoder.patch", t.Encoder.Patch},
		{"decoder.width", t.Decoder.Width}, {"decoder.depth", t.Decoder.Depth}, {"decoder.heads", t.Decoder.Heads},
		{"decoder.mlp", t.Decoder.MLP}, {"decoder.positions", t.Decoder.MaxPositionEmbeddings},
		{"lm.width", t.LM.Width}, {"lm.depth", t.LM.Depth}, {"lm.heads", t.LM.Heads}, {"lm.mlp", t.LM.MLP},
		{"lm.text_positions", t.LM.MaxPositionEmbeddings},
		{"pretrain.batch", t.Pretrain.BatchSize}, {"diffvqa.batch", t.DiffVQA.BatchSize},
		{"pretrain.max_report", t.Pretrain.MaxReport}, {"pretrain.max_phrase", t.Pretrain.MaxPhrase},
	} {
		if size.value < 1 {
			return refuse(size.path, "%d: want at least 1", size.value)
		}
	}
	if c := t.Encoder.Channels; c != 0 && c != 1 && c != 3 {
		return refuse("encoder.channels", "%d: want 1 or 3", c)
	}
	for _, w := range []struct {
		path         string
		width, heads int
	}{
		{"encoder.heads", t.Encoder.Width, t.Encoder.Heads},
		{"decoder.heads", t.Decoder.Width, t.Decoder.Heads},
		{"lm.heads", t.LM.Width, t.LM.Heads},
	} {
		if w.width%w.heads != 0 {
			return refuse(w.path, "width %d cannot be divided among %d heads", w.width, w.heads)
		}
	}
	if t.Resolution%t.Encoder.Patch != 0 {
		return refuse("encoder.patch", "resolution %d is not a multiple of patch %d", t.Resolution, t.Encoder.Patch)
	}
	if need := t.Pretrain.MaxReport + 16; t.Decoder.MaxPositionEmbeddings < need { // BOS, the prefix and EOS
		return refuse("decoder.positions", "%d are too few for pretrain.max_report %d: want at least %d",
			t.Decoder.MaxPositionEmbeddings, t.Pretrain.MaxReport, need)
	}
	if d := t.LM.Dropout; d < 0 || d >= 1 {
		return refuse("lm.dropout", "%v: want 0 … 1", d)
	}
	return nil
}

// leastPhrase is the least pretrain.max_phrase: a box takes up to 12 tokens.
const leastPhrase = 16

func (t Trial) validatePretrain() error {
	p := t.Pretrain
	if t.Method.facts().regions && p.Tasks == 0 {
		return refuse("pretrain.tasks", "empty: want at least one of cap, aref, gcap, caref")
	}
	if regions := t.Method.facts().regions && p.Tasks&^CAP != 0; regions && p.MaxPhrase < leastPhrase {
		return refuse("pretrain.max_phrase", "%d: want at least %d, so that a box and words of its phrase fit", p.MaxPhrase, leastPhrase)
	}
	if p.ParallelRatio < 0 || p.ParallelRatio > 1 {
		return refuse("pretrain.parallel_ratio", "%v: want 0 … 1", p.ParallelRatio)
	}
	if p.ParallelScope != "" && p.ParallelScope != "all" {
		return refuse("pretrain.parallel_scope", "unknown scope %q: want \"\" (captions) or all", p.ParallelScope)
	}
	if p.Equal != "" && p.Equal != EqualImages && p.Equal != EqualSequences {
		return refuse("pretrain.equal", "unknown way to count samples %q: want images or sequences", p.Equal)
	}
	if p.PerImage != "" && p.PerImage != PerImageAll && p.PerImage != PerImageOne {
		return refuse("pretrain.per_image", "unknown use of an image %q: want all or one", p.PerImage)
	}
	if p.Chunk < 0 {
		return refuse("pretrain.chunk", "%d: want at least 0 (0 = the whole batch)", p.Chunk)
	}
	if !t.Accumulates() && p.Accumulate > 1 {
		return refuse("pretrain.accumulate", "method %s compares all of a batch with all of it, which has no parts: %s", t.Method, wholeBatchHelp(t.Method))
	}
	if err := p.Accumulation.validate("pretrain", p.BatchSize); err != nil && t.Pretrains() {
		return err
	}
	if err := schedule("pretrain", p.Steps, p.Epochs); err != nil && t.Pretrains() {
		return err
	}
	return p.Optimizer.validate("pretrain")
}

func (t Trial) validateDiffVQA() error {
	d := t.DiffVQA
	if d.LabelSmoothing < 0 || d.LabelSmoothing >= 1 {
		return refuse("diffvqa.label_smoothing", "%v: want 0 … 1", d.LabelSmoothing)
	}
	if d.AuxQuestionRatio < 0 || d.AuxQuestionRatio >= 1 {
		return refuse("diffvqa.auxiliary", "%v: want 0 … 1", d.AuxQuestionRatio)
	}
	if d.Questions != 0 && d.Questions&Difference == 0 {
		return refuse("diffvqa.questions", "%q without difference: want it among them", d.Questions.Names())
	}
	if side := t.Resolution / t.Encoder.Patch; d.Pool > 1 && side%d.Pool != 0 {
		return refuse("diffvqa.pool", "a grid of %d × %d cannot be pooled by %d", side, side, d.Pool)
	}
	if d.Pool < 0 {
		return refuse("diffvqa.pool", "%d: want at least 0", d.Pool)
	}
	if err := d.Accumulation.validate("diffvqa", d.BatchSize); err != nil {
		return err
	}
	if err := schedule("diffvqa", d.Steps, d.Epochs); err != nil {
		return err
	}
	return d.Optimizer.validate("diffvqa")
}

// wholeBatchHelp is what to do instead of accumulating gradients.
func wholeBatchHelp(m Method) string {
	if m == BLIP2 {
		return "set pretrain.batch"
	}
	return "set pretrain.chunk, which embeds it in parts"
}

func (a Accumulation) validate(stage string, batch int) error {
	switch {
	case a.Accumulate < 0:
		return refuse(stage+".accumulate", "%d: want at least 1", a.Accumulate)
	case a.Accumulate > 1 && batch%a.Accumulate != 0:
		return refuse(stage+".accumulate", "%s.batch %d cannot be divided into %d equal parts", stage, batch, a.Accumulate)
	}
	return nil
}

func schedule(stage string, steps int, epochs float64) error {
	switch {
	case steps < 0:
		return refuse(stage+".steps", "%d: want at least 1", steps)
	case epochs < 0:
		return refuse(stage+".epochs", "%v: want more than 0", epochs)
	case steps == 0 && epochs == 0:
		return refuse(stage+".steps", "missing: give steps or epochs")
	case steps > 0 && epochs > 0:
		return refuse(stage+".epochs", "give steps or epochs, not both: epochs 0 leaves those of a preset out")
	}
	return nil
}

func (o Optimizer) validate(stage string) error {
	switch {
	case !(o.LR > 0):
		return refuse(stage+".lr", "%v: want more than 0", o.LR)
	case o.Warmup < 0:
		return refuse(stage+".warmup", "%v: want at least 0", o.Warmup)
	case o.WeightDecay < 0:
		return refuse(stage+".weight_decay", "%v: want at least 0", o.WeightDecay)
	case o.MaxGradNorm < 0:
		return refuse(stage+".clip", "%v: want at least 0 (0 = no clipping)", o.MaxGradNorm)
	case o.Beta1 < 0 || o.Beta1 >= 1:
		return refuse(stage+".beta1", "%v: want 0 … 1", o.Beta1)
	case o.Beta2 < 0 || o.Beta2 >= 1:
		return refuse(stage+".beta2", "%v: want 0 … 1", o.Beta2)
	}
	return nil
}

func (e Eval) validate() error {
	switch {
	case e.NumBeams < 1:
		return refuse("test.beam", "%d: want at least 1", e.NumBeams)
	case e.MaxNewTokens < 1:
		return refuse("test.max_new_tokens", "%d: want at least 1", e.MaxNewTokens)
	case e.LengthPenalty < 0:
		return refuse("test.length_penalty", "%v: want at least 0", e.LengthPenalty)
	case e.Regions < 0:
		return refuse("test.regions", "%d: want at least 0", e.Regions)
	case e.Pairs < 0:
		return refuse("test.pairs", "%d: want at least 0", e.Pairs)
	case e.MeteorParaphrasesDigest != "" && e.MeteorParaphrases == "":
		return refuse("test.meteor_paraphrases_digest", "of which table? There is no test.meteor_paraphrases")
	}
	return e.BERTScore.validate()
}
