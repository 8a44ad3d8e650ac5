package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"

	"harness/docs"
)

// printed are commands that print JSON, in the order in which they are run, and the schemas of what they print. $ID and $OTHER are two
// trials of the program, $BUILTIN one of the built-in trainer. "-" says that the command only prepares.
var printed = []struct{ schema, command string }{
	{"sweep-dry-run", "sweep study.yaml --dry-run --json"},
	{"sweep-dry-run", "sweep trained.yaml --dry-run --json"},
	{"ls", "sweep study.yaml --json"},
	{"-", "sweep trained.yaml --quiet"},
	{"ls", "ls --json"},
	{"ls", "ls study --json --state done"},
	{"ls-sweeps", "ls --sweeps --json"},
	{"trial-tag", "trial tag $ID --add best,last --json"},
	{"trial-note", "trial note $ID noted --json"},
	{"trial-note", "trial note $ID --json"},
	{"ls", "ls --json --filter diverged"},
	{"show", "show $ID --json"},
	{"show", "show $BUILTIN --json"},
	{"diff", "diff $ID $OTHER --json"},
	{"status", "status --json"},
	{"status", "top --json"},
	{"report", "report study --json"},
	{"report", "report trained --format json"},
	{"examples", "examples trained --json"},
	{"plot", "plot study --out plots --kind bars --json"},
	{"export", "export study --out points.csv --json"},
	{"export", "export study --to tensorboard --out tb --json"},
	{"export-model", "export-model $BUILTIN model --json"},
	{"import", "import tensorboard tb --name taken --dry-run --json"},
	{"import", "import tensorboard tb --name taken --json"},
	{"trial-rerun", "trial rerun $ID --quiet --json"},
	{"bundle", "bundle study -o study.tar.zst --json"},
	{"bundle", "bundle --check study.tar.zst --json"},
	{"unbundle-list", "unbundle study.tar.zst --list --json"},
	{"unbundle", "unbundle study.tar.zst --home other --json"},
	{"verify", "verify --json"},
	{"bundle", "verify study.tar.zst --json"},
	{"gc", "gc --json"},
	{"gc", "gc --yes --json"},
	{"backup", "backup kept --json"},
	{"verify", "backup --check kept --json"},
	{"backup", "backup kept.tar.zst --json"},
	{"-", "sweep slow.yaml --detach"},
	{"status", "status --json"},
	{"status", "top --json"},
	{"cancel", "cancel slow --yes --json"},
	{"trial-rm", "trial rm $OTHER --yes --json"},
	{"trial-rm", "trial rm --filter seed==99 --yes --json"},
	{"new", "new begun --kind program --json"},
	{"man", "man manual --json"},
	{"explain", "explain --json"},
	{"explain", "explain report.show --json"},
	{"data-synth", "data synth data --patients 10 --json"},
	{"data-show", "data show data -o page.png --n 2 --json"},
	{"data-check", "data check data --json"},
	{"data-check", "data check data --json --list"},
	{"score", "score a.txt refs.txt --json"},
	{"score", "score a.txt b.txt refs.txt --test --resamples 40 --trials 40 --json"},
	{"score", "score --metrics label,finding a.txt refs.txt --json"},
	{"doctor", "doctor --json"},
	{"version", "version --json"},
}

// TestOutputsFollowTheirSchemas runs the real commands and holds what they print to the schemas of the documents, in which nothing else
// is allowed. Every schema is met.
func TestOutputsFollowTheirSchemas(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"study.yaml":   "version: 1\nname: study\ncommand: [sh, train.sh, \"${seed}\"]\nparameters: {lr: {values: [0.1, 0.2]}}\nseeds: [0, 1]\nmetrics: {acc: {goal: maximize}, loss: {goal: minimize}}\n",
		"slow.yaml":    "version: 1\nname: slow\ncommand: [sleep, \"60\"]\n",
		"trained.yaml": "version: 1\nname: trained\nbase: {preset: smoke, diffvqa.questions: all}\ncontrols: {untrained: false}\nmetrics: {diffvqa/bleu4: , caref/acc50: }\n",
		"train.sh":     "echo \"{\\\"acc\\\": 0.$1, \\\"loss\\\": NaN, \\\"step\\\": 1}\"\necho '{\"note\": \"data\", \"text\": \"release 2\"}'\necho \"{\\\"acc\\\": 0.5$1, \\\"loss\\\": 2, \\\"step\\\": 2}\"\n",
		"a.txt":        "there is no pleural effusion\nthe heart is normal\n", "b.txt": "no effusion\nnormal heart\n", "refs.txt": "there is a pleural effusion\nthe heart is large\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compiled := map[string]*jsonschema.Schema{}
	ids := map[string]string{}
	for _, p := range printed {
		out := harnessOut(t, dir, strings.NewReplacer("$ID", ids["ID"], "$OTHER", ids["OTHER"], "$BUILTIN", ids["BUILTIN"]).Replace(p.command))
		if p.command == "ls --json" {
			ids = twoTrials(t, out)
		}
		if p.schema == "-" {
			continue
		}
		if compiled[p.schema] == nil {
			compiled[p.schema] = compiledOutput(t, p.schema)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
		if err != nil {
			t.Errorf("%s: %v: %.300s", p.command, err, out)
		} else if err := compiled[p.schema].Validate(value); err != nil {
			t.Errorf("%s: %v", p.command, err)
		}
	}
	for _, name := range docs.Schemas() {
		if compiled[name] == nil && name != "sweep" {
			t.Errorf("nothing was printed by the schema %s", name)
		}
	}
}

// harnessOut runs the program, and returns what it prints.
func harnessOut(t *testing.T, dir, words string) []byte {
	t.Helper()
	c := exec.Command("harness", strings.Fields(words)...)
	c.Dir, c.Env = dir, append(os.Environ(), "HARNESS_HOME="+filepath.Join(dir, "runs"))
	if i := strings.Index(words, " --home other"); i > 0 {
		c.Env = os.Environ()
	}
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		t.Fatalf("harness %s: %v: %s", words, err, said.String())
	}
	return out
}

// twoTrials finds the trials that the commands speak of.
func twoTrials(t *testing.T, out []byte) map[string]string {
	t.Helper()
	list, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, one := range list.([]any) {
		trial := one.(map[string]any)
		name := "BUILTIN"
		if trial["sweep"] == "study" {
			if name = "OTHER"; ids["ID"] == "" {
				name = "ID"
			}
		}
		ids[name] = trial["id"].(string)
	}
	if len(ids) != 3 {
		t.Fatalf("%v", ids)
	}
	return ids
}

func compiledOutput(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := docs.Schema(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name+".json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// Every command with --json is run above.
func TestAllOutputsAreMet(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		path := strings.TrimPrefix(cmd.CommandPath(), "harness ")
		met := slices.ContainsFunc(printed, func(p struct{ schema, command string }) bool {
			return strings.HasPrefix(p.command, path+" ") && strings.Contains(p.command+" ", " --json ")
		})
		if cmd.Flags().Lookup("json") != nil && !cmd.Hidden && !met {
			t.Errorf("harness %s --json has no schema that it is held to", path)
		}
	}
	walk(newRootCommand())
}
