package checkpoint

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is in the blocks of a file is read, a buffer without effect, or refused by name, when the file is checked and when it is read.
func TestParamsRefuse(t *testing.T) {
	tensor := func(name string, shape []int, values ...float32) Named {
		n, _ := elements(shape)
		return Named{Name: name, Shape: shape, F32: append(values, make([]float32, int(n)-len(values))...)}
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, test := range []struct {
		what  string
		drop  string
		extra []Named
		want  string // of the error, "" for none
	}{
		{"nothing else", "", nil, ""},
		{"the head tied", "", []Named{tensor("lm_head.weight", []int{3, 2})}, ""},
		{"only the head", "wte.weight", []Named{tensor("lm_head.weight", []int{3, 2})}, ""},
		{"masks of old versions", "", []Named{tensor("h.0.attn.bias", []int{4}), tensor("h.0.attn.masked_bias", []int{1})}, ""},
		{"another task's head", "", []Named{tensor("score.weight", []int{2, 2})}, ""},
		{"a head of its own", "", []Named{tensor("lm_head.weight", []int{3, 2}, 1)}, `tensor "lm_head.weight" differs from "wte.weight"`},
		{"a block more", "", []Named{tensor("h.1.ln_1.weight", []int{2})}, `tensor "h.1.ln_1.weight" is of block 1, but config.json has 1`},
		{"an adapter", "", []Named{tensor("h.0.attn.c_attn.lora_A.weight", []int{2})}, `tensor "h.0.attn.c_attn.lora_A.weight" is not part of the model`},
		{"no bias", "h.0.mlp.c_fc.bias", nil, `no tensor "h.0.mlp.c_fc.bias"`},
		{"no bias of a norm", "h.0.ln_2.beta", nil, `no tensor "h.0.ln_2.bias"`},
		{"another shape", "ln_f.bias", []Named{tensor("ln_f.bias", []int{1, 2})}, "shape [1 2], want [2]"},
		{"NaN", "ln_f.bias", []Named{tensor("ln_f.bias", []int{2}, 0, nan)}, `tensor "ln_f.bias": value 1 is NaN`},
		{"infinity", "h.0.mlp.c_proj.bias", []Named{tensor("h.0.mlp.c_proj.bias", []int{2}, inf)}, `tensor "h.0.mlp.c_proj.bias": value 0 is +Inf`},
		{"two models", "", []Named{tensor("module.wpe.weight", []int{4, 2})}, `two models: tensors "module.wpe.weight" and "wpe.weight"`},
	} {
		tensors, c := tinyGPT2("")
		tensors = slices.DeleteFunc(tensors, func(n Named) bool { return n.Name == test.drop })
		f := saveAndLoad(t, append(tensors, test.extra...))
		_, readError := GPT2Params(f, c)
		for _, err := range []error{readError, CheckGPT2(f, c)} {
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%s: %v does not say %q", test.what, err, test.want)
			}
		}
	}
}

// Names of a model that was saved from within another are found behind those of the wrappers.
func TestWrappers(t *testing.T) {
	for _, prefix := range []string{"module.", "model.transformer.", "_orig_mod.module.transformer."} {
		tensors, c := tinyGPT2(prefix)
		if params, err := GPT2Params(saveAndLoad(t, tensors), c); err != nil || len(params) != 16 {
			t.Errorf("%s: %d parameters, %v", prefix, len(params), err)
		}
	}
	tensors, c := tinyGPT2("teacher.")
	if _, err := GPT2Params(saveAndLoad(t, tensors), c); err == nil || !strings.Contains(err.Error(), `no tensor "wpe.weight"`) {
		t.Errorf("another prefix: %v", err)
	}
}

// Scores scaled otherwise than by 1/sqrt(width of a head) are those of other queries; keys and values stay as they are.
func TestScaleQueries(t *testing.T) {
	tensors, c := tinyGPT2("")
	c.Heads, c.Width = 1, 2
	for i := range tensors {
		if strings.Contains(tensors[i].Name, "c_attn") {
			for k := range tensors[i].F32 {
				tensors[i].F32[k] = 1
			}
		}
	}
	c.Unscaled = true
	params, err := GPT2Params(saveAndLoad(t, tensors), c)
	if err != nil {
		t.Fatal(err)
	}
	root := float32(math.Sqrt2)
	for _, p := range params {
		if want := []float32{root, root, 1, 1, 1, 1}; strings.HasSuffix(p.Name, "c_attn.bias") && !slices.Equal(p.F32, want) ||
			strings.HasSuffix(p.Name, "c_attn.weight") && !slices.Equal(p.F32, slices.Concat(want, want)) {
			t.Errorf("%s: %s", p.Name, cmp.Diff(want, p.F32))
		}
	}
}

// The values of a file are judged by their bits in every type.
func TestCheckFinite(t *testing.T) {
	for _, test := range []struct {
		dtype DType
		bytes string
		fine  bool
	}{
		{F16, "\x00\x3c\xff\x7b", true}, {F16, "\x00\x3c\x00\x7c", false}, {BF16, "\x80\x3f\x7f\x7f", true}, {BF16, "\x80\x3f\x80\xff", false},
		{F32, "\xff\xff\x7f\x7f", true}, {F32, "\x01\x00\x80\x7f", false},
		{F64, "\x00\x00\x00\x00\x00\x00\xf0\x3f", true}, {F64, "\x00\x00\x00\x00\x00\x00\xf0\x7e", false}, // beyond 32 bits
	} {
		f := &File{path: "x", entries: map[string]entry{"w": {dtype: test.dtype, shape: []int{len(test.bytes) / int(test.dtype.size())},
			bytes: int64(len(test.bytes)), src: strings.NewReader(test.bytes)}}}
		if err := f.CheckFinite("w"); (err == nil) != test.fine {
			t.Errorf("%s %q: %v", test.dtype, test.bytes, err)
		}
	}
}

// What a download leaves in the place of a file is said, whatever the file should be.
func TestNotTheFile(t *testing.T) {
	for text, want := range map[string]string{
		"version https://git-lfs.github.com/spec/v1\n": "a pointer of Git LFS",
		"<!DOCTYPE html>\n<html>":                      "a web page",
		"\n\n<!-- sign in --><HTML>":                   "a web page",
	} {
		for _, load := range []func(string) (*File, error){Load, LoadTorch} {
			if _, err := load(writeTemp(t, []byte(text))); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v does not say %q", text, err, want)
			}
		}
	}
}
