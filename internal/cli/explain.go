package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/metrics"
	"harness/model/spec"
	"harness/sweeps/keys"
)

func newExplainCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain [KEY]",
		Short: "Say what a key of a sweep file means",
		Long: `Say what a key of a sweep file means: its type, unit, choices, what holds where it is not given, an example, and the section of the paper.
Without KEY all keys are listed.

  harness explain report.show
  harness explain pretrain            a group: what is in it
  harness explain metrics.acc.goal    names of your own stand for NAME`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found := keys.All()
			if len(args) == 1 {
				if found = keysNamed(args[0]); len(found) == 0 {
					return unknownKey(args[0])
				}
			}
			w := cmd.OutOrStdout()
			switch {
			case asJSON:
				return printJSON(w, explained(found))
			case len(args) == 0:
				printTree(w)
			default:
				for i, k := range found {
					if i > 0 {
						fmt.Fprintln(w)
					}
					printKey(w, k, len(found) > 1)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// keysNamed are the keys that a word may mean: one of the file, a setting of the trainer, or both, as method is.
func keysNamed(path string) []keys.Key {
	var found []keys.Key
	if k, ok := keys.Find(path); ok {
		found = append(found, k)
	}
	if k, ok := keys.Find("base." + path); ok && !slices.ContainsFunc(found, func(f keys.Key) bool { return f.Of == keys.Trainer }) {
		found = append(found, k)
	}
	return found
}

func unknownKey(path string) error {
	err := usageError("explain: no key %q", path)
	if meant := keys.Nearest(path); meant != "" {
		return withHint(err, "did you mean "+meant+"?")
	}
	return withHint(err, "harness explain lists all keys")
}

// printTree prints every key with the first sentence on it.
func printTree(w io.Writer) {
	for _, part := range []struct {
		title string
		of    keys.Tool
	}{
		{"Keys of a sweep file", keys.Ours},
		{"Words of W&B that are read, too", keys.WandB},
		{"Settings of the built-in trainer, below base, parameters, ablations and --set", keys.Trainer},
	} {
		fmt.Fprintf(w, "%s:\n", part.title)
		for _, k := range keys.All() {
			if k.Of == part.of {
				indent := strings.Repeat("  ", 1+strings.Count(k.Path, "."))
				fmt.Fprintf(w, "%-28s %s\n", indent+k.Name(), firstSentence(k.Doc))
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "harness explain KEY says more, such as harness explain report.show")
}

// firstSentence ends at the first full stop or colon that a blank follows.
func firstSentence(text string) string {
	for i := range len(text) - 1 {
		if (text[i] == '.' || text[i] == ':') && text[i+1] == ' ' {
			return text[:i]
		}
	}
	return strings.TrimSuffix(text, ".")
}

// printKey prints one key; apart tells which of two of a name it is.
func printKey(w io.Writer, k keys.Key, apart bool) {
	head := k.Path
	if apart && k.Of == keys.Trainer {
		head = "base." + k.Path
	}
	fmt.Fprintf(w, "%s: %s\n", head, k.Type)
	fmt.Fprintf(w, "  %s\n", k.Doc)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-9s %s\n", name, value)
		}
	}
	if k.Required {
		row("required", "yes")
	}
	row("one of", strings.Join(k.Choices, ", "))
	row("unit", k.Unit)
	if k.HasLeast {
		row("at least", fmt.Sprint(k.Least))
	}
	row("default", defaultOf(k))
	row("paper", k.Paper)
	if k.Of == keys.WandB {
		row("word of", string(k.Of))
	}
	printBelow(w, k)
	if k.Example != "" {
		fmt.Fprintf(w, "example:\n    %s\n", strings.ReplaceAll(k.Example, "\n", "\n    "))
	}
}

// defaultOf says what holds where the key is not given: of a setting what each preset has.
func defaultOf(k keys.Key) string {
	if k.Of != keys.Trainer || k.Type == keys.Group {
		return k.Default
	}
	var parts []string
	same := true
	for i, preset := range spec.Presets {
		value, given := keys.PresetValue(preset, k.Path)
		if !given {
			value = k.Default
		}
		if value == "" {
			value = "not given"
		}
		parts = append(parts, value)
		same = same && parts[i] == parts[0]
	}
	if same {
		return parts[0] + " (all presets)"
	}
	for i, preset := range spec.Presets {
		parts[i] = string(preset) + " " + parts[i]
	}
	return strings.Join(parts, "; ")
}

// printBelow lists the keys of a group, and the metrics that the built-in trainer records.
func printBelow(w io.Writer, k keys.Key) {
	first := true
	for _, below := range keys.All() {
		rest, ok := strings.CutPrefix(below.Path, k.Path+".")
		if !ok || below.Of != k.Of || strings.Contains(strings.TrimPrefix(rest, "NAME."), ".") {
			continue
		}
		if first {
			fmt.Fprintln(w, "keys:")
			first = false
		}
		fmt.Fprintf(w, "  %-20s %s\n", rest, firstSentence(below.Doc))
	}
	if k.Path != "metrics" {
		return
	}
	fmt.Fprintln(w, "metrics of the built-in trainer:")
	for _, m := range metrics.Recorded() {
		fmt.Fprintf(w, "  %-32s %s\n", m.Name, strings.TrimSpace(m.Label+" "+m.Unit))
	}
}

// explainedKey is a key as explain prints it for programs.
type explainedKey struct {
	Key      string            `json:"key"`
	Of       string            `json:"of"`
	Type     keys.Type         `json:"type"`
	Doc      string            `json:"doc"`
	Required bool              `json:"required"`
	Choices  []string          `json:"choices"`
	Unit     string            `json:"unit,omitempty"`
	Least    *float64          `json:"least,omitempty"`
	Default  string            `json:"default,omitempty"`
	Presets  map[string]string `json:"presets,omitempty"`
	Paper    string            `json:"paper,omitempty"`
	Example  string            `json:"example,omitempty"`
}

func explained(list []keys.Key) []explainedKey {
	all := make([]explainedKey, len(list))
	for i, k := range list {
		all[i] = explainedKey{Key: k.Path, Of: "file", Type: k.Type, Doc: k.Doc, Required: k.Required, Choices: k.Choices, Unit: k.Unit, Default: k.Default, Paper: k.Paper, Example: k.Example}
		if k.Choices == nil {
			all[i].Choices = []string{}
		}
		if k.HasLeast {
			all[i].Least = &k.Least
		}
		switch k.Of {
		case keys.WandB:
			all[i].Of = "wandb"
		case keys.Trainer:
			all[i].Of = "trainer"
			for _, preset := range spec.Presets {
				if value, given := keys.PresetValue(preset, k.Path); given {
					if all[i].Presets == nil {
						all[i].Presets = map[string]string{}
					}
					all[i].Presets[string(preset)] = value
				}
			}
		}
	}
	return all
}
