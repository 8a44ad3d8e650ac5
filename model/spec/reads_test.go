package spec

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// fields lists the dotted paths of all fields of a struct.
func fields(typ reflect.Type, prefix string) []string {
	var list []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			list = append(list, fields(f.Type, prefix)...)
		case f.Type.Kind() == reflect.Struct:
			list = append(list, fields(f.Type, prefix+name+".")...)
		default:
			list = append(list, prefix+name)
		}
	}
	return list
}

// Every field is classified. When you add a field, say here which methods read it; if one does not, list it in reads.go too.
func TestEveryFieldIsClassified(t *testing.T) {
	byMethod := []string{ // some method or setting does not read them: reads.go
		"data.root", "data.digest",
		"data.synthetic.version", "data.synthetic.patients", "data.synthetic.seed", "data.synthetic.report_dropout", "data.synthetic.contrast", "data.synthetic.design", "data.synthetic.phrase_dropout", "data.synthetic.same_report",
		"encoder.weights", "lm.weights", "test.meteor_paraphrases", "test.bertscore.model", "test.bertscore.rescale", "whole_vocabulary", "diffvqa.pool", "test.regions", "test.length_penalty",
		"decoder.width", "decoder.depth", "decoder.heads", "decoder.mlp", "decoder.positions",
		"pretrain.tasks", "pretrain.parallel_ratio", "pretrain.parallel_scope", "pretrain.steps", "pretrain.epochs", "pretrain.batch",
		"pretrain.lr", "pretrain.warmup", "pretrain.weight_decay", "pretrain.beta1", "pretrain.beta2", "pretrain.clip",
		"pretrain.max_report", "pretrain.max_phrase", "pretrain.equal", "pretrain.per_image", "pretrain.chunk", "pretrain.accumulate",
		"diffvqa.whiten",
		"init.waves", "encoder.freeze_patch",
		"qformer.width", "qformer.depth", "qformer.heads", "qformer.mlp", "qformer.queries",
	}
	always := []string{
		"until", "init.positions", "init.coordinates", "init.token_std", "init.patch", "method", "resolution", "seed", "engine", "precision", "data.source", "data.splits", "data.keep_prior",
		"encoder.width", "encoder.depth", "encoder.heads", "encoder.mlp", "encoder.patch", "encoder.channels", "encoder.weights_digest",
		"lm.width", "lm.depth", "lm.heads", "lm.mlp", "lm.text_positions", "lm.dropout", "lm.weights_digest",
		"diffvqa.steps", "diffvqa.epochs", "diffvqa.batch", "diffvqa.lr", "diffvqa.warmup", "diffvqa.weight_decay",
		"diffvqa.accumulate", "diffvqa.beta1", "diffvqa.beta2", "diffvqa.clip", "diffvqa.label_smoothing", "diffvqa.auxiliary",
		"diffvqa.reversed", "diffvqa.questions", "test.meteor_paraphrases_digest", "test.bertscore.model_digest", "test.bertscore.layer",
		"test.bertscore.idf", "test.bertscore.rescale_digest", "test.beam", "test.max_new_tokens", "test.pairs",
	}
	programs := []string{"command", "args", "project", "seed_apart", "imported"}
	never := []string{"preset", "revision", "data.synthetic.revision", "encoder.resize"}
	want := slices.Sorted(slices.Values(slices.Concat(byMethod, always, programs, never)))
	got := slices.Sorted(slices.Values(fields(reflect.TypeFor[Trial](), "")))
	if !slices.Equal(got, want) {
		t.Errorf("fields %q\nclassified %q", got, want)
	}
	for _, m := range Methods {
		trial := presetTrial(t, Smoke, m)
		for _, path := range always {
			if !trial.Reads(path) {
				t.Errorf("%s does not read %s", m, path)
			}
		}
		for _, path := range slices.Concat(programs, never) {
			if trial.Reads(path) {
				t.Errorf("%s reads %s", m, path)
			}
		}
		if !m.Known() {
			t.Errorf("method %s is not in the table", m)
		}
		for _, path := range m.facts().unread {
			trial.clear(path) // panics where there is no such field
		}
	}
}

