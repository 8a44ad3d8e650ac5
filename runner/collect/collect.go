// Package collect picks the numbers of a program up from the files that it writes for other tools, while it runs.
//
//	Watch      remembers which files are there before an attempt begins
//	Poll       reads what was written since: points, each once, and what is to be said of the files
//	Formats    TensorBoard's event files, Lightning's metrics.csv, Hugging Face's trainer_state.json, W&B's run files
//
//	folders.go  which files there are below the watched folders, cheaply
//	file.go     one file: what is new in it
//	tensorboard.go lightning.go huggingface.go wandb.go  the formats
//	curve.go    the values of a name in one place
//	names.go    which name each value is recorded under, where several places have it
//
// A place is what its tool takes for one run: a folder of event files, a metrics.csv, the trainer_state.json of a trainer with those
// in its checkpoints, a run of W&B. Within a place the value that was written last for a step counts. Between places nothing is ever
// mixed: the first that has a name keeps it, and where another says something else, that is said. A file that was there before the attempt
// and has not changed since is another attempt's. Of a growing file that was there, only what was added is read.
package collect

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"harness/internal/protofields"
)

// Format is a kind of files that is read.
type Format string

// The formats, the most exact first: TensorBoard's files mostly hold float32.
const (
	Lightning   Format = "csv"
	HuggingFace Format = "trainer_state"
	WandB       Format = "wandb"
	TensorBoard Format = "tensorboard"
)

// Formats lists all.
var Formats = [...]Format{Lightning, HuggingFace, WandB, TensorBoard}

// Point is a value to record.
type Point struct {
	Metric string
	Step   int64
	Value  float64
}

// Root is a folder that is watched with all below it.
type Root struct {
	Path string
	Name string // by which people know it
}

// Options say what is watched.
type Options struct {
	Roots    []Root
	Patterns []string // of more folders and files, as filepath.Glob takes them
	Formats  []Format // nil = all
	Metrics  []string // nil = all that the files have
}

// Watcher follows the files of one attempt. It is used by one goroutine.
type Watcher struct {
	options Options
	folders folders
	before  map[string]stamp // as files were before the attempt
	files   map[string]*file
	places  map[placeKey]*place
	names   names
	points  []Point
	said    []string
	seen    map[string]bool // what was said already
}

// stamp tells whether a file has changed.
type stamp struct {
	size     int64
	modified time.Time
}

// Watch remembers which files are there now.
func Watch(o Options) *Watcher {
	w := &Watcher{options: o, before: map[string]stamp{}, files: map[string]*file{}, places: map[placeKey]*place{}, seen: map[string]bool{}}
	w.names = newNames(o.Metrics)
	for _, found := range w.scan() {
		w.before[found.path] = found.stamp
	}
	return w
}

// Report is what a poll found.
type Report struct {
	Points []Point
	Said   []string // lines for the trial's log, each said once
}

// Poll reads what was written since the last call. The last call is final: then what is still torn is said. Points are valid until the next
// call.
func (w *Watcher) Poll(final bool) Report {
	w.points, w.said = w.points[:0], nil
	for _, found := range w.changed(final) {
		w.read(found, final)
	}
	if final {
		w.names.settle(w)
	}
	return Report{w.points, w.said}
}

// found is a file below the watched folders.
type found struct {
	path   string // on disk
	name   string // for people
	below  string // its folder, below the watched one
	format Format
	stamp
	since time.Time // by which files are read in order: when it was begun, else when it was last changed
}

// scan lists the files of the formats.
func (w *Watcher) scan() []found {
	roots := slices.Clone(w.options.Roots)
	for _, pattern := range w.options.Patterns {
		matches, _ := filepath.Glob(pattern) // its form was checked when the file was read
		for _, path := range matches {
			roots = append(roots, Root{path, path})
		}
	}
	var list []found
	taken := map[string]bool{}
	for _, root := range roots {
		w.folders.walk(root.Path, func(path string) {
			format := formatOf(filepath.Base(path))
			if format == "" || taken[path] || w.options.Formats != nil && !slices.Contains(w.options.Formats, format) {
				return
			}
			info, err := os.Lstat(path)
			if err != nil || !info.Mode().IsRegular() {
				return
			}
			taken[path] = true
			below, _ := filepath.Rel(root.Path, filepath.Dir(path))
			rest, _ := filepath.Rel(root.Path, path)
			list = append(list, found{path, filepath.Join(root.Name, rest), filepath.ToSlash(below), format, stamp{info.Size(), info.ModTime()}, info.ModTime()})
		})
	}
	if w.folders.full {
		w.say(fmt.Sprintf("files below %s: more than %d folders: numbers in the others are not looked for", rootNames(roots), mostFolders))
	}
	return list
}

