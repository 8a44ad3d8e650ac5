package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"harness/internal/filelock"
	"harness/registry/journal"
)

// What comes into a home from elsewhere, such as out of a bundle, is first written into a folder of the home whose name begins
// with PartPrefix. Once it is whole and checked, TakeIn renames the folder, so that it begins with comingPrefix, and moves all in it to
// its place. Killed before that, nothing has come in; killed later, the next Open moves the rest.
const (
	PartPrefix   = ".part-"
	comingPrefix = ".coming-"
)

// TakeInLock is the file in a home whose lock whoever brings something in holds.
const TakeInLock = "takein.lock"

// ConflictError is something that came from elsewhere and is here already, with other contents.
type ConflictError struct {
	What   string // such as "trial 3f9c…"
	Reason string
}

func (e *ConflictError) Error() string { return e.What + ": " + e.Reason }

// TakeIn takes in the trials, sweeps, code and stages of a folder of this home that is laid out as a home is. The caller holds the
// lock TakeInLock. What is here already must be the same, else nothing is taken and the error is a *ConflictError. It returns how many
// trials are new here.
func (db *DB) TakeIn(ctx context.Context, part string) (fresh int, err error) {
	ids, err := listDir(filepath.Join(part, "trials"))
	if err != nil {
		return 0, fmt.Errorf("take in: %w", err)
	}
	for _, id := range ids {
		if !db.started(id) {
			if filelock.Held(db.lockPath(id)) {
				return 0, &BusyError{id}
			}
			fresh++
			continue
		}
		if err := db.conflictOf(part, id); err != nil {
			return 0, err
		}
	}
	if err := db.planConflicts(ctx, part); err != nil {
		return 0, err
	}
	coming := filepath.Join(db.Home, comingPrefix+strings.TrimPrefix(filepath.Base(part), PartPrefix))
	if err := os.Rename(part, coming); err != nil {
		return 0, fmt.Errorf("take in: %w", err)
	}
	if err := errors.Join(syncPath(db.Home), db.moveIn(coming)); err != nil {
		return 0, fmt.Errorf("take in: %w", err)
	}
	return fresh, db.catchUp(ctx)
}

// started reports whether a trial has attempts here.
func (db *DB) started(id string) bool {
	numbers, _ := AttemptNumbers(db.Home, id)
	return len(numbers) > 0
}

// conflictOf compares a trial with the one that is here: the attempts whose numbers count, or have counted, must be the same. Reruns
// may differ, since they only compare.
func (db *DB) conflictOf(part, id string) error {
	conflict := func(format string, args ...any) error {
		return &ConflictError{"trial " + id, fmt.Sprintf(format, args...)}
	}
	theirs, err := runsOf(part, id)
	if err != nil {
		return conflict("%v", err)
	}
	ours, err := runsOf(db.Home, id)
	if err != nil {
		return conflict("%v", err)
	}
	for _, n := range theirs {
		if !slices.Contains(ours, n) {
			return conflict("its attempt %d is not here, other attempts are", n)
		}
	}
	for _, n := range ours {
		if !slices.Contains(theirs, n) {
			return conflict("attempt %d was made here", n)
		}
		for _, name := range [...]string{journal.FileName, "spec.json", "predictions.jsonl"} {
			rel := filepath.Join("trials", id, strconv.Itoa(n), name)
			same, err := sameContents(filepath.Join(part, rel), filepath.Join(db.Home, rel))
			if err != nil {
				return conflict("%v", err)
			}
			if !same {
				return conflict("%s of attempt %d is another one here", name, n)
			}
		}
	}
	a, errA := readMeta(part, id)
	b, errB := readMeta(db.Home, id)
	if err := errors.Join(errA, errB); err != nil {
		return conflict("%s: %v", metaName, err)
	}
	if a.RedoAfter != b.RedoAfter {
		return conflict("it was to be run again after attempt %d there, after %d here", a.RedoAfter, b.RedoAfter)
	}
	return nil
}

// runsOf lists the attempts of a trial below a home that are no reruns.
func runsOf(home, id string) ([]int, error) {
	numbers, err := AttemptNumbers(home, id)
	if err != nil {
		return nil, err
	}
	var runs []int
	for _, n := range numbers {
		start, err := startOf(filepath.Join(home, "trials", id, strconv.Itoa(n)))
		if err != nil {
			return nil, err
		}
		if start == nil || start.Purpose != journal.PurposeRerun {
			runs = append(runs, n)
		}
	}
	return runs, nil
}

// startOf is the first event of an attempt, or nil where it has recorded nothing.
func startOf(dir string) (start *journal.Start, err error) {
	found := errors.New("found")
	_, err = journal.Read(filepath.Join(dir, journal.FileName), journal.Position{}, func(e *journal.Event) error {
		start = e.Start
		return found
	})
	if err == nil || errors.Is(err, found) || errors.Is(err, fs.ErrNotExist) {
		return start, nil
	}
	return nil, err
}

