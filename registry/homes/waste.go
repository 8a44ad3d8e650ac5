package homes

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"harness/internal/filelock"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/provenance"
)

// Kind says what a piece of waste is.
type Kind string

const (
	StageWaste      Kind = "stage"      // of training, that no trial of the home shares
	DataWaste       Kind = "data"       // synthetic data, which are drawn again
	CacheWaste      Kind = "cache"      // pixels, compiled programs, digests: made again
	LeftoverWaste   Kind = "leftover"   // of processes that were killed
	CheckpointWaste Kind = "checkpoint" // files of attempts whose numbers do not count, and of reruns
	AsideWaste      Kind = "put aside"  // a trial's own files from before it was run anew
	SnapshotWaste   Kind = "snapshot"   // of code, that no attempt refers to
	RecordWaste     Kind = "bundle"     // the record of a bundle none of whose trials is here
)

// Kinds lists them in the order in which they are listed.
var Kinds = [...]Kind{StageWaste, CheckpointWaste, AsideWaste, LeftoverWaste, SnapshotWaste, RecordWaste, CacheWaste, DataWaste}

// Waste is a file or folder that nobody needs any more. No number depends on it, and none is in it.
type Waste struct {
	Kind     Kind
	Path     string // below the home
	Bytes    int64
	Why      string
	Modified time.Time // the newest file in it

	lock string // below the home: held while it is removed; "" = none
}

// WasteOptions say what to look for.
type WasteOptions struct {
	Older      time.Duration // only what was not changed for so long
	KeepStages bool
}

// Collection is what looking for waste found.
type Collection struct {
	Waste []Waste
	Kept  []string // why some kinds were not looked for
}

// finder looks for waste.
type finder struct {
	db      *registry.DB
	options WasteOptions
	now     time.Time
	trials  []registry.Trial
	running bool // something runs in the home
	found   []Waste
	kept    []string
	err     error
}

// settled is how long nothing may have touched a file that a process might be about to use.
const settled = time.Hour

// FindWaste lists what can go: never a journal, a plan, the answers of an attempt or anything else that a number rests on, and nothing
// that something which runs may use. What belongs to trials that cannot be read is not looked for.
func FindWaste(ctx context.Context, db *registry.DB, o WasteOptions) (*Collection, error) {
	f := &finder{db: db, options: o, now: db.Now()}
	var err error
	if f.trials, err = db.Trials(ctx, registry.Query{All: true}); err != nil {
		return nil, err
	}
	if f.running, err = anyRunning(db); err != nil {
		return nil, err
	}
	for _, look := range []func(context.Context){f.stages, f.attempts, f.leftovers, f.snapshots, f.records, f.caches} {
		if look(ctx); f.err != nil {
			return nil, fmt.Errorf("look for what can go: %w", f.err)
		}
	}
	slices.SortStableFunc(f.found, func(a, b Waste) int {
		return slices.Index(Kinds[:], a.Kind) - slices.Index(Kinds[:], b.Kind)
	})
	return &Collection{f.found, f.kept}, nil
}

// anyRunning reports whether a sweep or a trial runs in the home.
func anyRunning(db *registry.DB) (bool, error) {
	names, err := listDir(filepath.Join(db.Home, "running"))
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if filelock.Held(filepath.Join(db.Home, "running", name)) {
			return true, nil
		}
	}
	if names, err = listDir(filepath.Join(db.Home, "trials")); err != nil {
		return false, err
	}
	for _, id := range names {
		if registry.Runs(db.Home, id) {
			return true, nil
		}
	}
	return false, nil
}

// add notes a piece of waste if it is old enough.
func (f *finder) add(w Waste, atLeast time.Duration) {
	size, modified, err := measureTree(filepath.Join(f.db.Home, filepath.FromSlash(w.Path)))
	if err != nil && f.err == nil {
		f.err = err
	}
	w.Bytes, w.Modified = size, modified
	if f.now.Sub(modified) >= max(f.options.Older, atLeast) {
		f.found = append(f.found, w)
	}
}

// measureTree is the size of all files below a path, and when the newest entry was changed.
func measureTree(path string) (size int64, modified time.Time, err error) {
	err = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if info.ModTime().After(modified) {
			modified = info.ModTime()
		}
		if info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size, modified, err
}

