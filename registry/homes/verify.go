package homes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"harness/model/spec"
	"harness/registry"
)

// Verification is what looking through a home found.
type Verification struct {
	Right   int      // files that agree with a checksum
	Bytes   int64    // of these
	Unknown []string // files that have no checksum: nothing can be said of them
	Wrong   []Wrong  // files that are not as they were written
	Notes   []string // what is no mistake, and no proof either
}

// Wrong is a file that is not as it was written.
type Wrong struct {
	Path   string `json:"path"` // below the home
	Reason string `json:"reason"`
}

// VerifyOptions say what to look at.
type VerifyOptions struct {
	Sweeps []string // handles
	Trials []string // IDs, beside those of the sweeps; with neither, everything in the home
	// Stage looks at the folder of a stage, which belongs to package model: which of its files have no checksum, and what is wrong with
	// it.
	Stage func(dir string) (unknown []string, err error)
}

// Verify compares everything that has a checksum with it: plans, journals line by line, what the end of an attempt says of its files,
// specs by the names of their trials, snapshots of code, and stages. It changes nothing. The error is one of reading; what is found
// is in the Verification.
func Verify(ctx context.Context, db *registry.DB, o VerifyOptions) (*Verification, error) {
	v := &Verification{}
	if len(o.Sweeps)+len(o.Trials) == 0 {
		if err := v.home(ctx, db.Home, o.Stage, db); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
		return v, nil
	}
	chosen, err := choose(ctx, db, o)
	if err != nil {
		return nil, err
	}
	for _, rel := range chosen.plans {
		v.plan(db.Home, rel)
	}
	for _, id := range chosen.ids {
		if err := v.trial(ctx, db.Home, id, db); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	for _, digest := range chosen.code {
		v.snapshot(db.Home, digest)
	}
	for _, name := range chosen.stages {
		v.stage(db.Home, name, o.Stage)
	}
	return v, nil
}

// chosen is what belongs to some sweeps and trials.
type chosen struct{ plans, ids, code, stages []string }

func choose(ctx context.Context, db *registry.DB, o VerifyOptions) (c chosen, err error) {
	c.ids = slices.Clone(o.Trials)
	for _, handle := range o.Sweeps {
		s, err := db.Sweep(ctx, handle)
		if err != nil {
			return c, err
		}
		name, _, err := db.PlanFile(ctx, handle)
		if err != nil {
			return c, err
		}
		c.plans = append(c.plans, name)
		for _, m := range s.Members {
			c.ids = append(c.ids, m.ID)
		}
	}
	slices.Sort(c.ids)
	c.ids = slices.Compact(c.ids)
	trials, err := db.Trials(ctx, registry.Query{IDs: c.ids, All: true})
	if err != nil {
		return c, err
	}
	for _, t := range trials {
		attempts, err := db.Attempts(ctx, t.ID)
		if err != nil {
			return c, err
		}
		for _, a := range attempts {
			if a.Code != "" {
				c.code = append(c.code, a.Code)
			}
		}
		if t.Spec.Command == "" {
			for _, s := range spec.Stages {
				c.stages = append(c.stages, string(s)+"-"+t.Spec.StageID(s))
			}
		}
	}
	for _, list := range []*[]string{&c.code, &c.stages} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return c, nil
}

// home looks at everything.
func (v *Verification) home(ctx context.Context, home string, stage func(string) ([]string, error), db *registry.DB) error {
	names := map[string][]string{}
	for _, folder := range []string{"plans", "trials", "code", "code/files", "stages", bundlesDir} {
		var err error
		if names[folder], err = listDir(filepath.Join(home, folder)); err != nil {
			return err
		}
	}
	for _, name := range names["plans"] {
		if !strings.HasPrefix(name, ".") {
			v.plan(home, name)
		}
	}
	for _, id := range names["trials"] {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if strings.HasPrefix(id, ".") {
			continue // removed, or on its way
		}
		if err := v.trial(ctx, home, id, db); err != nil {
			return err
		}
	}
	for _, name := range names["code"] {
		if digest, ok := strings.CutSuffix(name, ".json"); ok {
			v.snapshot(home, digest)
		}
	}
	for _, name := range names["code/files"] {
		if !strings.HasPrefix(name, ".") {
			v.contents(home, "code/files/"+name, name)
		}
	}
	for _, name := range names["stages"] {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if strings.HasPrefix(name, ".") {
			continue
		}
		v.stage(home, name, stage)
	}
	for _, name := range names[bundlesDir] {
		v.unknown(bundlesDir + "/" + name)
	}
	return nil
}

func (v *Verification) wrong(rel, format string, args ...any) {
	v.Wrong = append(v.Wrong, Wrong{rel, fmt.Sprintf(format, args...)})
}

func (v *Verification) unknown(rel string) { v.Unknown = append(v.Unknown, rel) }

func (v *Verification) note(format string, args ...any) {
	v.Notes = append(v.Notes, fmt.Sprintf(format, args...))
}

// right counts a file that agrees.
func (v *Verification) right(size int64) {
	v.Right++
	v.Bytes += size
}

// plan looks at the file of a sweep.
func (v *Verification) plan(home, name string) {
	rel := "plans/" + name
	summed, err := registry.CheckPlan(filepath.Join(home, "plans", name))
	switch {
	case err != nil:
		v.wrong(rel, "%v", plainError(err))
	case !summed:
		v.unknown(rel)
	default:
		v.right(max(0, sizeOf(filepath.Join(home, rel))))
	}
}

// contents looks at a file whose SHA-256 is known.
func (v *Verification) contents(home, rel, want string) {
	sum, size, err := hashFile(filepath.Join(home, filepath.FromSlash(rel)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.wrong(rel, "it is gone")
	case err != nil:
		v.wrong(rel, "%v", plainError(err))
	case sum != want:
		v.wrong(rel, "its contents are not those of its checksum")
	default:
		v.right(size)
	}
}

// snapshot looks at a snapshot of code and at the contents that it says are kept.
func (v *Verification) snapshot(home, digest string) {
	rel := "code/" + digest + ".json"
	data, err := os.ReadFile(filepath.Join(home, "code", digest+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		v.wrong(rel, "it is gone")
		return
	}
	if err != nil {
		v.wrong(rel, "%v", plainError(err))
		return
	}
	sum := sha256.Sum256(data)
	if hex.EncodeToString(sum[:16]) != digest {
		v.wrong(rel, "its contents are not those of its checksum")
		return
	}
	v.right(int64(len(data)))
	var code struct {
		Files []struct {
			Path   string `json:"path"`
			Digest string `json:"digest"`
			Kept   bool   `json:"kept"`
		} `json:"files"`
	}
	if err := json.Unmarshal(data, &code); err != nil {
		v.wrong(rel, "it cannot be read: %v", err)
		return
	}
	for _, f := range code.Files {
		if _, err := os.Stat(filepath.Join(home, "code", "files", filepath.Base(f.Digest))); f.Kept && errors.Is(err, fs.ErrNotExist) {
			v.wrong("code/files/"+filepath.Base(f.Digest), "it is gone: %s of a program", f.Path)
		}
	}
}

// stage looks at the folder of a stage of training.
func (v *Verification) stage(home, name string, check func(dir string) ([]string, error)) {
	dir := filepath.Join(home, "stages", name)
	names, err := listDir(dir)
	if err != nil {
		v.wrong("stages/"+name, "%v", plainError(err))
		return
	}
	if len(names) == 0 {
		return
	}
	var unknown []string
	if check == nil {
		unknown = names
	} else if unknown, err = check(dir); err != nil {
		v.wrong("stages/"+name, "%v", plainError(err))
		return
	}
	for _, file := range names {
		switch {
		case file == "lock":
		case slices.Contains(unknown, file):
			v.unknown("stages/" + name + "/" + file)
		default:
			v.right(max(0, sizeOf(filepath.Join(dir, file))))
		}
	}
}

// hashFile is the SHA-256 of a file, in hex digits, and its size.
func hashFile(path string) (sum string, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	h := sha256.New()
	size, err = io.Copy(h, file)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// sizeOf is -1 where there is no such file.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	return info.Size()
}

// plainError is an error without the path that stands beside it anyway.
func plainError(err error) string {
	if fault := (*fs.PathError)(nil); errors.As(err, &fault) {
		return fault.Err.Error()
	}
	return strings.ReplaceAll(err.Error(), "\n", " ")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