// sameContents compares two files; both may be missing.
func sameContents(a, b string) (bool, error) {
	x, errA := os.ReadFile(a)
	y, errB := os.ReadFile(b)
	missA, missB := errors.Is(errA, fs.ErrNotExist), errors.Is(errB, fs.ErrNotExist)
	if errA != nil && !missA || errB != nil && !missB {
		return false, errors.Join(errA, errB)
	}
	return missA == missB && bytes.Equal(x, y), nil
}

// planConflicts compares the plans with those of the same handles that are here.
func (db *DB) planConflicts(ctx context.Context, part string) error {
	names, err := listDir(filepath.Join(part, "plans"))
	if err != nil {
		return fmt.Errorf("take in: %w", err)
	}
	for _, name := range names {
		theirs, err := readPlanFile(filepath.Join(part, "plans", name))
		if err != nil {
			return fmt.Errorf("take in plan %s: %w", name, err)
		}
		ours, err := db.Sweep(ctx, theirs.Handle)
		if errors.Is(err, ErrNoSweep) {
			continue
		}
		if err != nil {
			return err
		}
		same, err := samePlan(theirs.Sweep, ours)
		if err != nil {
			return err
		}
		if !same {
			return &ConflictError{"sweep " + theirs.Handle, "another plan has this name here"}
		}
	}
	return nil
}

// samePlan compares all but the time.
func samePlan(a, b Sweep) (bool, error) {
	x, errA := encodeSpecs(a.Members)
	y, errB := encodeSpecs(b.Members)
	return a.digest(x) == b.digest(y), errors.Join(errA, errB)
}

// moveIn moves what lies in a folder to its places in the home: plans last, since a sweep is to be seen when its trials are there.
// What is there already stays.
func (db *DB) moveIn(coming string) error {
	if err := db.moveTrials(coming); err != nil {
		return err
	}
	for _, folder := range [...]string{"code/files", "code/written", "code", "stages", "bundles", "plans"} {
		if err := moveAll(filepath.Join(coming, folder), filepath.Join(db.Home, folder)); err != nil {
			return err
		}
	}
	return os.RemoveAll(coming)
}

// moveAll moves the entries of a folder that are not there yet.
func moveAll(from, to string) error {
	names, err := listDir(from)
	if err != nil || len(names) == 0 {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(to, name)); err == nil {
			continue
		}
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return syncPath(to)
}

// moveTrials moves the folders of trials. One that is here without attempts, since it was only planned, is filled.
func (db *DB) moveTrials(coming string) error {
	ids, err := listDir(filepath.Join(coming, "trials"))
	if err != nil || len(ids) == 0 {
		return err
	}
	if err := os.MkdirAll(filepath.Join(db.Home, "trials"), 0o755); err != nil {
		return err
	}
	for _, id := range ids {
		from := filepath.Join(coming, "trials", id)
		err := os.Rename(from, db.TrialDir(id))
		if errors.Is(err, fs.ErrExist) {
			err = db.fillTrial(from, id)
		}
		if err != nil {
			return err
		}
	}
	return syncPath(filepath.Join(db.Home, "trials"))
}

// fillTrial puts a trial's folder in the place of one that is here without attempts. One that was begun a moment ago stays.
func (db *DB) fillTrial(from, id string) error {
	release, err := db.claim(id)
	if errors.As(err, new(*BusyError)) {
		db.skip(from, "the trial was begun here meanwhile")
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	names, err := listDir(db.TrialDir(id))
	if err != nil {
		return err
	}
	if len(attemptNumbers(names)) > 0 {
		if err := db.conflictOf(filepath.Dir(filepath.Dir(from)), id); err != nil {
			db.skip(from, err.Error())
		}
		return nil
	}
	for _, name := range names {
		ours, theirs := filepath.Join(db.TrialDir(id), name), filepath.Join(from, name)
		_, missing := os.Lstat(theirs)
		if missing == nil || name == "lock" || name == "cancel" {
			err = os.RemoveAll(ours)
		} else {
			err = os.Rename(ours, theirs)
		}
		if err != nil {
			return err
		}
	}
	err = os.Rename(from, db.TrialDir(id)) // an empty folder gives way
	if errors.Is(err, fs.ErrExist) {
		db.skip(from, "the trial was begun here meanwhile")
		return nil
	}
	return err
}

// finishTakingIn goes on with TakeIn where it was killed, and removes what never came in.
func (db *DB) finishTakingIn() error {
	names, err := listDir(db.Home)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, PartPrefix) && !strings.HasPrefix(name, comingPrefix)
	})
	if len(left) == 0 {
		return nil
	}
	lock, err := filelock.Try(filepath.Join(db.Home, TakeInLock))
	if errors.Is(err, filelock.ErrLocked) {
		return nil // somebody is at it
	}
	if err != nil {
		return err
	}
	defer lock.Release()
	for _, name := range left {
		path := filepath.Join(db.Home, name)
		if strings.HasPrefix(name, PartPrefix) {
			err = os.RemoveAll(path)
		} else {
			err = db.moveIn(path)
		}
		if err != nil {
			return fmt.Errorf("take in what was on its way: %w", err)
		}
	}
	return nil
}
