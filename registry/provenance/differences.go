package provenance

import (
	"slices"
	"strings"
)

// ChangeKind is what became of a file from one snapshot to another.
type ChangeKind string

const (
	Changed ChangeKind = "changed"
	New     ChangeKind = "new"
	Gone    ChangeKind = "gone"
)

// Change is a file in which two snapshots differ.
type Change struct {
	Path string     `json:"path"`
	Kind ChangeKind `json:"kind"`

	a, b File // as they were; the zero File where there is none
}

// String says it in words: "train.py changed", "lib/x.py is new", "data.csv is gone".
func (c Change) String() string {
	if c.Kind == Changed {
		return c.Path + " changed"
	}
	return c.Path + " is " + string(c.Kind)
}

// Differences says how the files of b differ from those of a, by path: "train.py changed", "lib/x.py is new", "data.csv is
// gone". Commits are not compared: a commit that leaves the folder's files as they are changes nothing.
//
// Not told are: files that are written by trials ([Code.Settle]); files other than code that are new, as most results are;
// a file that could not be read in one of the two; and, where either is partial, what is new or gone.
func Differences(a, b *Code) []string {
	var said []string
	for _, c := range changes(a, b) {
		said = append(said, c.String())
	}
	return said
}

// changes lists what [Differences] tells.
func changes(a, b *Code) []Change {
	old := make(map[string]File, len(a.Files))
	for _, f := range a.Files {
		old[f.Path] = f
	}
	byA, byB := a.writes(), b.writes()
	partial := a.Partial != "" || b.Partial != ""
	var all []Change
	for _, f := range b.Files {
		before, ok := old[f.Path]
		delete(old, f.Path)
		switch {
		case byA(f) || byB(f):
		case ok && before.differs(f):
			all = append(all, Change{f.Path, Changed, before, f})
		case !ok && f.Code && !partial:
			all = append(all, Change{f.Path, New, File{}, f})
		}
	}
	for path, f := range old {
		if !partial && !byA(f) && !byB(f) {
			all = append(all, Change{path, Gone, f, File{}})
		}
	}
	slices.SortFunc(all, func(x, y Change) int { return strings.Compare(x.Path, y.Path) })
	return all
}

func (f File) differs(g File) bool {
	if f.Digest == "" || g.Digest == "" {
		return false
	}
	return f.Size != g.Size || f.Sampled == g.Sampled && f.Digest != g.Digest
}
