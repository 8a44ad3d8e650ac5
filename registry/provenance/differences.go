package provenance

import (
	"slices"
	"strings"
)

// Differences says how the files of b differ from those of a, by path: "train.py changed", "lib/x.py is new", "data.csv is
// gone". Commits are not compared: a commit that leaves the folder's files as they are changes nothing.
//
// Not told are: files that are written by trials ([Code.Settle]); files other than code that are new, as most results are;
// a file that could not be read in one of the two; and, where either is partial, what is new or gone.
func Differences(a, b *Code) []string {
	old := make(map[string]File, len(a.Files))
	for _, f := range a.Files {
		old[f.Path] = f
	}
	byA, byB := a.writes(), b.writes()
	partial := a.Partial != "" || b.Partial != ""
	type difference struct{ path, what string }
	var all []difference
	for _, f := range b.Files {
		before, ok := old[f.Path]
		delete(old, f.Path)
		switch {
		case byA(f) || byB(f):
		case ok && before.differs(f):
			all = append(all, difference{f.Path, " changed"})
		case !ok && f.Code && !partial:
			all = append(all, difference{f.Path, " is new"})
		}
	}
	for path, f := range old {
		if !partial && !byA(f) && !byB(f) {
			all = append(all, difference{path, " is gone"})
		}
	}
	slices.SortFunc(all, func(x, y difference) int { return strings.Compare(x.path, y.path) })
	var said []string
	for _, d := range all {
		said = append(said, d.path+d.what)
	}
	return said
}

func (f File) differs(g File) bool {
	if f.Digest == "" || g.Digest == "" {
		return false
	}
	return f.Size != g.Size || f.Sampled == g.Sampled && f.Digest != g.Digest
}
