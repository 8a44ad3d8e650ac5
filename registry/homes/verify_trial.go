package homes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// trial looks at the folder of a trial.
func (v *Verification) trial(ctx context.Context, home, id string, db *registry.DB) error {
	dir := filepath.Join(home, "trials", id)
	names, err := listDir(dir)
	if err != nil {
		return err
	}
	busy := registry.Runs(home, id)
	offsets := map[int]int64{}
	for tries := 0; db != nil && !busy && (tries == 0 || len(names) == 0 && len(offsets) > 0 && tries < 10); tries++ {
		if tries > 0 { // its folder is gone: it is being removed, and its rows follow at once
			time.Sleep(20 * time.Millisecond)
		}
		if offsets, err = db.JournalOffsets(ctx, id); err != nil {
			return err
		}
	}
	for n := range offsets {
		if !slices.Contains(names, strconv.Itoa(n)) {
			v.wrong(fmt.Sprintf("trials/%s/%d", id, n), "the folder of the attempt is gone: its numbers are in registry.db only")
		}
	}
	for _, name := range names {
		rel := "trials/" + id + "/" + name
		switch {
		case isAttempt(name):
			n, _ := strconv.Atoi(name)
			if err := v.attempt(home, id, n, busy, offsets[n]); err != nil {
				return err
			}
		case name == "lock" || name == "cancel":
		case name == "meta.json":
			v.unknown(rel)
		default:
			if err := v.below(home, rel); err != nil {
				return err
			}
		}
	}
	return nil
}

// below counts the files of a folder that have no checksum.
func (v *Verification) below(home, rel string) error {
	return eachFile(filepath.Join(home, filepath.FromSlash(rel)), func(in, path string, _ fs.FileInfo) error {
		if in == "." {
			v.unknown(rel)
		} else {
			v.unknown(rel + "/" + in)
		}
		return nil
	}, nil)
}

// attempt looks at an attempt: its journal, and what that says of the other files.
func (v *Verification) attempt(home, id string, number int, busy bool, ingested int64) error {
	rel := fmt.Sprintf("trials/%s/%d", id, number)
	dir := filepath.Join(home, filepath.FromSlash(rel))
	j, err := v.journal(dir, rel, id, number, busy, ingested)
	if err != nil {
		return err
	}
	known := map[string]bool{journal.FileName: true}
	for _, name := range sortedKeys(j.files) {
		known[name] = true
		if filepath.IsLocal(name) {
			v.contents(home, rel+"/"+name, j.files[name])
		}
	}
	if j.start != nil {
		known["spec.json"] = true
		v.spec(dir, rel, id, j.start)
	}
	v.lines(dir, rel, busy, known)
	return eachFile(dir, func(in, _ string, _ fs.FileInfo) error {
		if !known[in] && !isScratch(in) {
			v.unknown(rel + "/" + in)
		}
		return nil
	}, nil)
}

// lines looks at the lines that say what an attempt used over time, where there are any. They have the form of a journal's.
func (v *Verification) lines(dir, rel string, busy bool, known map[string]bool) {
	path := filepath.Join(dir, journal.ResourcesName)
	at, err := journal.Read(path, journal.Position{}, func(*journal.Event) error { return nil })
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	known[journal.ResourcesName] = true
	var bad *journal.BadLineError
	switch {
	case errors.As(err, &bad):
		v.wrong(rel+"/"+journal.ResourcesName, "byte %d: %s", bad.Offset, bad.Reason)
	case err != nil:
		v.wrong(rel+"/"+journal.ResourcesName, "%v", plainError(err))
	default:
		if !busy && at.Offset < sizeOf(path) {
			v.note("%s/%s: its last line was not finished", rel, journal.ResourcesName)
		}
		v.right(at.Offset)
	}
}

// said is what a journal says of its attempt.
type said struct {
	start *journal.Start
	files map[string]string
	ended bool
}

// journal reads a journal whole.
func (v *Verification) journal(dir, rel, id string, number int, busy bool, ingested int64) (j said, err error) {
	path, rel := filepath.Join(dir, journal.FileName), rel+"/"+journal.FileName
	at, err := journal.Read(path, journal.Position{}, func(e *journal.Event) error {
		switch {
		case e.Start != nil:
			j.start = e.Start
		case e.Exit != nil:
			j.ended = true
			if len(e.Exit.Files) > 0 {
				j.files = e.Exit.Files
			}
		}
		return nil
	})
	size := sizeOf(path)
	var bad *journal.BadLineError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if ingested > 0 {
			v.wrong(rel, "it is gone: its numbers are in registry.db only")
		}
		return j, nil
	case errors.As(err, &bad):
		v.wrong(rel, "byte %d: %s", bad.Offset, bad.Reason)
		return j, nil
	case err != nil:
		v.wrong(rel, "%v", plainError(err))
		return j, nil
	case j.start != nil && (j.start.Trial != id || j.start.Attempt != number):
		v.wrong(rel, "it is the journal of trial %s, attempt %d", j.start.Trial, j.start.Attempt)
		return j, nil
	case size < ingested:
		v.wrong(rel, "it is %d bytes shorter than when it was read into registry.db", ingested-size)
		return j, nil
	case at.Offset < size && j.ended && !busy:
		v.wrong(rel, "%d bytes that are no line follow its end", size-at.Offset)
		return j, nil
	case at.Offset < size && !busy:
		v.note("%s: its last line was not finished: its attempt was killed", rel)
	}
	v.right(at.Offset)
	return j, nil
}

// spec compares what is to be run with what the journal says, and with the trial's name.
func (v *Verification) spec(dir, rel, id string, start *journal.Start) {
	var journaled spec.Trial
	if err := json.Unmarshal(start.Spec, &journaled); err != nil {
		v.wrong(rel+"/"+journal.FileName, "the spec of its start cannot be read: %v", err)
		return
	}
	path := filepath.Join(dir, "spec.json")
	data, err := os.ReadFile(path)
	if err != nil {
		v.wrong(rel+"/spec.json", "%v", plainError(err))
		return
	}
	var t spec.Trial
	if err := json.Unmarshal(data, &t); err != nil {
		v.wrong(rel+"/spec.json", "it cannot be read: %v", err)
		return
	}
	if string(t.Canonical()) != string(journaled.Canonical()) {
		v.wrong(rel+"/spec.json", "its settings are not those of the journal")
		return
	}
	if t.ID() != id && t.LegacyID() != id {
		v.note("%s/spec.json: by today's rules its settings are those of trial %s: an older rule has named it", rel, t.ID())
		v.unknown(rel + "/spec.json")
		return
	}
	v.right(int64(len(data)))
}
