package sweeps

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"harness/sweeps/keys"
)

// meant are files of testdata that have all their keys in place and mean something that cannot be: a schema does not see it.
var meant = []string{"04-random", "07-hydra", "13-cond", "16-strcmd", "17-noargs", "19-methodrandom", "22-wandb-nocap", "26-nogoal-hyperband", "27-yaml11", "32-mixed",
	"34-seml-mistakes", "36-hydra-mistakes", "40-nothing-to-search", "42-hydra-optuna", "45-hydra-params-text", "47-seml-empty"}

// The schema accepts what the parser accepts, and refuses what is wrong in keys, types and choices.
func TestSchemaAgreesWithTheParser(t *testing.T) {
	schema := compiled(t)
	files, err := filepath.Glob(filepath.Join("testdata", "sweepfiles", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := filepath.Glob(filepath.Join("..", "experiments", "*.yaml"))
	if err != nil || len(files) < 30 || len(builtin) < 8 {
		t.Fatalf("%d and %d files, %v", len(files), len(builtin), err)
	}
	checked := 0
	for _, file := range append(files, builtin...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, refused := Parse(file, data)
		content, err := plain(data)
		if err != nil { // no YAML, or several documents
			continue
		}
		checked++
		name := filepath.Base(file)
		name = name[:len(name)-len(".yaml")]
		switch invalid := schema.Validate(content); {
		case refused == nil && invalid != nil:
			t.Errorf("%s is read, and the schema says %v", file, invalid)
		case refused != nil && invalid == nil && !slices.Contains(meant, name):
			t.Errorf("%s: the schema accepts it, and the parser says %v", file, refused)
		case invalid != nil && slices.Contains(meant, name):
			t.Errorf("%s: the schema sees its mistake: %v", file, invalid)
		}
	}
	if checked < 40 {
		t.Errorf("only %d files were checked", checked)
	}
}

// Examples of all keys are valid, and with a letter more in their first key they are not.
func TestSchemaHasAllKeys(t *testing.T) {
	schema := compiled(t)
	for _, k := range keys.All() {
		if k.Example == "" {
			continue
		}
		content, err := plain([]byte(fileAround(k)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(content); err != nil {
			t.Errorf("%s: %v", k.Path, err)
		}
		content["x"+k.Path] = 1
		if err := schema.Validate(content); err == nil {
			t.Errorf("the schema accepts a key x%s", k.Path)
		}
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(keys.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sweep.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sweep.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// plain is a file of YAML as JSON has it.
func plain(data []byte) (map[string]any, error) {
	var content map[string]any
	d := yaml.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&content); err != nil {
		return nil, err
	}
	if d.Decode(new(any)) == nil {
		return nil, os.ErrInvalid
	}
	encoded, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	return whole.(map[string]any), nil
}