func rootNames(roots []Root) string {
	names := make([]string, len(roots))
	for i, root := range roots {
		names[i] = root.Name
	}
	return strings.Join(names, ", ")
}

// formatOf tells a format by the name of the file.
func formatOf(name string) Format {
	switch {
	case name == "metrics.csv":
		return Lightning
	case name == "trainer_state.json":
		return HuggingFace
	case strings.HasPrefix(name, "run-") && strings.HasSuffix(name, ".wandb"):
		return WandB
	case strings.Contains(name, "tfevents") && !strings.HasSuffix(name, ".profile-empty"):
		return TensorBoard
	}
	return ""
}

// changed lists the files that there is something to read of: the most exact formats first, then in the order of time.
func (w *Watcher) changed(final bool) []found {
	list := slices.DeleteFunc(w.scan(), func(f found) bool {
		if before, there := w.before[f.path]; there && before == f.stamp {
			return true
		}
		known := w.files[f.path]
		return known != nil && known.read == f.stamp && !(final && (known.unfinished || known.format == WandB))
	})
	for i := range list {
		if f := w.files[list[i].path]; f != nil && f.format == TensorBoard {
			list[i].since = f.since
		} else if list[i].format == TensorBoard {
			list[i].since = created(list[i])
		}
	}
	slices.SortStableFunc(list, func(a, b found) int {
		if c := slices.Index(Formats[:], a.format) - slices.Index(Formats[:], b.format); c != 0 {
			return c
		}
		if c := a.since.Compare(b.since); c != 0 {
			return c
		}
		return strings.Compare(a.path, b.path)
	})
	return list
}

// read takes what is new in a file.
func (w *Watcher) read(found found, final bool) {
	f := w.files[found.path]
	if f == nil {
		f = &file{found: found, place: w.place(found)}
		if before, there := w.before[found.path]; there && found.size >= before.size {
			f.offset = before.size
		}
		w.files[found.path] = f
	}
	if found.size < f.read.size && f.offset <= found.size { // a growing file that was begun anew; the others are read whole anyway
		f.events, f.run = nil, nil
	}
	f.stamp, f.read, f.unfinished = found.stamp, found.stamp, false
	var torn tornError
	err := readers[found.format](f, final, func(name string, step int64, value float64) {
		w.names.take(w, f.place, name, step, value)
	}, func(text string) { w.say(found.name + ": " + text) })
	switch {
	case err == nil, os.IsNotExist(err):
		f.bad = 0
	case errors.As(err, &torn) && !final:
		f.unfinished = true
	case !final && f.bad < patience: // a network file system may show holes for a moment
		f.bad, f.unfinished, f.read = f.bad+1, true, stamp{}
	default:
		if text := reasonOf(err); text != "" {
			w.say(found.name + ": " + text)
		}
	}
}

// patience is how often a file that looks damaged is read again before that is said.
const patience = 3

// say says a line once, and not too many.
func (w *Watcher) say(text string) {
	const most = 20
	if w.seen[text] || len(w.seen) > most {
		return
	}
	if w.seen[text] = true; len(w.seen) > most {
		text = "more is wrong with the files that it wrote: only the first of it is said"
	}
	w.said = append(w.said, text)
}

// reasonOf is an error without the path, which stands in front already.
func reasonOf(err error) string {
	if bad := (*protofields.CorruptError)(nil); errors.As(err, &bad) {
		return fmt.Sprintf("byte %d: %s: the rest is not read", bad.Offset, bad.Reason)
	}
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return err.Error()
}

// Taken lists the places that gave numbers, with how many, in the order in which they were met.
func (w *Watcher) Taken() []string {
	var list []*place
	for _, p := range w.places {
		if p.values > 0 {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *place) int { return a.order - b.order })
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = fmt.Sprintf("%s (%s): %d", p.name, p.format, p.values)
	}
	return texts
}

// Others lists the names that the files have and that are not among Options.Metrics.
func (w *Watcher) Others() []string { return slices.Sorted(maps.Keys(w.names.others)) }
