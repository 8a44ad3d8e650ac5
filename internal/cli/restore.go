package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/filelock"
	"harness/model"
	"harness/model/checkpoint/hub"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/homes"
	"harness/registry/provenance"
)

// restoring are the flags of trial rerun that say where data, weights and code are found on another machine.
type restoring struct {
	data       string
	inputs     []string
	incomplete bool
}

func (o *restoring) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "folder of the data: data.root of a built-in trial; files of a program's folder that are not in its snapshot")
	f.StringArrayVar(&o.inputs, "input", nil, "KEY=PATH: where another input of a built-in trial lies, such as lm.weights")
	f.BoolVar(&o.incomplete, "incomplete", false, "run a program although files of its folder are missing")
}

// givenInputs is the spec of a trial with the paths that the flags give. What the trial reads must be there, with the contents by
// which the trial was named.
func (o *restoring) givenInputs(ctx context.Context, home string, t registry.Trial) (spec.Trial, error) {
	s := t.Spec
	if s.Command != "" {
		if len(o.inputs) > 0 {
			return s, usageError("--input: trial %s runs a program: --data gives the files that it needs", t.ID)
		}
		return s, nil
	}
	given := map[string]string{}
	if o.data != "" {
		given["data.root"] = o.data
	}
	for _, text := range o.inputs {
		key, path, ok := strings.Cut(text, "=")
		if !ok || path == "" {
			return s, usageError("--input %s: want KEY=PATH", escape.Line(text))
		}
		given[key] = path
	}
	var keys []string
	for _, in := range s.Inputs() {
		path, ok := given[in.Key]
		if *in.Path != "" {
			keys = append(keys, in.Key)
		}
		if !ok {
			continue
		}
		if *in.Path == "" {
			return s, usageError("trial %s reads no %s%s", t.ID, in.Key, orOf(keysOf(s)))
		}
		*in.Path = path
		delete(given, in.Key)
	}
	for key := range given {
		return s, usageError("--input %s: trial %s has no such input%s", escape.Line(key), t.ID, orOf(keys))
	}
	return s, checkInputs(ctx, home, t.ID, s)
}

func keysOf(s spec.Trial) (keys []string) {
	for _, in := range s.Inputs() {
		if *in.Path != "" {
			keys = append(keys, in.Key)
		}
	}
	return keys
}

// orOf lists what may be given instead.
func orOf(keys []string) string {
	if len(keys) == 0 {
		return ": it reads nothing but what it makes itself"
	}
	return ": want some of " + strings.Join(keys, ", ")
}