// What a trial does not read does not name it; what it reads does.
func TestIDFollowsReads(t *testing.T) {
	change := func(t *Trial, path string) {
		v := reflect.ValueOf(t).Elem()
		for name := range strings.SplitSeq(path, ".") {
			v, _ = fieldOf(v, name)
		}
		switch v.Kind() { // to a value that is no other way of writing the old one
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.Float64:
			v.SetFloat(v.Float() + 0.125)
		case reflect.Uint8:
			v.SetUint(v.Uint() ^ uint64(AREF))
		default:
			v.SetInt(v.Int() + 5)
		}
	}
	others := []string{"data.source", "encoder.weights_digest", "lm.weights_digest", "command", "args"} // change what else is read, or need values
	for _, m := range Methods {
		trial := presetTrial(t, Nano, m)
		for _, path := range fields(reflect.TypeFor[Trial](), "") {
			if slices.Contains(others, path) {
				continue
			}
			other := trial
			change(&other, path)
			if renamed := other.ID() != trial.ID(); renamed != trial.Reads(path) {
				t.Errorf("%s: %s: renamed %v, read %v", m, path, renamed, trial.Reads(path))
			}
		}
	}
}

// Pairs of trials that are one training, and pairs that are not.
func TestSameTrial(t *testing.T) {
	sealed := func(t *Trial) { t.Data = Data{Source: SourceFiles, Splits: "subject", Root: "/a", Digest: "d1"} }
	weights := func(t *Trial) { t.LM.Weights, t.LM.WeightsDigest = "/gpt2", "w1" }
	for _, c := range []struct {
		name  string
		start func(*Trial)
		other func(*Trial)
		same  bool
	}{
		{"channels 1", nil, func(t *Trial) { t.Encoder.Channels = 1 }, true},
		{"channels 3", nil, func(t *Trial) { t.Encoder.Channels = 3 }, false},
		{"pool 1", nil, func(t *Trial) { t.DiffVQA.Pool = 1 }, true},
		{"pool 2", nil, func(t *Trial) { t.DiffVQA.Pool = 2 }, false},
		{"the generator's own contrast", nil, func(t *Trial) { t.Data.Synthetic.Contrast = DesignLook.Facts().Contrast }, true},
		{"the generator's own dropout", nil, func(t *Trial) { t.Data.Synthetic.ReportDropout = DesignLook.Facts().ReportDropout }, true},
		{"scope without a ratio", func(t *Trial) { t.Pretrain.ParallelRatio = 0 }, func(t *Trial) { t.Pretrain.ParallelScope = "all" }, true},
		{"scope with a ratio", nil, func(t *Trial) { t.Pretrain.ParallelScope = "all" }, false},
		{"phrases of captions", func(t *Trial) { t.Pretrain.Tasks = CAP }, func(t *Trial) { t.Pretrain.MaxPhrase = 1 }, true},
		{"reports of phrases", func(t *Trial) { t.Pretrain.Tasks = GCAP }, func(t *Trial) { t.Pretrain.MaxReport = 1 }, true},
		{"ratio of phrases", func(t *Trial) { t.Pretrain.Tasks = GCAP }, func(t *Trial) { t.Pretrain.ParallelRatio = 1 }, true},
		{"greedy", func(t *Trial) { t.Eval.NumBeams = 1 }, func(t *Trial) { t.Eval.LengthPenalty = 2 }, true},
		{"a root that was moved", sealed, func(t *Trial) { t.Data.Root = "/b" }, true},
		{"other data at one root", sealed, func(t *Trial) { t.Data.Digest = "d2" }, false},
		{"a generator that is not used", sealed, func(t *Trial) { t.Data.Synthetic.Patients = 9 }, true},
		{"a path spelled differently", func(t *Trial) { sealed(t); t.Data.Digest = "" }, func(t *Trial) { t.Data.Root = "/x/../a/" }, true},
		{"weights that were moved", weights, func(t *Trial) { t.LM.Weights = "elsewhere" }, true},
		{"other weights at one path", weights, func(t *Trial) { t.LM.WeightsDigest = "w2" }, false},
		{"weights imply the vocabulary", weights, func(t *Trial) { t.WholeVocabulary = true }, true},
		{"encoder weights that were moved", func(t *Trial) { t.Encoder.WeightsDigest = "w" }, func(t *Trial) { t.Encoder.Weights = "x" }, true},
		{"a BERT", nil, func(t *Trial) { t.Eval.BERTScore.Model = "hf:org/name" }, false},
		{"a BERT by name and in a folder", func(t *Trial) { t.Eval.BERTScore = BERTScore{Model: "hf:org/name", ModelDigest: "b"} },
			func(t *Trial) { t.Eval.BERTScore.Model = "/bert" }, true},
		{"another BERT", func(t *Trial) { t.Eval.BERTScore = BERTScore{Model: "x", ModelDigest: "b"} }, func(t *Trial) { t.Eval.BERTScore.ModelDigest = "c" }, false},
		{"another layer", func(t *Trial) { t.Eval.BERTScore = BERTScore{Model: "x", ModelDigest: "b"} }, func(t *Trial) { t.Eval.BERTScore.Layer = 3 }, false},
		{"rarity", func(t *Trial) { t.Eval.BERTScore = BERTScore{Model: "x", ModelDigest: "b"} }, func(t *Trial) { t.Eval.BERTScore.IDF = true }, false},
		{"a baseline that was moved", func(t *Trial) { t.Eval.BERTScore = BERTScore{Model: "x", Rescale: "y", RescaleDigest: "z"} },
			func(t *Trial) { t.Eval.BERTScore.Rescale = "/y" }, true},
		{"another baseline", func(t *Trial) { t.Eval.BERTScore = BERTScore{Model: "x", Rescale: "y", RescaleDigest: "z"} },
			func(t *Trial) { t.Eval.BERTScore.RescaleDigest = "a" }, false},
		{"a paraphrase table", nil, func(t *Trial) { t.Eval.MeteorParaphrases = "x.gz" }, false},
		{"a paraphrase table that was moved", func(t *Trial) { t.Eval.MeteorParaphrasesDigest = "p" }, func(t *Trial) { t.Eval.MeteorParaphrases = "x.gz" }, true},
		{"another paraphrase table", func(t *Trial) { t.Eval.MeteorParaphrasesDigest = "p" }, func(t *Trial) { t.Eval.MeteorParaphrasesDigest = "q" }, false},
		{"precision", nil, func(t *Trial) { t.Precision = BF16 }, false},
		{"the precision that is meant by none", nil, func(t *Trial) { t.Precision = Float32 }, true},
		{"the precision of earlier versions", func(t *Trial) { t.Engine, t.Precision = "xla", BF16 }, func(t *Trial) { t.Engine, t.Precision = "xla,bf16", "" }, false},
	} {
		a := presetTrial(t, Nano, LocationAware)
		if c.start != nil {
			c.start(&a)
		}
		b := a
		c.other(&b)
		if (a.ID() == b.ID()) != c.same {
			t.Errorf("%s: one trial %v, want %v", c.name, !c.same, c.same)
		}
	}
	a := Trial{Command: MakeWords("python", "train.py")}
	b := a
	b.Project = "other"
	if a.ID() == b.ID() || a.ID() != a.LegacyID() {
		t.Error("programs of two projects share an ID, or one without a project was renamed")
	}
}

