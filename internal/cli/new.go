package cli

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"harness/internal/atomicfile"
	"harness/sweeps"
)

// templates are the files that new writes.
//
//go:embed templates
var templates embed.FS

// draftKind is what a new sweep file is for.
type draftKind string

// The kinds.
const (
	draftTrainer draftKind = "trainer"
	draftProgram draftKind = "program"
	draftWandB   draftKind = "wandb"
)

var draftKinds = []string{string(draftTrainer), string(draftProgram), string(draftWandB)}

// newOptions are the flags of new.
type newOptions struct {
	kind    string
	program string
	from    string
	options bool
	json    bool
}

func newNewCommand() *cobra.Command {
	var o newOptions
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a commented sweep file to start from",
		Long: `Write NAME.yaml, a sweep file in which every line says what it does. It runs as it stands, and nothing is overwritten.

  harness new NAME                          for the built-in trainer
  harness new NAME --kind program           for a program of your own, with a small train.py that shows how numbers are reported
  harness new NAME --program train.py       for the program that is there; --read-options lists its options by calling it with --help
  harness new NAME --kind wandb             a sweep file of W&B, with a train.py
  harness new NAME --from wandb-sweep.yaml  a file of ours from one of W&B`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			return writeDraft(cmd, cmd.OutOrStdout(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.kind, "kind", string(draftTrainer), "what runs the trials: trainer, program or wandb")
	f.StringVar(&o.program, "program", "", "the program that runs the trials")
	f.BoolVar(&o.options, "read-options", false, "call the program with --help and list its options in the file")
	f.StringVar(&o.from, "from", "", "a sweep file of W&B to begin with")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// check settles the kind and refuses what does not go together.
func (o *newOptions) check(cmd *cobra.Command) error {
	given := cmd.Flags().Changed("kind")
	switch {
	case !slices.Contains(draftKinds, o.kind):
		return usageError("--kind %s: want %s", o.kind, strings.Join(draftKinds, ", "))
	case o.from != "" && o.program != "":
		return usageError("--from and --program: want one of them: the file of W&B names its program")
	case o.from != "" && given && o.kind != string(draftWandB):
		return usageError("--from and --kind %s: --from takes a file of W&B", o.kind)
	case o.options && o.program == "":
		return usageError("--read-options: of which program? give --program FILE")
	case o.program != "" && given && o.kind == string(draftTrainer):
		return usageError("--program and --kind trainer: the built-in trainer runs no program")
	}
	if o.program != "" && !given {
		o.kind = string(draftProgram)
	}
	return nil
}

// draft is what the templates are filled with.
type draft struct {
	Name, File string
	Program    string
	Command    string   // as the file writes it
	Own        bool     // the program is the small one that is written beside
	Seeds      bool     // the program takes --seed
	Options    []string // lines that list the program's options
	Schema     string   // the line for editors, where a schema lies beside
	Wide       int      // how many bytes the longest command of the heading has
}

// schemaBeside is the file that "harness schema sweep" is printed into, by its usual name.
const schemaBeside = "sweep.schema.json"

// writeDraft writes the file, and a program where there is none.
func writeDraft(cmd *cobra.Command, w io.Writer, target string, o newOptions) error {
	name := strings.TrimSuffix(filepath.Base(target), ".yaml")
	if !sweeps.ValidName(name) {
		return usageError("new: %q: want letters, digits, dots, dashes and underscores", name)
	}
	d := draft{Name: name, File: filepath.Join(filepath.Dir(target), name+".yaml"), Program: o.program, Seeds: true}
	d.Wide = len("harness sweep  --dry-run") + len(d.File)
	if _, err := os.Stat(filepath.Join(filepath.Dir(d.File), schemaBeside)); err == nil {
		d.Schema = "# yaml-language-server: $schema=" + schemaBeside + "\n"
	}
	var files []string
	text, err := o.text(cmd, &d)
	if err != nil {
		return err
	}
	if _, err := sweeps.Parse(d.File, text); err != nil { // a draft that would be refused is not written
		return usageError("%w", err)
	}
	if err := create(d.File, text); err != nil {
		return err
	}
	files = append(files, d.File)
	if d.Own {
		program, err := templates.ReadFile("templates/train.py")
		if err == nil {
			err = create(d.Program, program)
		}
		if err != nil {
			return errors.Join(err, os.Remove(d.File))
		}
		files = append(files, d.Program)
	}
	if o.json {
		return written{files}.print(w, true)
	}
	fmt.Fprintf(w, "wrote %s\n", strings.Join(files, " and "))
	fmt.Fprintf(w, "next: harness sweep %s --dry-run\n", d.File)
	return nil
}

// text is the file's content.
func (o newOptions) text(cmd *cobra.Command, d *draft) ([]byte, error) {
	if o.from != "" {
		return fromWandB(d, o.from)
	}
	if o.kind == string(draftTrainer) {
		return fill("trainer.yaml", d)
	}
	if d.Own = d.Program == ""; d.Own {
		d.Program = filepath.Join(filepath.Dir(d.File), "train.py")
		if _, err := os.Stat(d.Program); err == nil {
			return nil, withHint(usageError("new: %s is there already", d.Program), "to use it, give --program "+d.Program)
		}
	} else if err := o.readProgram(cmd, d); err != nil {
		return nil, err
	}
	d.Command = commandWords(d.Program)
	return fill(o.kind+".yaml", d)
}

func fill(name string, d *draft) ([]byte, error) {
	t, err := template.ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, d)
	return b.Bytes(), err
}

// interpreters start programs by the end of their names.
var interpreters = map[string]string{".py": "python3", ".sh": "sh", ".R": "Rscript", ".r": "Rscript", ".jl": "julia", ".js": "node", ".rb": "ruby", ".pl": "perl"}

// programWords start a program: with its interpreter, or as it lies there.
func programWords(program string) []string {
	if with := interpreters[filepath.Ext(program)]; with != "" {
		return []string{with, program}
	}
	if !strings.ContainsRune(program, filepath.Separator) {
		program = "." + string(filepath.Separator) + program
	}
	return []string{program}
}

// commandWords is the command line of a program, as a list of YAML.
func commandWords(program string) string {
	words := programWords(program)
	for i, word := range words {
		words[i] = quotedYAML(filepath.ToSlash(word))
	}
	return "[" + strings.Join(words, ", ") + `, "${args}"]`
}

// quotedYAML is a word of a list in YAML, in quotes where it needs them.
func quotedYAML(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._/-", r)
	}
	if strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 && word != "" && word[0] != '-' {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", "''") + "'"
}

// create writes a file that is not there yet.
func create(path string, data []byte) error {
	f, err := atomicfile.CreateNew(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	switch err := f.Commit(); {
	case errors.Is(err, fs.ErrExist):
		return withHint(usageError("new: %s is there already", path), "choose another name: nothing is overwritten")
	case err != nil:
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
