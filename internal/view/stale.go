package view

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"harness/internal/nearest"
	"harness/model"
	"harness/model/checkpoint/hub"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/homes"
	"harness/registry/journal"
	"harness/registry/provenance"
)

// Staleness tells which results come from other code than is there now. What it has found out once of the code of now it does not
// look at again.
type Staleness struct {
	db      *registry.DB
	here    func() journal.Provenance      // of this program
	weights *hub.Hub                       // where weights by name lie; nothing is downloaded
	code    map[string]provenance.Snapshot // by working folder
	inputs  map[string]spec.Trial          // by paths of data and weights: with the digests of now
	came    func() (map[string]homes.TrialRecord, error)
}

// NewStaleness compares with this program, which here describes, and with the weights of a cache.
func NewStaleness(db *registry.DB, here func() journal.Provenance, weights *hub.Hub) *Staleness {
	return &Staleness{db: db, here: here, weights: weights, code: map[string]provenance.Snapshot{}, inputs: map[string]spec.Trial{},
		came: sync.OnceValues(func() (map[string]homes.TrialRecord, error) { return homes.Came(db.Home) })}
}

// Of says of each trial in what the code that made its result differs from the code of now; trials whose code is the same,
// or that have neither a result nor were stopped early, are absent.
func (s *Staleness) Of(ctx context.Context, trials []registry.Trial) (map[string]string, error) {
	stale := map[string]string{}
	for _, t := range trials {
		if t.Result == 0 && t.State != registry.Stopped || t.Spec.Imported != "" { // no code of now can differ from theirs
			continue
		}
		a, err := Counted(ctx, s.db, t)
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
func (s *Staleness) data(ctx context.Context, t spec.Trial) string {
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
		if err := model.Seal(ctx, s.db.Home, s.weights, &now); err != nil {
			now = spec.Trial{}
		}
		s.inputs[key] = now
	}
	newer := now.Inputs()
	for i, in := range t.Inputs() {
		if then, now := *in.Digest, *newer[i].Digest; then != "" && now != "" && then != now {
			return "made from what " + *in.Path + " held then; it has changed since"
		}
	}
	return ""
}

// Counted is the attempt whose numbers are the trial's; of one that was stopped early, the newest.
func Counted(ctx context.Context, db *registry.DB, t registry.Trial) (registry.Attempt, error) {
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
func (s *Staleness) program(ctx context.Context, t spec.Trial, a registry.Attempt) (string, error) {
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
	differences, err := CodeDifferences(s.db.Home, a.Code, now.Digest)
	if err != nil || len(differences) == 0 {
		return "", err
	}
	return "made by other code: " + nearest.Some(differences, 3), nil
}

// programDir is the folder of a program now: where it lies as seen from the home, which may have been moved together with it,
// else where the attempt ran.
func programDir(home string, t spec.Trial, a registry.Attempt) string {
	if strings.HasPrefix(t.Project, "..") { // a project without a name of its own
		if real, err := realHome(home); err == nil {
			if dir := filepath.Join(real, filepath.FromSlash(t.Project)); isDir(dir) {
				return dir
			}
		}
	}
	return a.Dir
}

// realHome is the absolute path of a home without symbolic links.
func realHome(home string) (string, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(home)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// CodeDifferences lists in what two snapshots of code differ; an empty list where they do not, or are not known.
func CodeDifferences(home, a, b string) ([]string, error) {
	if a == b || a == "" || b == "" {
		return []string{}, nil
	}
	old, err := provenance.Load(home, a)
	if err != nil {
		return []string{"the code of then was not kept"}, nil
	}
	now, err := provenance.Load(home, b)
	if errors.Is(err, provenance.ErrNoSnapshot) {
		return []string{"the code of the second was not kept"}, nil
	}
	if err != nil {
		return nil, err
	}
	return append([]string{}, provenance.Differences(old, now)...), nil
}

// builtIn compares the harness that made a result with this one, by commit where both are clean, else by the program file.
func (s *Staleness) builtIn(a registry.Attempt) string {
	then, now := a.Provenance, s.here()
	switch {
	case then.BinaryHash == now.BinaryHash:
		return ""
	case then.Commit != "" && then.Commit == now.Commit && then.DiffHash == "" && now.DiffHash == "":
		return ""
	}
	return fmt.Sprintf("made by harness %s, now %s", BuildName(then), BuildName(now))
}

// BuildName names a build of the harness for people.
func BuildName(p journal.Provenance) string {
	name := ShortHash(p.Commit)
	if name == "" {
		name = "build " + ShortHash(p.BinaryHash)
	}
	if p.DiffHash != "" {
		name += " with changes"
	}
	return name
}

// ShortHash is a digest as people read it.
func ShortHash(hash string) string { return hash[:min(8, len(hash))] }
