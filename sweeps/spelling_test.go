package sweeps

import (
	"slices"
	"strings"
	"testing"

	"harness/model/spec"
)

// TestEvalIsTest: eval is another spelling of test, in a file and in --set, of the same trials; of a program it is its own key.
func TestEvalIsTest(t *testing.T) {
	ids := func(text string, sets ...string) []string { return plannedIDs(t, text, sets...) }
	file := "version: 1\nname: x\nbase: {preset: smoke, eval.pairs: 3, eval: {bertscore: {model: m, layer: 4, idf: true, rescale: false}}}\n" +
		"parameters:\n  eval.beam: {values: [1, 2]}\nseeds: [0]\n"
	want := ids(strings.ReplaceAll(file, "eval", "test"), "test.max_new_tokens=7")
	for _, text := range []string{file, strings.Replace(file, "eval.beam: {values: [1, 2]}", "eval: {parameters: {beam: {values: [1, 2]}}}", 1)} {
		if got := ids(text, "eval.max_new_tokens=7"); strings.Join(got, " ") != strings.Join(want, " ") || len(got) < 2 {
			t.Errorf("IDs %q, want %q", got, want)
		}
	}
	program := "version: 1\nname: x\nprogram: t.py\ncommand: [\"true\", \"${args}\"]\nbase: {eval.pairs: 3}\nseeds: [0]\n"
	s, err := Parse("x.yaml", []byte(program))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(func(t *spec.Trial) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if args := string(plan.Trials[0].Spec.Args); !strings.Contains(args, "eval") {
		t.Errorf("the program's arguments are %s", args)
	}
	for text, want := range map[string]string{
		"base: {preset: smoke, eval.bertscore.rescale: true}":   "name the file",
		"base: {preset: smoke, eval.bertscore.model_digest: x}": "computed, not set",
		"base: {preset: smoke, eval.bertscore: {layers: 3}}":    "unknown field",
		"base: {preset: smoke, eval.bertscore.layer: 3}":        "There is no test.bertscore.model",
		"base: {preset: smoke, test.bertscore.rescale: 3}":      "want a baseline file",
	} {
		s, err := Parse("x.yaml", []byte("version: 1\nname: x\n"+text+"\nseeds: [0]\n"))
		if err == nil {
			_, err = s.Expand(nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "line 3") {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// plannedIDs are the IDs of the trials of a file, with --set.
func plannedIDs(t *testing.T, text string, sets ...string) []string {
	t.Helper()
	s, err := Parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Override("", sets); err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan.IDs()
}

// pretrain.images is what pretrain.batch was called: files and --set of that time give the same trials.
func TestImagesIsBatch(t *testing.T) {
	ids := func(text string, sets ...string) []string {
		return plannedIDs(t, "version: 1\nname: x\nseeds: [0]\n"+text, sets...)
	}
	own := ids("base: {preset: smoke}\n")
	want := ids("base: {preset: smoke, pretrain: {batch: 3}}\n")
	if slices.Equal(want, own) {
		t.Fatal("the batch changes nothing: the test shows nothing")
	}
	for _, got := range [][]string{
		ids("base: {preset: smoke, pretrain: {images: 3}}\n"),
		ids("base: {preset: smoke, pretrain.images: 3}\n"),
		ids("base: {preset: smoke}\n", "pretrain.images=3"),
		ids("base: {preset: smoke}\nparameters:\n  pretrain.images: {values: [3]}\n"),
	} {
		if !slices.Equal(got, want) {
			t.Errorf("IDs %q, want %q", got, want)
		}
	}
}
