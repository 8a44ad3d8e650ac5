// Package spec says what a trial is: every field that can change a number, and nothing else.
//
//	Trial     one training run, from data to evaluation. Value fields only: a copy is a copy.
//	Default   the trial of a preset; an experiment states what differs from it.
//	Validate  refuses what cannot run, naming the field.
//	Reads     says which fields can change a number of a trial: the others are not part of its name.
//	ID        names a trial by the hash of what it reads; StageID names a stage by what determines it.
//
// The json tags are the dotted paths of the YAML (pretrain.parallel_ratio). A new field's zero value must mean the old
// behaviour, and is left out of the encoding, so that old results keep their names. There are no tensors here, and
// everything may import this package.
package spec

import "encoding/json"

// Trial is one run of the built-in trainer, or of any other program when Command is set.
type Trial struct {
	Preset     Preset `json:"preset,omitzero"` // where the defaults came from; not part of the ID
	Method     Method `json:"method,omitzero"`
	Resolution int    `json:"resolution,omitzero"` // pixels a side; the paper: 448
	Seed       int64  `json:"seed,omitzero"`
	Engine     string `json:"engine,omitzero"` // one of Engines: "" is the native engine; the others are GoMLX
	// Precision is float32 where it is not bf16. Trials of earlier versions have it behind their engine's name (xla,bf16), where it
	// meant less: they can be read, not run.
	Precision Precision `json:"precision,omitzero"`
	Data      Data      `json:"data,omitzero"`
	Encoder   Encoder   `json:"encoder,omitzero"`
	Decoder   Decoder   `json:"decoder,omitzero"`
	Pretrain  Pretrain  `json:"pretrain,omitzero"`
	LM        LM        `json:"lm,omitzero"`
	DiffVQA   DiffVQA   `json:"diffvqa,omitzero"`
	Eval      Eval      `json:"test,omitzero"`

	// WholeVocabulary trains with all 50,257 tokens of GPT-2 instead of those that the training texts need.
	WholeVocabulary bool `json:"whole_vocabulary,omitzero"`

	Init  Init  `json:"init,omitzero"`
	Until Until `json:"until,omitzero"`
	// Revision is that of the method's definition, set when a trial is named: results of an older definition are not taken for
	// today's.
	Revision int `json:"revision,omitzero"`

	Command Words  `json:"command,omitzero"` // any program instead of the built-in trainer
	Args    Args   `json:"args,omitzero"`    // its configuration
	Project string `json:"project,omitzero"` // the project that the command's words belong to
	// SeedApart tells a program its seed by environment and configuration only, not among its arguments: its file has no seeds.
	SeedApart bool `json:"seed_apart,omitzero"`
	// Imported names the run of another tool that the trial was made of: it can be read, not run.
	Imported string `json:"imported,omitzero"`

	QFormer QFormer `json:"qformer,omitzero"`
}

// Data says what is trained on.
type Data struct {
	Source    Source    `json:"source,omitzero"`
	Root      string    `json:"root,omitzero"`   // folder of the real data sets; empty for synthetic
	Digest    string    `json:"digest,omitzero"` // of what a run reads below Root; it counts instead of Root where it is set
	Splits    string    `json:"splits,omitzero"` // "subject" (default: leak-free) or "official" (FACTS 1.6)
	Synthetic Synthetic `json:"synthetic,omitzero"`
	KeepPrior bool      `json:"keep_prior,omitzero"` // keep sentences that refer to earlier studies (FACTS 6 #23)
}

// Init says how parameters start that the small presets help. Published weights come before it.
type Init struct {
	Positions   InitForm `json:"positions,omitzero"`   // of visual tokens: "" is sine and cosine waves of their place
	Coordinates InitForm `json:"coordinates,omitzero"` // rows of the tokens 0 … 447: "" is waves of the number they stand for
	// TokenStd is the spread of token tables, which are input and output of a text model; 0 = DefaultTokenStd. GPT-2 has .02.
	TokenStd float64 `json:"token_std,omitzero"`
	// Waves is the height of the waves that the positions of visual tokens start as; 0 = DefaultWaves.
	Waves float64 `json:"waves,omitzero"`
	// Patch is how much larger the weights of the patch embedding start than Xavier's; 0 = 1.
	Patch float64 `json:"patch,omitzero"`
}

// DefaultWaves is half of what MoCo v3 has.
const DefaultWaves = 0.5

// DefaultTokenStd suits the widths of the small presets.
const DefaultTokenStd = 0.08

// InitForm is how a table of parameters starts.
type InitForm string

const (
	InitWaves  InitForm = "waves"  // "" means the same
	InitRandom InitForm = "random" // the paper's: "all parameters are initialized randomly" (4.1)
)

// Until is where a trial ends.
type Until string