// A stage is named by all that it depends on, the vocabulary that comes with lm.weights included, and by nothing else.
func TestStagesReadWhatTheyDependOn(t *testing.T) {
	a := presetTrial(t, Nano, LocationAware)
	with := func(change func(*Trial)) Trial { b := a; change(&b); return b }
	weights := with(func(t *Trial) { t.LM.Weights = "gpt2" })
	whole := with(func(t *Trial) { t.WholeVocabulary = true })
	if weights.StageID(StagePretrain) == a.StageID(StagePretrain) {
		t.Error("pretraining with another vocabulary shares the stage")
	}
	if weights.StageID(StagePretrain) != whole.StageID(StagePretrain) {
		t.Error("pretraining does not depend on what the LM starts from")
	}
	moved := with(func(t *Trial) { t.LM.Weights, t.LM.WeightsDigest = "gpt2", "w" })
	other := with(func(t *Trial) { t.LM.Weights, t.LM.WeightsDigest = "gpt2", "v" })
	for _, s := range []Stage{StageDiffVQA, StageQuestionOnly} {
		if moved.StageID(s) == other.StageID(s) {
			t.Errorf("stage %s is shared by other weights", s)
		}
	}
	encoder := with(func(t *Trial) { t.Encoder.WeightsDigest = "e" })
	if encoder.StageID(StageQuestionOnly) != a.StageID(StageQuestionOnly) || encoder.StageID(StagePretrain) == a.StageID(StagePretrain) {
		t.Error("the encoder's weights belong to all stages but question-only")
	}
	ratio := presetTrial(t, Nano, GlobalContrastive)
	none := ratio
	none.Pretrain.ParallelRatio = 0
	if ratio.StageID(StagePretrain) != none.StageID(StagePretrain) {
		t.Error("global-contrastive trains once for each parallel_ratio")
	}
}

