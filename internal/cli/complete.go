package cli

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"harness/experiments"
	"harness/internal/escape"
	"harness/internal/view"
	"harness/registry"
	"harness/sweeps/keys"
)

// word is what may stand in a place of the command line, with a few words on it.
type word struct{ text, about string }

// typed is what the shell has so far.
type typed struct {
	cmd  *cobra.Command
	args []string
	text string // of the word at hand
}

// completer lists what may stand in a place.
type completer func(t typed) []word

// completes gives every command and every flag below root what its shell can complete: arguments by the words of the line of use, flags
// by the table of choices.
func completes(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		completes(cmd)
	}
	if root.ValidArgsFunction == nil && len(root.ValidArgs) == 0 && !root.HasSubCommands() {
		root.ValidArgsFunction = completeArguments
	}
	root.Flags().VisitAll(func(f *pflag.Flag) {
		if of := completerOf(root, f); of != nil {
			_ = root.RegisterFlagCompletionFunc(f.Name, func(cmd *cobra.Command, args []string, text string) ([]cobra.Completion, cobra.ShellCompDirective) {
				return answered(of(typed{cmd, args, text}), text)
			})
		}
	})
}

// placeholders are the words of lines of use for which something can be listed.
var placeholders = map[string]completer{
	"NAME": experimentsAndSweeps, "SWEEP": sweepNames, "ID": trialNames, "FILE": sweepFiles, "KEY": keyNames,
}

// completeArguments answers with what may stand at the place at hand; where that is a file of any kind, the shell lists files.
func completeArguments(cmd *cobra.Command, args []string, text string) ([]cobra.Completion, cobra.ShellCompDirective) {
	of := argumentsOf(cmd, len(args))
	if of == nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return answered(of(typed{cmd, args, text}), text)
}

// argumentsOf completes the argument number n, by the line of use: "show ID", "bundle NAME|ID...", "import mlflow|wandb DIR". It is nil
// where only a file or a folder can stand.
func argumentsOf(cmd *cobra.Command, n int) completer {
	var all []completer
	files := false
	for form := range strings.SplitSeq(strings.TrimPrefix(cmd.Use, cmd.Name()), " | ") {
		places := strings.Fields(strings.TrimPrefix(strings.TrimSpace(form), cmd.Name()+" "))
		places = slices.DeleteFunc(places, func(p string) bool { return strings.HasPrefix(strings.Trim(p, "[]"), "-") })
		at := n
		if last := len(places) - 1; at > last {
			if last < 0 || !strings.Contains(places[last], "...") {
				continue
			}
			at = last
		}
		for one := range strings.SplitSeq(strings.Trim(places[at], "[].…"), "|") {
			one = strings.Trim(one, "[].")
			switch of := placeholders[one]; {
			case of != nil && (one != "NAME" || cmd.Name() != "new"): // a new name is known to nobody
				all = append(all, of)
			case one == strings.ToLower(one):
				all = append(all, choices(one))
			case one == "DIR", one == "HYPS", one == "REFS", one == "PATH":
				files = true
			}
		}
	}
	if files && all == nil {
		return nil
	}
	return func(t typed) []word {
		var words []word
		for _, of := range all {
			words = append(words, of(t)...)
		}
		return words
	}
}

// answered are the words that go on from text, as a shell is told.
func answered(words []word, text string) ([]cobra.Completion, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	var list []cobra.Completion
	seen := map[string]bool{}
	open := true
	for _, w := range words {
		if !strings.HasPrefix(w.text, text) || seen[w.text] || escape.Line(w.text) != w.text {
			continue
		}
		seen[w.text] = true
		open = open && (strings.HasSuffix(w.text, "/") || strings.HasSuffix(w.text, "="))
		list = append(list, cobra.CompletionWithDesc(w.text, escape.Line(w.about)))
	}
	if open && len(list) > 0 {
		directive |= cobra.ShellCompDirectiveNoSpace
	}
	return list, directive
}

// glance calls read with the home's names; a home that cannot be read at once has none.
func (t typed) glance(read func(ctx context.Context, g *registry.Glance)) {
	g, err := registry.GlanceAt(homeOf(t.cmd))
	if err != nil {
		return
	}
	defer g.Close()
	read(t.cmd.Context(), g)
}

func experimentsAndSweeps(t typed) []word {
	var words []word
	if t.cmd.Name() != "sweep" { // its names are those of files and of built-in experiments
		words = sweepNames(t)
	}
	if !strings.Contains(t.cmd.Use, "NAME|FILE") { // what was not run is nothing to it
		return words
	}
	for _, name := range experiments.Names() {
		words = append(words, word{name, "built-in experiment"})
	}
	return words
}

func sweepNames(t typed) []word {
	var words []word
	t.glance(func(ctx context.Context, g *registry.Glance) {
		list, _ := g.Sweeps(ctx)
		for _, s := range list {
			words = append(words, word{s.Handle, "planned " + s.Planned.Local().Format("2006-01-02 15:04")})
		}
	})
	return words
}

// mostTrials bounds how many trials a shell lists at once: the newest.
const mostTrials = 200