const (
	UntilEnd     Until = "diffvqa" // "" means the same
	UntilRegions Until = "regions" // after pretraining, the probe and the tests on regions: for tables of these alone
)

// Source names where the images come from.
type Source string

const (
	SourceSynthetic Source = "synthetic"
	SourceFiles     Source = "files"
)

// SyntheticVersion is the version of this program's generator (package synthetic holds it to its own).
const SyntheticVersion = 5

// Synthetic are the parameters of the synthetic set that a trial is trained on; all else is the generator's default.
type Synthetic struct {
	// Design is what the set shows: "" is findings that differ in how they look, "place" findings that differ in where they are.
	Design Design `json:"design,omitzero"`
	// Version is the generator's: other versions draw other images. A program can train on its own generator's only.
	Version int `json:"version,omitzero"`
	// Revision is that of the design's films, set when a trial is named.
	Revision      int     `json:"revision,omitzero"`
	Patients      int     `json:"patients,omitzero"`
	Seed          int64   `json:"seed,omitzero"`
	ReportDropout float64 `json:"report_dropout,omitzero"` // share of findings a report leaves out; 0 = the design's own
	// Contrast scales the brightness of findings (of design "", of the coarse ones); 0 = the design's own. The less, the harder they
	// are to see.
	Contrast float64 `json:"contrast,omitzero"`
	// PhraseDropout is the share of findings that the phrases of regions leave out; 0 = the design's own, 1 = boxes alone are told.
	PhraseDropout float64 `json:"phrase_dropout,omitzero"`
	// SameReport makes the phrase of a region state what the report states, and no more.
	SameReport bool `json:"same_report,omitzero"`
}

// Encoder is the SigLIP-style vision transformer.
type Encoder struct {
	Width int `json:"width,omitzero"`
	Depth int `json:"depth,omitzero"`
	Heads int `json:"heads,omitzero"`
	MLP   int `json:"mlp,omitzero"`
	Patch int `json:"patch,omitzero"` // pixels a side of a patch
	// FreezePatch leaves the patch embedding as it starts: at high learning rates that of a large patch makes training unstable (MoCo
	// v3, Chen et al. 2021, section 4.2).
	FreezePatch bool `json:"freeze_patch,omitzero"`
	// Channels is 3 to copy the gray image to three channels, as published weights expect it; 0 or 1 keeps one, which is
	// the same function with fewer parameters (FACTS 6 #16).
	Channels int `json:"channels,omitzero"`
	// Weights is a Hugging Face SigLIP folder to start from; empty is random.
	Weights string `json:"weights,omitzero"`
	// WeightsDigest is the digest of the files in Weights that are read; it counts instead of the path where it is set.
	WeightsDigest string `json:"weights_digest,omitzero"`
	// Resize is how the positions of Weights are resized to the trial's grid, set when a trial is named.
	Resize string `json:"resize,omitzero"`
}

// bicubic is how transformers resizes the positions of a vision transformer. Earlier versions of the harness did it bilinearly.
const bicubic = "bicubic"

// Tokens is the number of visual tokens n of an image of the given resolution.
func (e Encoder) Tokens(resolution int) int {
	side := resolution / e.Patch
	return side * side
}

// Decoder is the cross-attending text decoder of pretraining.
type Decoder struct {
	Width                 int `json:"width,omitzero"`
	Depth                 int `json:"depth,omitzero"`
	Heads                 int `json:"heads,omitzero"`
	MLP                   int `json:"mlp,omitzero"`
	MaxPositionEmbeddings int `json:"positions,omitzero"`
}

// Pretrain is the first stage.
type Pretrain struct {
	Tasks         Tasks   `json:"tasks,omitzero"`
	ParallelRatio float64 `json:"parallel_ratio,omitzero"` // share of samples predicted in parallel (paper 3.2.1: 0.25)
	ParallelScope string  `json:"parallel_scope,omitzero"` // "" = captions only; "all" = every task (FACTS 6 #17)
	Steps         int     `json:"steps,omitzero"`
	Epochs        float64 `json:"epochs,omitzero"` // instead of steps: passes over the images with a caption
	BatchSize     int     `json:"batch,omitzero"`  // samples a step: images, or sequences if Equal says so
	Optimizer
	MaxReport int `json:"max_report,omitzero"` // tokens of a caption (FACTS 2.3: 256)
	MaxPhrase int `json:"max_phrase,omitzero"` // tokens of a region sample (96); longer phrases are cut, never their boxes

	Equal    Equal    `json:"equal,omitzero"`     // what a sample is
	PerImage PerImage `json:"per_image,omitzero"` // which tasks an image is used for when it is drawn
	Accumulation
	// Chunk is the number of samples of a contrastive batch that are held in memory at once; 0 is all. The batch, and with it the
	// number of negatives, stays: embeddings of all chunks are compared.
	Chunk int `json:"chunk,omitzero"`
}

