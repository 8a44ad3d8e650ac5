package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"harness/model"
	"harness/model/checkpoint/hub"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/homes"
	"harness/registry/journal"
	"harness/registry/provenance"
)

// staleness tells which results come from other code than is there now.
type staleness struct {
	db     *registry.DB
	here   func() journal.Provenance      // of this program
	code   map[string]provenance.Snapshot // by working folder
	inputs map[string]spec.Trial          // by paths of data and weights: with the digests of now
	came   func() (map[string]homes.TrialRecord, error)
}

func newStaleness(ctx context.Context, db *registry.DB) *staleness {
	return &staleness{db: db, here: func() journal.Provenance { return build(ctx) }, code: map[string]provenance.Snapshot{}, inputs: map[string]spec.Trial{},
		came: sync.OnceValues(func() (map[string]homes.TrialRecord, error) { return homes.Came(db.Home) })}
}

// of says of each trial in what the code that made its result differs from the code of now; trials whose code is the same,
// or that have neither a result nor were stopped early, are absent.
func (s *staleness) of(ctx context.Context, trials []registry.Trial) (map[string]string, error) {
	stale := map[string]string{}
	for _, t := range trials {
		if t.Result == 0 && t.State != registry.Stopped {
			continue
		}
		a, err := finished(ctx, s.db, t)
		if err != nil {
			return nil, err
		}
		came, err := s.came()
		if err != nil {
			return nil, err
		}
		text := ""
		if from, ok := came[t.ID]; ok && from.Result == a.Number && from.UUID == a.UUID {
			text = from.Stale // it was not made here: what the home that it comes from said of it stands
		} else if t.Spec.Command != "" {
			text, err = s.program(ctx, t.Spec, a)
		} else if text = s.builtIn(a); text == "" {
			text = s.data(ctx, t.Spec)
		}
		if err != nil {
			return nil, err
		}
		if text != "" {
			stale[t.ID] = text
		}
	}
	return stale, nil
}

// data says when the data or weights below the paths of a trial are others now than those that it was named by. What is gone
// cannot differ.
func (s *staleness) data(ctx context.Context, t spec.Trial) string {
	if !t.Sealed() {
		return ""
	}
	key := ""
	for _, in := range t.Inputs() {
		key += *in.Path + "\x00"
	}
	now, ok := s.inputs[key]
	if !ok {
		now = t
		if err := model.Seal(ctx, s.db.Home, openHub(hub.CacheOnly, nil), &now); err != nil {
			now = spec.Trial{}
		}
		s.inputs[key] = now
	}
	for _, in := range inputs(t, now) {
		if in.changed() && in.now != "" {
			return "made from what " + in.path + " held then; it has changed since"
		}
	}
	return ""
}

// finished is the attempt whose numbers are the trial's; of one that was stopped early, the newest.
func finished(ctx context.Context, db *registry.DB, t registry.Trial) (registry.Attempt, error) {
	if t.Result == t.Newest.Number || t.Result == 0 {
		return t.Newest, nil
	}
	attempts, err := db.Attempts(ctx, t.ID)
	if err != nil {
		return registry.Attempt{}, err
	}
	for _, a := range attempts {
		if a.Number == t.Result {
			return a, nil
		}
	}
	return registry.Attempt{}, fmt.Errorf("trial %s: attempt %d is not recorded", t.ID, t.Result)
}

// program compares the files of a program with those that made the result.
func (s *staleness) program(ctx context.Context, t spec.Trial, a registry.Attempt) (string, error) {
	if a.Dir == "" {
		return "made by an earlier version of the harness, which did not keep the code", nil
	}
	if a.Code == "" {
		return "", nil
	}
	given, err := t.Args.Strings()
	if err != nil {
		return "", err
	}
	dir := programDir(s.db.Home, t, a)
	key := dir + "\x00" + string(t.Command) + "\x00" + strings.Join(given, "\x00")
	now, ok := s.code[key]
	if !ok {
		if now, err = provenance.Take(ctx, s.db.Home, dir, t.Command.List(), given...); err != nil {
			if !isDir(dir) {
				return "", nil // there is no code of now to differ from
			}
			return fmt.Sprintf("whether the code of now is that of then cannot be told: %v", err), nil
		}
		s.code[key] = now
	}
	if now.Digest == a.Code {
		return "", nil
	}
	differences, err := codeDifferences(s.db.Home, a.Code, now.Digest)
	if err != nil || len(differences) == 0 {
		return "", err
	}
	return "made by other code: " + someTexts(differences, 3), nil
}

// programDir is the folder of a program now: where it lies as seen from the home, which may have been moved together with it,
// else where the attempt ran.
func programDir(home string, t spec.Trial, a registry.Attempt) string {
	if strings.HasPrefix(t.Project, "..") { // a project without a name of its own
		if real, err := realPath(home); err == nil {
			if dir := filepath.Join(real, filepath.FromSlash(t.Project)); isDir(dir) {
				return dir
			}
		}
	}
	return a.Dir
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// codeDifferences lists in what two snapshots of code differ.
func codeDifferences(home, a, b string) ([]string, error) {
	if a == b || a == "" || b == "" {
		return nil, nil
	}
	old, err := provenance.Load(home, a)
	if err != nil {
		return []string{"the code of then was not kept"}, nil
	}
	now, err := provenance.Load(home, b)
	if err != nil {
		return nil, err
	}
	return provenance.Differences(old, now), nil
}

// builtIn compares the harness that made a result with this one, by commit where both are clean, else by the program file.
func (s *staleness) builtIn(a registry.Attempt) string {
	then, now := a.Provenance, s.here()
	switch {
	case then.BinaryHash == now.BinaryHash:
		return ""
	case then.Commit != "" && then.Commit == now.Commit && then.DiffHash == "" && now.DiffHash == "":
		return ""
	}
	return fmt.Sprintf("made by harness %s, now %s", buildName(then), buildName(now))
}

// thisBuild names the build that runs. The file of the program is hashed only where there is no commit to name it by.
func thisBuild(ctx context.Context) string {
	commit, modified := provenance.Build()
	switch {
	case commit != "" && modified:
		return buildName(journal.Provenance{Commit: commit, DiffHash: "modified"})
	case commit != "":
		return buildName(journal.Provenance{Commit: commit})
	}
	return buildName(build(ctx))
}

// buildName names a build of the harness for people.
func buildName(p journal.Provenance) string {
	name := shortHash(p.Commit)
	if name == "" {
		name = "build " + shortHash(p.BinaryHash)
	}
	if p.DiffHash != "" {
		name += " with changes"
	}
	return name
}

func shortHash(hash string) string { return hash[:min(8, len(hash))] }

// someTexts joins at most n texts.
func someTexts(texts []string, n int) string {
	if len(texts) > n {
		return strings.Join(texts[:n], ", ") + fmt.Sprintf(" and %d more", len(texts)-n)
	}
	return strings.Join(texts, ", ")
}
