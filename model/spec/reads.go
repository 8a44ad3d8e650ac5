package spec

import (
	"path/filepath"
	"reflect"
	"strings"
)

// unreadNow is what other settings of the trial make meaningless.
func (t Trial) unreadNow() []string {
	var list []string
	add := func(when bool, paths ...string) {
		if when {
			list = append(list, paths...)
		}
	}
	add(t.Data.Source == SourceFiles, "data.synthetic")
	add(t.Data.Source == SourceSynthetic, "data.root", "data.digest")
	made := t.Data.Synthetic
	add(!made.Design.Facts().phrases, "data.synthetic.phrase_dropout", "data.synthetic.same_report")
	add(made.SameReport, "data.synthetic.phrase_dropout")
	for _, in := range t.Inputs() {
		add(*in.Digest != "", in.Key)
	}
	add(t.LM.Given(), "whole_vocabulary") // it is implied
	add(t.Init.Positions == InitRandom, "init.waves")
	add(t.Eval.NumBeams == 1, "test.length_penalty")
	add(!t.Method.facts().queries, "qformer")
	// The films are the same whatever is said of them.
	add(t.Until == UntilRegions && t.Method.facts().textless && made.Design.Facts().phrases,
		"data.synthetic.report_dropout", "data.synthetic.phrase_dropout", "data.synthetic.same_report")
	add(t.Until == UntilRegions, "lm", "diffvqa", "test.beam", "test.length_penalty", "test.max_new_tokens", "test.pairs")
	add(t.Pretrain.PerImage == PerImageOne, "pretrain.equal") // an image is a sequence
	// As it is where each has one text; an epoch is as long as the samples it counts.
	add(t.Pretrain.Epochs == 0 && t.Method.facts().texts(t) <= 1, "pretrain.per_image", "pretrain.equal")

	if p := t.Pretrain; t.Method.facts().regions {
		captions, regions := p.Tasks.Has(CAP), p.Tasks&^CAP != 0
		add(!captions, "pretrain.max_report")
		add(!regions, "pretrain.max_phrase", "pretrain.parallel_scope")
		add(!captions && p.ParallelScope != "all", "pretrain.parallel_ratio")
		add(p.ParallelRatio == 0, "pretrain.parallel_scope")
	}
	return list
}

// Reads reports whether the field at the dotted path, or any field below it, can change a number of the trial. The
// preset cannot, since its values are fields of their own; of a program, nothing of the built-in trainer can.
func (t Trial) Reads(path string) bool {
	if path == "preset" || path == "revision" || path == "data.synthetic.revision" || path == "encoder.resize" { // they follow from the others
		return false
	}
	first, _, _ := strings.Cut(path, ".")
	switch first {
	case "seed":
		return true
	case "command", "args", "project", "seed_apart", "imported":
		return t.Command != ""
	}
	if t.Command != "" {
		return false
	}
	for _, list := range [][]string{t.Method.facts().unread, t.unreadNow()} {
		for _, p := range list {
			if path == p || strings.HasPrefix(path, p+".") {
				return false
			}
		}
	}
	return true
}

// essential clears what the trial does not read, and writes what it reads in one way where two mean the same.
func (t Trial) essential() Trial {
	t.Preset = ""
	if t.Command != "" {
		return t
	}
	t.Args, t.Project, t.SeedApart, t.Imported = "", "", false, ""
	given := t.LM.Given()
	for _, list := range [][]string{t.Method.facts().unread, t.unreadNow()} {
		for _, path := range list {
			t.clear(path)
		}
	}
	if given {
		t.WholeVocabulary = true
	}
	method := t.Method.facts()
	t.Revision = method.revision + method.twin.facts().revision
	if t.Encoder.Resize = ""; t.Encoder.Weights != "" || t.Encoder.WeightsDigest != "" {
		t.Encoder.Resize = bicubic
	}
	leaveOut(&t.Precision, Float32)
	leaveOut(&t.Init.Positions, InitWaves)
	leaveOut(&t.Init.Coordinates, InitWaves)
	leaveOut(&t.Init.TokenStd, DefaultTokenStd)
	leaveOut(&t.Init.Waves, DefaultWaves)
	leaveOut(&t.Init.Patch, 1)
	leaveOut(&t.DiffVQA.Questions, Difference)
	leaveOut(&t.Until, UntilEnd)
	leaveOut(&t.Pretrain.Equal, EqualImages)
	leaveOut(&t.Pretrain.PerImage, PerImageAll)
	leaveOut(&t.Pretrain.Accumulate, 1)
	leaveOut(&t.DiffVQA.Accumulate, 1)
	leaveOut(&t.Encoder.Channels, 1)
	leaveOut(&t.DiffVQA.Pool, 1)
	design := t.Data.Synthetic.Design.Facts()
	if t.Data.Source == SourceSynthetic {
		t.Data.Synthetic.Revision = design.Revision
	}
	leaveOut(&t.Data.Synthetic.ReportDropout, design.ReportDropout)
	leaveOut(&t.Data.Synthetic.PhraseDropout, design.PhraseDropout)
	leaveOut(&t.Data.Synthetic.Contrast, design.Contrast)
	for _, f := range t.QFormer.fields(t.Decoder) {
		leaveOut(f.size, f.standard)
	}
	for _, in := range t.Inputs() {
		if *in.Path != "" {
			*in.Path = filepath.Clean(*in.Path)
		}
	}
	return t
}

// leaveOut writes what a field's zero value stands for as the zero value.
func leaveOut[T comparable](field *T, standard T) {
	if *field == standard {
		var zero T
		*field = zero
	}
}

// clear sets the field at a path to its zero value.
func (t *Trial) clear(path string) {
	v := reflect.ValueOf(t).Elem()
	for name := range strings.SplitSeq(path, ".") {
		field, ok := fieldOf(v, name)
		if !ok {
			panic("spec: no field " + path)
		}
		v = field
	}
	v.SetZero()
}

// fieldOf is the field of a struct with the given JSON name; those of an embedded struct count as its own.
func fieldOf(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			if inner, ok := fieldOf(v.Field(i), name); ok {
				return inner, true
			}
			continue
		}
		if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); tag == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}
