package spec

import "fmt"

// Preset names a size. Resolutions are really 224 and 448 at each: the patch grows instead.
type Preset string

const (
	Smoke Preset = "smoke" // seconds: every code path, nothing is learnt
	Micro Preset = "micro" // a minute or two on one core, on films whose findings differ in place alone
	Nano  Preset = "nano"  // minutes on two cores
	Tiny  Preset = "tiny"  // an hour on two cores
	Small Preset = "small" // a small GPU
	Paper Preset = "paper" // arXiv 2603.04950, sections 3.4 and 4.1
)

// Presets lists the presets from small to large.
var Presets = [...]Preset{Smoke, Micro, Nano, Tiny, Small, Paper}

// Default is the trial of a preset: the paper's method on synthetic data, with the sizes that the preset names. The small
// presets train the LM from scratch, in thousands of steps instead of the paper's forty thousand of a pretrained GPT-2: a
// whitened adapter, simple questions first and reversed pairs make up for that. Preset paper has none of them, and
// starts at random what the others start as waves (Init).
func Default(p Preset) (Trial, error) {
	t := Trial{
		Preset:     p,
		Method:     LocationAware,
		Resolution: 224,
		Data:       Data{Source: SourceSynthetic, Splits: "subject", Synthetic: Synthetic{Version: SyntheticVersion, Patients: 400, Seed: 1}},
		Pretrain: Pretrain{
			Tasks: AllTasks, ParallelRatio: 0.25, BatchSize: 16, MaxReport: 96, MaxPhrase: 64,
			Optimizer: Optimizer{LR: 1e-3, Warmup: 100, WeightDecay: 0.05, Beta1: 0.9, Beta2: 0.98, MaxGradNorm: 1},
		},
		DiffVQA: DiffVQA{
			BatchSize: 16, LabelSmoothing: 0.1, AuxQuestionRatio: 0.9, Whiten: true, Reversed: true,
			Optimizer: Optimizer{LR: 1e-3, Warmup: 0.1, WeightDecay: 0.01, Beta1: 0.9, Beta2: 0.999, MaxGradNorm: 1},
		},
		Eval: Eval{NumBeams: 10, MaxNewTokens: 64, LengthPenalty: 1},
	}
	switch p {
	case Smoke:
		t.Data.Synthetic.Patients = 20
		t.Encoder = Encoder{Width: 32, Depth: 1, Heads: 2, MLP: 64, Patch: 32}
		t.Decoder = Decoder{Width: 32, Depth: 1, Heads: 2, MLP: 64, MaxPositionEmbeddings: 128}
		t.LM = LM{Width: 32, Depth: 1, Heads: 2, MLP: 64, MaxPositionEmbeddings: 96}
		t.Pretrain.Steps, t.Pretrain.BatchSize, t.Pretrain.Warmup = 6, 4, 2
		t.DiffVQA.Steps, t.DiffVQA.BatchSize = 6, 4
		t.Eval = Eval{NumBeams: 2, MaxNewTokens: 16, LengthPenalty: 1, Regions: 12, Pairs: 6}
	case Micro:
		t.Data.Synthetic.Design, t.Data.Synthetic.Patients = DesignPlace, 3000
		t.Init = Init{Waves: 2, Patch: 6}
		t.Encoder = Encoder{Width: 64, Depth: 2, Heads: 8, MLP: 256, Patch: 32, FreezePatch: true}
		t.Decoder = Decoder{Width: 64, Depth: 1, Heads: 4, MLP: 256, MaxPositionEmbeddings: 64}
		t.LM = LM{Width: 96, Depth: 3, Heads: 4, MLP: 384, MaxPositionEmbeddings: 128}
		t.Pretrain.Steps, t.Pretrain.BatchSize, t.Pretrain.LR, t.Pretrain.Warmup = 850, 64, 3e-3, 50
		t.Pretrain.MaxReport, t.Pretrain.MaxPhrase = 32, 32
		t.DiffVQA.Steps, t.DiffVQA.BatchSize, t.DiffVQA.LR = 3000, 64, 3e-3 // by 16 pairs a step the language model does not begin to read these encoders
		t.Eval.NumBeams, t.Eval.Regions = 4, 1200
	case Nano:
		t.Encoder = Encoder{Width: 96, Depth: 3, Heads: 4, MLP: 384, Patch: 32}
		t.Decoder = Decoder{Width: 96, Depth: 2, Heads: 4, MLP: 384, MaxPositionEmbeddings: 160}
		t.LM = LM{Width: 96, Depth: 3, Heads: 4, MLP: 384, MaxPositionEmbeddings: 128}
		t.Data.Synthetic.Patients = 800
		t.Pretrain.Steps = 2000
		t.DiffVQA.Steps = 4000
	case Tiny:
		t.Data.Synthetic.Patients = 2000
		t.Encoder = Encoder{Width: 192, Depth: 6, Heads: 6, MLP: 768, Patch: 16}
		t.Decoder = Decoder{Width: 192, Depth: 3, Heads: 6, MLP: 768, MaxPositionEmbeddings: 160}
		t.LM = LM{Width: 192, Depth: 6, Heads: 6, MLP: 768, MaxPositionEmbeddings: 128}
		t.Pretrain.Steps = 5000
		t.DiffVQA.Steps = 5000
	case Small:
		t.Data.Synthetic.Patients = 5000
		t.Encoder = Encoder{Width: 384, Depth: 12, Heads: 6, MLP: 1536, Patch: 16}
		t.Decoder = Decoder{Width: 384, Depth: 6, Heads: 6, MLP: 1536, MaxPositionEmbeddings: 256}
		t.LM = LM{Width: 384, Depth: 12, Heads: 6, MLP: 1536, MaxPositionEmbeddings: 128}
		t.Pretrain.Steps, t.Pretrain.LR = 20000, 5e-4
		t.DiffVQA.Steps, t.DiffVQA.LR = 20000, 3e-4
	case Paper:
		t.Resolution = 448
		t.WholeVocabulary = true
		t.Engine, t.Precision = XLAEngine, BF16
		t.Init = Init{Positions: InitRandom, Coordinates: InitRandom, TokenStd: 0.02}
		t.Data = Data{Source: SourceFiles, Splits: "subject"}
		t.Encoder = Encoder{Width: 1152, Depth: 27, Heads: 12, MLP: 4304, Patch: 14, Channels: 3}
		// The paper has 12 heads here, by which a width of 1024 cannot be divided (FACTS 6 #1).
		t.Decoder = Decoder{Width: 1024, Depth: 12, Heads: 16, MLP: 4096, MaxPositionEmbeddings: 512}
		t.QFormer = QFormer{Width: 768, Depth: 12, Heads: 12, MLP: 3072, Queries: 32} // BERT-base, as published
		t.LM = LM{Width: 1024, Depth: 24, Heads: 16, MLP: 4096, MaxPositionEmbeddings: 256, Dropout: 0.1, Weights: "hf:openai-community/gpt2-medium"}
		t.Pretrain = Pretrain{
			Tasks: AllTasks, ParallelRatio: 0.25, Epochs: 5, BatchSize: 32, PerImage: PerImageOne, MaxReport: 256, MaxPhrase: 96,
			Optimizer: Optimizer{LR: 1e-4, Warmup: 5000, WeightDecay: 0.01, Beta1: 0.9, Beta2: 0.999, MaxGradNorm: 1},
		}
		t.DiffVQA = DiffVQA{
			Epochs: 10, BatchSize: 32, LabelSmoothing: 0.11,
			Optimizer: Optimizer{LR: 2e-4, Warmup: 0.1, WeightDecay: 0.01, Beta1: 0.9, Beta2: 0.999, MaxGradNorm: 1},
		}
		t.Eval = Eval{NumBeams: 10, MaxNewTokens: 128, LengthPenalty: 1}
	default:
		return Trial{}, fmt.Errorf("unknown preset %q: want smoke, micro, nano, tiny, small or paper", p)
	}
	return t, nil
}
