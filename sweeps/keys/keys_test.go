package keys

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"harness/model/spec"
)

var update = flag.Bool("update", false, "write docs/sweep.schema.json")

// Every setting of the trainer has its line of words, and every line a setting.
func TestEverySettingHasWords(t *testing.T) {
	settings := map[string]bool{}
	for _, k := range Fields() {
		settings[k.Path] = true
		if k.Doc == "" {
			t.Errorf("%s is not documented", k.Path)
		}
	}
	if len(settings) < 90 {
		t.Errorf("only %d settings", len(settings))
	}
	for path := range trainer {
		if !settings[path] {
			t.Errorf("%s is documented and not a setting", path)
		}
	}
}

// Every setting of the trainer has a value in some preset, or says what holds without one.
func TestEverySettingHasADefault(t *testing.T) {
	for _, k := range Fields() {
		given := 0
		for _, preset := range spec.Presets {
			if _, ok := PresetValue(preset, k.Path); ok {
				given++
			}
		}
		if optional := strings.HasSuffix(k.Path, ".steps") || strings.HasSuffix(k.Path, ".epochs") || k.Path == "data.root"; k.Type != Group && given < len(spec.Presets) && k.Default == "" &&
			!optional && !strings.HasPrefix(k.Path, "data.synthetic.") {
			t.Errorf("%s: what holds where a preset does not give it?", k.Path)
		}
	}
}

func TestFind(t *testing.T) {
	for path, want := range map[string]string{
		"report.show": "report.show", "metrics.diffvqa/bleu4.goal": "metrics.NAME.goal", "metrics.acc": "metrics.NAME", "metrics": "metrics", "parameters.pretrain.steps": "pretrain.steps",
		"parameters.lr.values": "parameters.NAME.values", "pretrain.steps": "pretrain.steps", "base.lm.depth": "lm.depth", "ablations[].set": "ablations.set", "base.preset": "base.preset",
	} {
		if got, ok := Find(path); !ok || got.Path != want {
			t.Errorf("Find(%s) = %q, %v, want %s", path, got.Path, ok, want)
		}
	}
	for _, path := range []string{"", "reprot", "report.", "pretrain.step", "metrics.", "base"} {
		if got, ok := Find(path); ok != (path == "base") {
			t.Errorf("Find(%s) = %q, %v", path, got.Path, ok)
		}
	}
	for path, want := range map[string]string{"reprot": "report", "pretrain.step": "pretrain.steps", "steps": "pretrain.steps", "retires": "run.retries", "qqqqqqqq": ""} {
		if got := Nearest(path); got != want {
			t.Errorf("Nearest(%s) = %q, want %q", path, got, want)
		}
	}
}

// docs/sweep.schema.json is what Schema says.
func TestSchemaFileIsCurrent(t *testing.T) {
	const file = "../../docs/sweep.schema.json"
	want := Schema()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is of another version: go test ./sweeps/keys -update", file)
	}
	if !json.Valid(got) {
		t.Error("no JSON")
	}
}
