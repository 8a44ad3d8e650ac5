package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"harness/internal/escape"
	"harness/registry/provenance"
)

// readCode adds the lines in which the code differs.
func (s *Server) readCode(ctx context.Context, data *diffData) error {
	if data.compared == nil {
		return nil
	}
	if err := data.compared.ReadEdits(ctx, s.o.Home, data.Trials[0], data.Trials[1]); err != nil {
		return err
	}
	data.Code = data.compared.Edits
	for _, e := range data.Code.Files {
		data.Patches = append(data.Patches, newPatch(e))
	}
	return nil
}

const (
	patchLines = 2000 // of a file that are shown
	patchWidth = 1000 // bytes of a line
)

// patchData is the difference of a file, line by line.
type patchData struct {
	provenance.Edit
	Lines []patchLine
	More  int // lines that are not shown
}

// patchLine is a line of it. Kind is add, del, hunk or same.
type patchLine struct{ Kind, Text string }

// newPatch prepares a patch to be shown.
func newPatch(e provenance.Edit) patchData {
	p := patchData{Edit: e}
	head := 2 // the names, which stand above
	for line := range strings.Lines(e.Patch) {
		if head > 0 {
			head--
			continue
		}
		if len(p.Lines) == patchLines {
			p.More++
			continue
		}
		p.Lines = append(p.Lines, newPatchLine(strings.TrimSuffix(line, "\n")))
	}
	return p
}

func newPatchLine(line string) patchLine {
	kind := "same"
	switch {
	case strings.HasPrefix(line, "@@"):
		kind = "hunk"
	case strings.HasPrefix(line, "+"):
		kind = "add"
	case strings.HasPrefix(line, "-"):
		kind = "del"
	}
	if len(line) > patchWidth {
		line = strings.ToValidUTF8(line[:patchWidth], "") + fmt.Sprintf(" … (%d more bytes)", len(line)-patchWidth)
	}
	return patchLine{kind, escape.Text(line)}
}

// patchPage serves the difference of the code as a file for git apply.
func (s *Server) patchPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	data := &diffData{A: q.Get("a"), B: q.Get("b")}
	err := errors.Join(s.readDiff(r.Context(), data), s.readCode(r.Context(), data))
	if err == nil && data.Code == nil {
		err = badRequest{fmt.Errorf("want two trials: ?a=ID&b=ID")}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if r.Method == http.MethodHead {
		return
	}
	for _, e := range data.Code.Files {
		_, _ = fmt.Fprint(w, e.Patch) // the browser may be gone
	}
}