// UnmarshalJSON also reads what earlier versions wrote: they called the batch images.
func (p *Pretrain) UnmarshalJSON(data []byte) error {
	type plain Pretrain
	read := struct {
		*plain
		Images int `json:"images"`
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if read.Images != 0 {
		p.BatchSize = read.Images
	}
	return nil
}

// Optimizer is AdamW with linear warm-up and cosine decay to zero.
type Optimizer struct {
	LR          float64 `json:"lr,omitzero"`
	Warmup      float64 `json:"warmup,omitzero"` // below 1: the share of all steps (0.99 is 99%); from 1: steps (1 is one step)
	WeightDecay float64 `json:"weight_decay,omitzero"`
	Beta1       float64 `json:"beta1,omitzero"`
	Beta2       float64 `json:"beta2,omitzero"`
	MaxGradNorm float64 `json:"clip,omitzero"` // gradients are clipped to it; 0 = no clipping
}

// Accumulation computes a batch in parts, one after the other, whose gradients are added up before the parameters move: the loss is that of
// the whole batch, the memory that of a part. The batch stays what it is.
type Accumulation struct {
	// Accumulate is the number of parts, gradient_accumulation_steps of transformers; 0 or 1 is the whole batch at once.
	Accumulate int `json:"accumulate,omitzero"`
}

// LM is the GPT-2 decoder of difference VQA.
type LM struct {
	Width                 int     `json:"width,omitzero"`
	Depth                 int     `json:"depth,omitzero"`
	Heads                 int     `json:"heads,omitzero"`
	MLP                   int     `json:"mlp,omitzero"`
	MaxPositionEmbeddings int     `json:"text_positions,omitzero"`
	Dropout               float64 `json:"dropout,omitzero"`
	// Weights is a Hugging Face GPT-2 folder to start from; empty is random. It comes with all of GPT-2's vocabulary.
	Weights string `json:"weights,omitzero"`
	// WeightsDigest is the digest of the files in Weights that are read; it counts instead of the path where it is set.
	WeightsDigest string `json:"weights_digest,omitzero"`
}

// Given reports whether the LM starts from published weights.
func (l LM) Given() bool { return l.Weights != "" || l.WeightsDigest != "" }

// DiffVQA is the second stage: frozen encoder, temporal embeddings, adapter and LM on difference questions.
type DiffVQA struct {
	Steps     int     `json:"steps,omitzero"`
	Epochs    float64 `json:"epochs,omitzero"` // instead of steps
	BatchSize int     `json:"batch,omitzero"`
	Optimizer
	Accumulation
	LabelSmoothing float64 `json:"label_smoothing,omitzero"`
	// Pool averages visual tokens over Pool × Pool cells before the adapter; 0 or 1 keeps all (FACTS 6 #8).
	Pool int `json:"pool,omitzero"`
	// AuxQuestionRatio is the share of the first batch that is given to the data set's other questions (presence,
	// abnormality, …); it falls linearly to zero at the last batch. The paper: 0.
	AuxQuestionRatio float64 `json:"auxiliary,omitzero"`
	// Whiten starts the adapter at the whitened features of the training images. The paper: at random.
	Whiten bool `json:"whiten,omitzero"`
	// Reversed also trains on each pair with its images and its additions and losses exchanged.
	Reversed bool `json:"reversed,omitzero"`
	// Questions are the types that are trained on and tested; none given is difference alone, as in the paper. The numbers of
	// difference VQA are those of difference questions; the other types have their own behind the metric's name (diffvqa/exact/presence).
	Questions Questions `json:"questions,omitzero"`
}

// Eval says how a trained model is evaluated; its key in experiment files is "test".
type Eval struct {
	NumBeams      int     `json:"beam,omitzero"` // 1 = greedy
	MaxNewTokens  int     `json:"max_new_tokens,omitzero"`
	LengthPenalty float64 `json:"length_penalty,omitzero"`
	Regions       int     `json:"regions,omitzero"` // test samples of GCAP and CAREF each; 0 = all
	Pairs         int     `json:"pairs,omitzero"`   // test pairs; 0 = all
	// MeteorParaphrases is the file of METEOR's paraphrase table, paraphrase-en.gz of its release. Papers report METEOR with
	// it; empty is METEOR without it, which is lower and is labelled so.
	MeteorParaphrases string `json:"meteor_paraphrases,omitzero"`
	// MeteorParaphrasesDigest is the SHA-256 of that file; it counts instead of the path where it is set.
	MeteorParaphrasesDigest string `json:"meteor_paraphrases_digest,omitzero"`
	// BERTScore is what texts are scored with beside; the zero value is no BERTScore.
	BERTScore BERTScore `json:"bertscore,omitzero"`
}
