package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"harness/experiments"
	"harness/model/spec"
	"harness/sweeps"
)

// experimentOptions are the flags by which an experiment is changed.
type experimentOptions struct {
	preset  string
	set     []string
	command string // what a file that names no program runs
	native  bool   // trials of the built-in trainer run on the native engine, whatever their preset says
}

func (o *experimentOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.preset, "preset", "", "the experiment at another size: smoke, micro, nano, tiny, small or paper")
	cmd.Flags().StringArrayVar(&o.set, "set", nil, "a field of every trial set to a value, such as pretrain.steps=100; may be repeated")
}

// handle names a sweep of an experiment in a home: the experiment's name, and behind an @ what the options change, so that the
// same experiment at another size is another sweep.
func (o experimentOptions) handle(name string) string {
	changes := o.set
	if o.preset != "" {
		changes = append([]string{o.preset}, changes...)
	}
	if len(changes) == 0 {
		return name
	}
	return name + "@" + strings.Join(changes, ",")
}

// flagged is how the registry keeps the options: as they stand on a command line.
func (o experimentOptions) flagged() string {
	var words []string
	if o.preset != "" {
		words = append(words, "--preset "+o.preset)
	}
	for _, set := range o.set {
		words = append(words, "--set "+set)
	}
	return strings.Join(words, " ")
}

// loadExperiment reads a built-in experiment or a file, as the options change it.
func loadExperiment(name string, o experimentOptions) (*sweeps.Sweep, error) {
	file, data, err := readExperiment(name)
	if err != nil {
		return nil, err
	}
	s, err := sweeps.Parse(file, data)
	if err != nil {
		return nil, usageError("%w", err)
	}
	if o.command != "" {
		if err := s.SetCommand(o.command); err != nil {
			return nil, usageError("%w", err)
		}
	}
	if err := s.Override(spec.Preset(o.preset), o.set); err != nil {
		return nil, usageError("%w", err)
	}
	own, err := spec.Default(s.Preset)
	if err != nil || own.Engine == "" || s.Command != "" || !o.native {
		return s, nil
	}
	if err := s.Override("", []string{"engine=native"}); err != nil {
		return nil, usageError("%w", err)
	}
	return s, nil
}

// readExperiment finds an experiment by its name, else by its path.
func readExperiment(name string) (file string, data []byte, err error) {
	full, unknown := experiments.Find(name)
	if unknown == nil {
		data, err = experiments.Read(full)
		return full + ".yaml", data, err
	}
	data, err = os.ReadFile(name)
	switch {
	case err == nil:
		return name, data, nil
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, "./"):
		return "", nil, usageError("%w", unknown)
	}
	err = usageError("read experiment: %w", err)
	if full, unknown := experiments.Find(strings.TrimSuffix(name, ".yaml")); unknown == nil {
		err = withHint(err, fmt.Sprintf("did you mean %s? a built-in experiment is named without .yaml", full))
	}
	return "", nil, err
}

// experimentPath is the path of the file that name names, as seen from the home, so that it stays right when both are moved or
// copied together; "" for a built-in experiment.
func experimentPath(home, name string) (string, error) {
	if _, unknown := experiments.Find(name); unknown == nil {
		return "", nil
	}
	return fromHome(home, name)
}

// fromHome is a path as seen from the home, without symbolic links.
func fromHome(home, path string) (string, error) {
	from, err := realPath(home)
	if err != nil {
		return "", err
	}
	to, err := realPath(path)
	if err != nil {
		return "", err
	}
	if to, err = filepath.Rel(from, to); err != nil {
		return "", fmt.Errorf("find %s from the home: %w", path, err)
	}
	return filepath.ToSlash(to), nil
}

// inHome is the absolute path of one that was kept as seen from the home; "" stays.
func inHome(home, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	real, err := realPath(home)
	if err != nil {
		return path
	}
	return filepath.Join(real, filepath.FromSlash(path))
}

// realPath is an absolute path without symbolic links, as far as it exists.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for at := path; ; {
		real, err := filepath.EvalSymlinks(at)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) || at == filepath.Dir(at) { // what cannot be is said by who makes it
			return "", err
		}
		at, rest = filepath.Dir(at), filepath.Join(filepath.Base(at), rest)
	}
}

// written lists the files and folders that a command has made.
type written struct {
	Files []string `json:"files"`
}

func (f written) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, f)
	}
	for _, path := range f.Files {
		if _, err := fmt.Fprintln(w, path); err != nil {
			return err
		}
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
