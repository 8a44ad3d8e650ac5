package provenance

import (
	"context"
	"fmt"
	"strings"

	"harness/internal/escape"
	"harness/registry/provenance/patch"
)

const (
	editSize  = 1 << 20 // of a file whose lines are compared
	editFiles = 200     // files whose contents are looked for
)

// Edit is a change of a file with its lines.
type Edit struct {
	Change
	Patch   string `json:"patch,omitempty"`   // unified; empty where Unknown says why
	Unknown string `json:"unknown,omitempty"` // why the lines are not here
	Added   int    `json:"added"`             // lines
	Removed int    `json:"removed"`
}

// Edits says how the files of b differ from those of a, line by line as far as the contents of then are known: from what was kept,
// from the folder and from git ([Code.Find]), and from the patches that the snapshots have against one commit. Contents count only where they
// have the digest of the snapshot, so that what is shown is what ran.
func Edits(ctx context.Context, a, b *Code) []Edit {
	all := changes(a, b)
	edits := make([]Edit, len(all))
	p := newPair(ctx, a, b)
	for i, c := range all {
		edits[i].Change = c
		if i >= editFiles {
			edits[i].Unknown = fmt.Sprintf("it is one of more than %d files that differ", editFiles)
			continue
		}
		edits[i].Patch, edits[i].Unknown = p.lines(c)
		edits[i].Added, edits[i].Removed = patch.Count(edits[i].Patch)
	}
	return edits
}

// pair is two snapshots.
type pair struct {
	ctx     context.Context
	sides   [2]side
	patched bool // the patches are against the same files, and say all
}

// side is one of the two.
type side struct {
	code  *Code
	edits map[string]patch.File // against the commit, by path
}

func newPair(ctx context.Context, a, b *Code) *pair {
	p := &pair{ctx: ctx, sides: [2]side{{code: a}, {code: b}}, patched: a.Commit != "" && a.Commit == b.Commit && a.Dir == b.Dir}
	for i := range p.sides {
		s := &p.sides[i]
		files, err := patch.Split(s.code.Patch)
		if err != nil || s.code.Patch == "" && s.code.Diff != "" { // the latter is of a patch that was too long
			p.patched = false
		}
		s.edits = map[string]patch.File{}
		for _, f := range files {
			path := f.New
			if path == patch.DevNull {
				path = f.Old
			}
			s.edits[path] = f
		}
	}
	return p
}

// lines is the difference of a file, or why it is not known.
func (p *pair) lines(c Change) (unified, unknown string) {
	for _, f := range []File{c.a, c.b} {
		if why := f.noLines(); why != "" {
			return "", why
		}
	}
	names := [2]string{"a/" + escape.Line(c.Path), "b/" + escape.Line(c.Path)}
	for i, f := range []File{c.a, c.b} {
		if f.Path == "" {
			names[i] = patch.DevNull
		}
	}
	old, okOld := p.contents(0, c.a)
	new, okNew := p.contents(1, c.b)
	switch {
	case !okOld || !okNew:
		if text := p.ofPatches(c, names); text != "" {
			return text, ""
		}
		return "", p.whyUnknown(c, okOld, okNew)
	case !patch.IsText(old) || !patch.IsText(new):
		return "", "it is no text"
	}
	return patch.Of(names[0], old, names[1], new), ""
}

// noLines says why a file has no lines to compare; empty where it may have.
func (f File) noLines() string {
	switch {
	case f.Path == "":
		return ""
	case strings.HasPrefix(f.Digest, "link:"):
		return "it is a link to " + strings.TrimPrefix(f.Digest, "link:")
	case f.Digest == "":
		return "it could not be read"
	case f.Sampled || f.Size > editSize:
		return fmt.Sprintf("it is too large to be compared by lines: %d bytes", f.Size)
	}
	return ""
}

// contents are those of a file on one side; no file is an empty one.
func (p *pair) contents(side int, f File) ([]byte, bool) {
	if f.Path == "" {
		return nil, true
	}
	return p.sides[side].code.Find(p.ctx, f)
}

// ofPatches is the difference that the patches of both sides make of what the commit has; a side without one is as in the commit. It is empty
// where that does not tell.
func (p *pair) ofPatches(c Change, names [2]string) string {
	if !p.patched || c.a.Path != "" && !c.a.Tracked || c.b.Path != "" && !c.b.Tracked {
		return ""
	}
	text, err := patch.Between(p.sides[0].edits[c.Path], p.sides[1].edits[c.Path], names[0], names[1])
	if err != nil {
		return "" // it is said what would be needed
	}
	return text
}

// whyUnknown says what is missing to compare a file.
func (p *pair) whyUnknown(c Change, okOld, okNew bool) string {
	missing := []File{c.a, c.b}
	what, first := "neither text is here", 0
	switch {
	case okNew:
		what = "the first text is not here"
	case okOld:
		what, first = "the second text is not here", 1
	}
	for i := range p.sides {
		f, code := missing[i], p.sides[i].code
		if f.Tracked && code.Patch == "" && code.Diff != "" && (i == 0 && !okOld || i == 1 && !okNew) {
			return what + ": the patch against the commit was too long to be kept"
		}
	}
	f, code := missing[first], p.sides[first].code
	switch {
	case f.Tracked && code.Commit != "":
		return fmt.Sprintf("%s: git had it at commit %.12s in %s", what, code.Commit, code.Dir)
	case !f.Code:
		return what + ": of data only digests are kept"
	}
	return what
}
