package collect

import (
	"errors"
	"path"
	"strings"

	"harness/internal/tfevents"
	"harness/internal/wandbfile"
)

// file is a file of which something was read.
type file struct {
	found
	place      *place
	offset     int64 // up to where a growing file was read
	read       stamp // as it was then
	unfinished bool  // something in it is not whole yet
	bad        int   // how often it looked damaged in a row

	events *tfevents.Reader
	run    *wandbfile.Reader
	finals map[string]float64 // final values that W&B keeps beside the history
	last   int64              // step of the history
}

// reader reads what is new in a file: it hands the values to take, in the order in which they stand, what is odd to say. The error is a
// tornError where something is not whole yet.
type reader func(f *file, final bool, take func(name string, step int64, value float64), say func(text string)) error

var readers = map[Format]reader{Lightning: readLightning, HuggingFace: readTrainerState, WandB: readWandB, TensorBoard: readEvents}

// tornError is a file whose end is still to come; where it never does, this is said.
type tornError string

func (e tornError) Error() string { return string(e) }

const errTorn = tornError("its end is missing: what stands before it is recorded")

// errFound ends a reading that has what it wants.
var errFound = errors.New("found")

// placeKey names a place.
type placeKey struct {
	format Format
	path   string
}

// place is what its tool takes for one run.
type place struct {
	format Format
	name   string // for people
	below  string // its folder below the watched one
	curves map[string]*curve
	order  int // of its first value
	values int
}

// place is the place of a file.
func (w *Watcher) place(f found) *place {
	dir, name := path.Dir(f.path), path.Dir(f.name)
	below := f.below
	switch f.format {
	case HuggingFace: // checkpoints hold copies of earlier states of the same trainer
		if strings.HasPrefix(path.Base(dir), "checkpoint-") {
			dir, name, below = path.Dir(dir), path.Dir(name), path.Dir(below)
		}
	case WandB, Lightning:
		dir, name = f.path, f.name
	}
	key := placeKey{f.format, dir}
	if w.places[key] == nil {
		w.places[key] = &place{format: f.format, name: name, below: below, curves: map[string]*curve{}, order: len(w.places)}
	}
	return w.places[key]
}