// checkInputs refuses a rerun whose data or weights are not there, or are others.
func checkInputs(ctx context.Context, home, id string, s spec.Trial) error {
	if !s.Sealed() {
		return nil
	}
	now := s
	err := model.Seal(ctx, home, openHub(hub.CacheOnly, nil), &now)
	if err == nil {
		for _, in := range inputs(s, now) {
			if in.changed() {
				return fmt.Errorf("trial %s: %s %s is another than the trial was run with: its digest is %s, that of then %s", id, in.key, in.path, in.now, in.then)
			}
		}
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var wanted []string
	for _, in := range inputs(s, s) {
		if in.path != "" {
			wanted = append(wanted, fmt.Sprintf("%s (here %s) with digest %s", in.key, in.path, in.then))
		}
	}
	return withHint(fmt.Errorf("trial %s cannot be run again here: %w; it reads %s", id, err, strings.Join(wanted, "; ")),
		"--data DIR gives data.root, --input KEY=PATH the others")
}

// program prepares the folder that a program runs in again: the one in which its result was made, or a copy made of its snapshot. What
// it returns is empty for a built-in trial.
func (o *restoring) program(ctx context.Context, log io.Writer, db *registry.DB, t registry.Trial, a registry.Attempt) (dir string,
	code func(dir string, given []string) (digest, commit, diff string), end func(), err error) {
	end = func() {}
	if t.Spec.Command == "" {
		return "", nil, end, nil
	}
	came, err := homes.Came(db.Home)
	if err != nil {
		return "", nil, end, err
	}
	from, here := came[t.ID]
	foreign := here && from.UUID == a.UUID
	if !foreign && (a.Dir == "" || exists(a.Dir)) {
		if o.data != "" {
			return "", nil, end, usageError("--data: the folder of the program is there: %s", a.Dir)
		}
		program, err := followed(ctx, db, t, a)
		if err != nil {
			return "", nil, end, err
		}
		return "", attemptCode(program), func() { endProgram(log, program) }, nil
	}
	dir, remove, err := o.restore(log, db.Home, t, a)
	if err != nil {
		return "", nil, end, err
	}
	// What runs is the snapshot: its files were compared with their digests.
	code = func(string, []string) (string, string, string) { return a.Code, a.Commit, a.DiffHash }
	return dir, code, remove, nil
}

// restoredPrefix begins the name of a copy of a program's folder, in the folder scratch of the home.
const restoredPrefix = "rerun-"

// restore makes a copy of a program's folder from its snapshot.
func (o *restoring) restore(log io.Writer, home string, t registry.Trial, a registry.Attempt) (dir string, remove func(), err error) {
	fail := func(err error) error {
		return withHint(fmt.Errorf("trial %s: the folder that it ran in is gone, and %w", t.ID, err), "put the program's folder back where it was: "+a.Dir)
	}
	if a.Code == "" {
		return "", nil, fail(errors.New("no snapshot of its code was taken"))
	}
	snapshot, err := provenance.Load(home, a.Code)
	if err != nil {
		return "", nil, fail(err)
	}
	home, err = filepath.Abs(home)
	if err != nil {
		return "", nil, err
	}
	scratch := filepath.Join(home, registry.ScratchName)
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return "", nil, fmt.Errorf("restore code: %w", err)
	}
	dir, err = os.MkdirTemp(scratch, restoredPrefix)
	if err != nil {
		return "", nil, fmt.Errorf("restore code: %w", err)
	}
	lock, err := filelock.Try(dir + ".lock") // so that nobody takes it for waste
	if err != nil {
		return "", nil, fmt.Errorf("restore code: %w", err)
	}
	remove = func() {
		os.RemoveAll(dir)
		os.Remove(dir + ".lock")
		lock.Release()
	}
	missing, err := snapshot.Restore(dir, o.data)
	if err == nil {
		err = o.complete(log, t, snapshot, missing)
	}
	if err != nil {
		remove()
		return "", nil, err
	}
	fmt.Fprintf(log, "trial %s runs in a copy of its program's folder, made of snapshot %s\n", t.ID[:8], a.Code)
	return dir, remove, nil
}

// complete refuses a copy that lacks files, unless the user wants it so.
func (o *restoring) complete(log io.Writer, t registry.Trial, snapshot *provenance.Code, missing []provenance.Missing) error {
	if snapshot.Partial != "" && !o.incomplete {
		return withHint(fmt.Errorf("trial %s: the snapshot of its program's folder is not whole: %s", t.ID, snapshot.Partial), "--incomplete runs it all the same")
	}
	slices.SortStableFunc(missing, func(a, b provenance.Missing) int { return boolOrder(b.Code) - boolOrder(a.Code) })
	for i, m := range missing {
		if i == mostLeftOut {
			fmt.Fprintf(log, "and %d more missing\n", len(missing)-i)
			break
		}
		fmt.Fprintf(log, "missing: %s\n", escape.Line(m.String()))
	}
	if len(missing) > 0 && !o.incomplete {
		return withHint(fmt.Errorf("trial %s cannot be run again here: %s of its program's folder not here, the first is %s", t.ID,
			countedAre(len(missing), "file"), escape.Line(missing[0].String())),
			"--data DIR gives a folder where they lie under the same paths; --incomplete runs it without them")
	}
	return nil
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}
