package keys

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"harness/model/spec"
	"harness/sweeps/search"
)

// Computed are the fields of a trial that follow from others, or are given elsewhere: no file sets them.
var Computed = []string{"data.digest", "encoder.weights_digest", "lm.weights_digest", "test.meteor_paraphrases_digest", "test.bertscore.model_digest",
	"test.bertscore.rescale_digest", "revision", "data.synthetic.revision", "encoder.resize", "project", "seed_apart", "imported"}

// elsewhere are fields that have keys of their own in a file.
var elsewhere = []string{"preset", "seed", "command", "args"}

// Aliases are older spellings of settings, by path.
var Aliases = map[string]string{"eval": "test", "pretrain.images": "pretrain.batch"}

// FieldPaths lists the dotted paths of the fields below a struct type, by their json names, without those that are computed.
func FieldPaths(t reflect.Type, prefix string) []string {
	var paths []string
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		path := prefix + name
		if slices.Contains(Computed, path) {
			continue
		}
		paths = append(paths, path)
		if f.Type.Kind() == reflect.Struct {
			paths = append(paths, FieldPaths(f.Type, path+".")...)
		}
	}
	return paths
}

// words are what people need to know of a setting; its type and its defaults are those of spec.Trial.
type words struct {
	doc     string
	unit    string
	empty   string   // what holds where the preset says nothing
	choices []string // where the type does not know them
	paper   string
	example string // a value
}

// Fields lists the settings of the built-in trainer, groups before what is in them.
func Fields() []Key {
	paths := FieldPaths(reflect.TypeFor[spec.Trial](), "")
	list := make([]Key, 0, len(paths))
	for _, path := range paths {
		if slices.Contains(elsewhere, path) {
			continue
		}
		w := trainer[path]
		k := Key{Path: path, Doc: w.doc, Unit: w.unit, Choices: w.choices, Paper: w.paper, Default: w.empty, Of: Trainer}
		k.Type = typeOf(fieldType(path))
		if k.Choices == nil {
			k.Choices = choicesOf(fieldType(path))
		}
		if k.Example = w.example; w.example != "" && !strings.HasPrefix(w.example, "base:") {
			k.Example = fmt.Sprintf("base: {%s: %s}", path, w.example)
		}
		list = append(list, k)
	}
	return list
}

// fieldType is the Go type of the field of a trial.
func fieldType(path string) reflect.Type {
	t := reflect.TypeFor[spec.Trial]()
	for name := range strings.SplitSeq(path, ".") {
		for _, f := range reflect.VisibleFields(t) {
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); !f.Anonymous && tag == name {
				t = f.Type
				break
			}
		}
	}
	return t
}

func typeOf(t reflect.Type) Type {
	switch t {
	case reflect.TypeFor[spec.Tasks]():
		return List
	case reflect.TypeFor[spec.Questions]():
		return ListOrAll
	case reflect.TypeFor[spec.BaselineFile]():
		return TextFalse
	}
	switch t.Kind() {
	case reflect.Struct:
		return Group
	case reflect.Bool:
		return Truth
	case reflect.String:
		return Text
	case reflect.Float64:
		return Number
	}
	return Whole
}

// choicesOf are the values of a type that has few.
func choicesOf(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[spec.Method]():
		return texts(spec.Methods[:])
	case reflect.TypeFor[spec.Tasks]():
		return []string{"cap", "aref", "gcap", "caref"}
	case reflect.TypeFor[spec.Questions]():
		return spec.AllQuestions.Names()
	case reflect.TypeFor[spec.Precision]():
		return texts([]spec.Precision{spec.Float32, spec.BF16})
	case reflect.TypeFor[spec.InitForm]():
		return texts([]spec.InitForm{spec.InitWaves, spec.InitRandom})
	case reflect.TypeFor[spec.Until]():
		return texts([]spec.Until{spec.UntilEnd, spec.UntilRegions})
	case reflect.TypeFor[spec.Source]():
		return texts([]spec.Source{spec.SourceSynthetic, spec.SourceFiles})
	case reflect.TypeFor[spec.Equal]():
		return texts([]spec.Equal{spec.EqualImages, spec.EqualSequences})
	case reflect.TypeFor[spec.PerImage]():
		return texts([]spec.PerImage{spec.PerImageAll, spec.PerImageOne})
	}
	return nil
}

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, one := range list {
		all[i] = string(one)
	}
	return all
}

func presets() []string { return texts(spec.Presets[:]) }

func distributions() []string { return texts(search.Kinds[:]) }

// PresetValue is what a preset gives a setting, as the file writes it; ok is false where it leaves it out.
func PresetValue(preset spec.Preset, path string) (value string, ok bool) {
	trial, err := spec.Default(preset)
	if err != nil {
		return "", false
	}
	encoded, err := json.Marshal(trial)
	if err != nil {
		return "", false
	}
	var at any
	if json.Unmarshal(encoded, &at) != nil {
		return "", false
	}
	for name := range strings.SplitSeq(path, ".") {
		object, _ := at.(map[string]any)
		if at, ok = object[name]; !ok {
			return "", false
		}
	}
	switch at := at.(type) {
	case string:
		return at, true
	case map[string]any:
		return "", false
	}
	encoded, err = json.Marshal(at)
	return strings.ReplaceAll(strings.ReplaceAll(string(encoded), `"`, ""), ",", ", "), err == nil
}