func (f *finder) list(rel string) []string {
	names, err := listDir(filepath.Join(f.db.Home, filepath.FromSlash(rel)))
	if err != nil && f.err == nil {
		f.err = err
	}
	return names
}

// whole reports whether the tables know all that is in the home; else what seems not to be needed may be.
func (f *finder) whole(what string) bool {
	if len(f.db.Skipped) == 0 && len(f.db.Damaged) == 0 {
		return true
	}
	f.kept = append(f.kept, what+": some trials cannot be read, and may need them")
	return false
}

// idle reports whether nothing runs.
func (f *finder) idle(what string) bool {
	if !f.running {
		return true
	}
	f.kept = append(f.kept, what+": something is running here")
	return false
}

// stages finds stages of training that no trial shares.
func (f *finder) stages(context.Context) {
	if f.options.KeepStages || !f.whole("stages") {
		return
	}
	needed := neededStages(f.trials)
	for _, name := range f.list("stages") {
		rel := "stages/" + name
		if !needed[name] && !filelock.Held(filepath.Join(f.db.Home, rel, "lock")) {
			f.add(Waste{Kind: StageWaste, Path: rel, Why: "no trial here shares it", lock: rel + "/lock"}, 0)
		}
	}
}

// neededStages are the folders of the stages that trials share.
func neededStages(trials []registry.Trial) map[string]bool {
	needed := map[string]bool{}
	for _, t := range trials {
		if t.Spec.Command != "" {
			continue
		}
		for _, s := range spec.Stages {
			needed[string(s)+"-"+t.Spec.StageID(s)] = true
		}
	}
	return needed
}

// attempts finds what attempts have kept whose numbers do not count, and what was put aside when trials were run anew.
func (f *finder) attempts(ctx context.Context) {
	for _, t := range f.trials {
		lock := "trials/" + t.ID + "/lock"
		if registry.Runs(f.db.Home, t.ID) {
			continue
		}
		attempts, err := f.db.Attempts(ctx, t.ID)
		if err != nil {
			f.err = err
			return
		}
		for _, a := range attempts {
			if a.Number == t.Result || a.State == registry.Running || a.Number > t.RedoAfter && t.State != registry.Done {
				continue // its files belong to the numbers, or may be gone on from
			}
			f.attempt(t, a, lock)
		}
		for _, name := range f.list("trials/" + t.ID) {
			rel := "trials/" + t.ID + "/" + name
			if n, ok := strings.CutPrefix(name, "files-"); ok && isAttempt(n) {
				f.add(Waste{Kind: AsideWaste, Path: rel, Why: "from before the trial was run anew after attempt " + n, lock: lock}, 0)
			}
		}
	}
}

// attempt finds what an attempt has kept beside its records.
func (f *finder) attempt(t registry.Trial, a registry.Attempt, lock string) {
	rel := "trials/" + t.ID + "/" + strconv.Itoa(a.Number)
	why := fmt.Sprintf("of attempt %d, whose numbers do not count", a.Number)
	if a.Purpose == "rerun" {
		why = fmt.Sprintf("of attempt %d, a rerun", a.Number)
	}
	for _, name := range f.list(rel) {
		if !slices.Contains(registry.Records, name) && name != registry.ScratchName {
			f.add(Waste{Kind: CheckpointWaste, Path: rel + "/" + name, Why: why, lock: lock}, 0)
		}
	}
}