// A digest of nothing would name a trial by what it does not read.
func TestDigestsOfNothingAreRefused(t *testing.T) {
	for path, change := range map[string]func(*Trial){
		"data.digest":            func(t *Trial) { t.Data.Digest = "d" },
		"encoder.weights_digest": func(t *Trial) { t.Encoder.WeightsDigest = "d" },
		"lm.weights_digest":      func(t *Trial) { t.LM.WeightsDigest = "d" },
	} {
		trial := presetTrial(t, Smoke, LocationAware)
		change(&trial)
		if err := trial.Validate(); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestEngineNames(t *testing.T) {
	for name, want := range map[string]EngineName{
		"": {}, "go": {Kind: "go"}, "go,bf16": {Kind: "go", Precision: BF16}, "xla": {Kind: "xla"}, "xla,bf16": {Kind: "xla", Precision: BF16},
		"xla:/a/cuda.so": {Kind: "xla", Plugin: "/a/cuda.so"}, "xla:/a/cuda.so,bf16": {Kind: "xla", Plugin: "/a/cuda.so", Precision: BF16},
		"native,bf16": {Precision: BF16},
	} {
		got, err := ParseEngine(name)
		if err != nil || got != want || got.String() != name {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
		trial := presetTrial(t, Smoke, LocationAware)
		trial.Engine, trial.Precision = want.Kind, want.Precision
		if err := trial.Validate(); err != nil {
			t.Error(err)
		}
	}
	if got, err := ParseEngine("native"); err != nil || got != (EngineName{}) {
		t.Errorf("native: %+v, %v", got, err)
	}
	for _, name := range []string{"xla:", "native:x", "go,f16", "go:x", "cuda", ",bf16", "native,"} {
		if got, err := ParseEngine(name); err == nil {
			t.Errorf("%s is taken for %+v", name, got)
		}
	}
	for _, c := range []struct{ engine, precision, given, want string }{
		{"", "", "xla:/p", ""}, {"", "bf16", "xla:/p", "native,bf16"}, {"go", "", "", "go"}, {"go", "bf16", "native", "go,bf16"},
		{"xla", "", "xla:/p", "xla:/p"}, {"xla", "float32", "xla:/p", "xla:/p"},
		{"xla", "bf16", "xla:/p,bf16", "xla:/p,bf16"}, {"xla", "bf16", "xla:/p", "xla:/p,bf16"},
		{"xla", "", "xla:/p,bf16", "error"}, {"xla", "", "", "error"}, {"xla", "", "xla", "error"}, {"xla", "", "nonsense", "error"},
		{"xla,bf16", "", "xla:/p,bf16", "error"}, {"go,bf16", "", "", "error"},
	} {
		got, err := Trial{Engine: c.engine, Precision: Precision(c.precision)}.EngineFor(c.given)
		if err != nil {
			got = "error"
		}
		if got != c.want {
			t.Errorf("a trial of %q %q on %q: %q (%v), want %q", c.engine, c.precision, c.given, got, err, c.want)
		}
	}
}

// A trial that an earlier version recorded keeps its name, and is not run: its numbers would be others now.
func TestFormerPrecision(t *testing.T) {
	var old Trial
	if err := json.Unmarshal([]byte(`{"engine":"xla,bf16","method":"cappa"}`), &old); err != nil {
		t.Fatal(err)
	}
	// The ID that commit b827cb2 gave it.
	if got := old.ID(); got != "155111d9956ae33f" {
		t.Errorf("it is called %s now", got)
	}
	for engine, want := range map[string]string{
		"xla,bf16": "engine: xla,bf16 is how an earlier version wrote bf16, which now rounds more: write engine: xla and precision: bf16",
		"go,bf16":  "engine: go,bf16 is how an earlier version wrote bf16, which now rounds more: write engine: go and precision: bf16",
	} {
		trial := presetTrial(t, Smoke, LocationAware)
		trial.Engine = engine
		if err := trial.Validate(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	trial := presetTrial(t, Smoke, LocationAware)
	trial.Precision = "fp16"
	if err := trial.Validate(); err == nil || err.Error() != `precision: unknown precision "fp16": want float32 or bf16` {
		t.Error(err)
	}
}