func trialNames(t typed) []word {
	var words []word
	t.glance(func(ctx context.Context, g *registry.Glance) {
		list, _ := g.Trials(ctx, strings.ToLower(t.text), mostTrials)
		short := map[string]int{}
		for _, trial := range list {
			short[trial.ID[:8]]++
		}
		for _, trial := range list {
			id := trial.ID
			if short[id[:8]] == 1 && len(t.text) <= 8 {
				id = id[:8]
			}
			words = append(words, word{id, trial.Label + ", " + string(trial.State)})
		}
	})
	return words
}

// sweepFiles lists YAML files and folders below the path at hand.
func sweepFiles(t typed) []word {
	dir, begun := filepath.Split(t.text)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return nil
	}
	var words []word
	for _, e := range entries {
		name := e.Name()
		switch ext := filepath.Ext(name); {
		case strings.HasPrefix(name, ".") && !strings.HasPrefix(begun, "."):
		case e.IsDir():
			words = append(words, word{dir + name + "/", ""})
		case ext == ".yaml" || ext == ".yml":
			words = append(words, word{dir + name, "sweep file"})
		case ext == ".zst" && strings.Contains(t.cmd.Use, "bundle"), ext == ".zst" && t.cmd.Name() == "verify":
			words = append(words, word{dir + name, "bundle"})
		}
	}
	return words
}

func keyNames(typed) []word {
	var words []word
	for _, k := range keys.All() {
		words = append(words, word{k.Path, firstSentence(k.Doc)})
	}
	return words
}

// settingNames lists the keys of --set, and behind the = the choices of one.
func settingNames(t typed) []word {
	path, _, valued := strings.Cut(t.text, "=")
	var words []word
	for _, k := range keys.Fields() {
		switch {
		case valued && k.Path == path:
			for _, choice := range k.Choices {
				words = append(words, word{path + "=" + choice, ""})
			}
		case !valued && k.Type != keys.Group:
			words = append(words, word{k.Path + "=", firstSentence(k.Doc)})
		}
	}
	for _, name := range []string{"seeds", "run_cap", "search_seed"} {
		k, _ := keys.Find(name)
		words = append(words, word{name + "=", firstSentence(k.Doc)})
	}
	return words
}

func slurmNames(typed) []word {
	var words []word
	for _, name := range keys.Below("slurm") {
		k, _ := keys.Find("slurm." + name)
		words = append(words, word{name + "=", firstSentence(k.Doc)})
	}
	return words
}

// glanced completes names that the home has.
func glanced(list func(*registry.Glance, context.Context) ([]string, error)) completer {
	return func(t typed) []word {
		var words []word
		t.glance(func(ctx context.Context, g *registry.Glance) {
			names, _ := list(g, ctx)
			words = choices(names...)(t)
		})
		return words
	}
}

var (
	metricNames = glanced((*registry.Glance).Metrics)
	paramNames  = glanced((*registry.Glance).Params)
	tagNames    = glanced((*registry.Glance).Tags)
)

// listedNames are the names of the filter language: those that stand alone, and what the home's trials have.
func listedNames(t typed) []word {
	var words []word
	for _, name := range view.FilterNames() {
		words = append(words, word{name, ""})
	}
	t.glance(func(ctx context.Context, g *registry.Glance) {
		for _, kind := range []struct {
			prefix string
			list   func(context.Context) ([]string, error)
		}{{"metrics.", g.Metrics}, {"params.", g.Params}} {
			list, _ := kind.list(ctx)
			for _, name := range list {
				words = append(words, word{kind.prefix + name, ""})
			}
		}
	})
	return words
}

// falling are names, or behind a - the names for falling order.
func falling(of completer) completer {
	return func(t typed) []word {
		words := of(t)
		if strings.HasPrefix(t.text, "-") {
			for i := range words {
				words[i].text = "-" + words[i].text
			}
		}
		return words
	}
}

// several completes the last of words with commas.
func several(of completer) completer {
	return func(t typed) []word {
		before := t.text[:strings.LastIndexByte(t.text, ',')+1]
		given := strings.Split(before, ",")
		t.text = t.text[len(before):]
		var words []word
		for _, w := range of(t) {
			if !slices.Contains(given, w.text) {
				words = append(words, word{before + w.text, w.about})
			}
		}
		return words
	}
}

// within completes the last name of a condition.
func within(of completer) completer {
	return func(t typed) []word {
		before := t.text[:strings.LastIndexAny(t.text, " (,!")+1]
		if strings.Count(before, "'")%2 == 1 || strings.Count(before, `"`)%2 == 1 { // inside a text
			return nil
		}
		t.text = t.text[len(before):]
		words := of(t)
		for i := range words {
			words[i].text = before + words[i].text
		}
		return words
	}
}

// choices completes one of a few words.
func choices(texts ...string) completer {
	words := make([]word, len(texts))
	for i, text := range texts {
		words[i].text = text
	}
	return func(typed) []word { return words }
}

// textsOf are choices of a named type as texts.
func textsOf[T ~string](list []T) []string {
	texts := make([]string, len(list))
	for i, one := range list {
		texts[i] = string(one)
	}
	return texts
}