// leftovers finds what killed processes have left.
func (f *finder) leftovers(context.Context) {
	left := func(rel, why, lock string, atLeast time.Duration) {
		f.add(Waste{Kind: LeftoverWaste, Path: rel, Why: why, lock: lock}, atLeast)
	}
	for _, name := range f.list(".") {
		switch {
		case strings.HasPrefix(name, gonePrefix):
			left(name, "was being removed", "", 0)
		case strings.HasPrefix(name, registry.PartPrefix):
			left(name, "a bundle that never came in", registry.TakeInLock, 0)
		case strings.HasPrefix(name, ".new-"):
			left(name, "a file that was never finished", "", settled)
		}
	}
	for _, folder := range []string{"plans", "code", "code/files", "code/written", "cache"} {
		for _, name := range f.list(folder) {
			if strings.HasPrefix(name, ".new-") {
				left(folder+"/"+name, "a file that was never finished", "", settled)
			}
		}
	}
	for _, name := range f.list(registry.ScratchName) {
		rel := registry.ScratchName + "/" + name
		if base, isLock := strings.CutSuffix(name, ".lock"); isLock {
			if _, err := os.Stat(filepath.Join(f.db.Home, registry.ScratchName, base)); err == nil || filelock.Held(filepath.Join(f.db.Home, rel)) {
				continue
			}
			left(rel, "of a killed rerun", "", settled)
		} else if !filelock.Held(filepath.Join(f.db.Home, rel+".lock")) {
			left(rel, "of a killed rerun", rel+".lock", 0)
		}
	}
	for _, id := range f.list("trials") {
		if strings.HasPrefix(id, ".removed-") {
			left("trials/"+id, "a trial that was being removed", "", 0)
			continue
		}
		if !isID(id) || registry.Runs(f.db.Home, id) {
			continue
		}
		lock := "trials/" + id + "/lock"
		for _, n := range f.list("trials/" + id) {
			if rel := "trials/" + id + "/" + n; isAttempt(n) && slices.Contains(f.list(rel), registry.ScratchName) {
				left(rel+"/"+registry.ScratchName, "of an attempt that was killed", lock, 0)
			}
		}
	}
}

// snapshots finds code that no attempt refers to.
func (f *finder) snapshots(ctx context.Context) {
	if !f.whole("snapshots of code") || !f.idle("snapshots of code") {
		return
	}
	used := map[string]bool{}
	for _, t := range f.trials {
		attempts, err := f.db.Attempts(ctx, t.ID)
		if err != nil {
			f.err = err
			return
		}
		for _, a := range attempts {
			used[a.Code] = true
		}
	}
	contents := map[string]bool{}
	for _, name := range f.list("code") {
		digest, ok := strings.CutSuffix(name, ".json")
		if !ok || strings.HasPrefix(name, ".") {
			continue
		}
		if !used[digest] {
			f.add(Waste{Kind: SnapshotWaste, Path: "code/" + name, Why: "no attempt refers to it"}, settled)
			continue
		}
		code, err := provenance.Load(f.db.Home, digest)
		if err != nil {
			f.kept = append(f.kept, "contents of code: "+err.Error())
			return
		}
		for _, file := range code.Files {
			contents[file.Digest] = true
		}
	}
	for _, name := range f.list("code/files") {
		if !contents[name] && !strings.HasPrefix(name, ".") {
			f.add(Waste{Kind: SnapshotWaste, Path: "code/files/" + name, Why: "no snapshot refers to it"}, settled)
		}
	}
}

// records finds what is known of bundles none of whose trials is here any more.
func (f *finder) records(context.Context) {
	here := map[string]bool{}
	for _, t := range f.trials {
		here[t.ID] = true
	}
	for _, name := range f.list(bundlesDir) {
		base, ok := strings.CutSuffix(name, recordSuffix)
		if !ok {
			continue
		}
		r, err := ReadRecord(f.db.Home, base)
		if err != nil || slices.ContainsFunc(r.Trials, func(t TrialRecord) bool { return here[t.ID] }) {
			continue
		}
		f.add(Waste{Kind: RecordWaste, Path: bundlesDir + "/" + name, Why: "none of its trials is here"}, 0)
	}
}

// caches finds what is made again when it is missing.
func (f *finder) caches(context.Context) {
	if !f.idle("caches and synthetic data") {
		return
	}
	for _, name := range f.list("cache") {
		if !strings.HasPrefix(name, ".new-") {
			f.add(Waste{Kind: CacheWaste, Path: "cache/" + name, Why: "it is made again when it is needed"}, 0)
		}
	}
	for _, name := range f.list("data") {
		if strings.HasPrefix(name, "synthetic-") {
			f.add(Waste{Kind: DataWaste, Path: "data/" + name, Why: "it is drawn again when it is needed"}, 0)
		}
	}
}
