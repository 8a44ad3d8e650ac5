package view

import (
	"context"
	"errors"
	"fmt"

	"harness/registry/provenance"
)

// CodeEdits is in what lines the code of two trials differs.
type CodeEdits struct {
	Unknown string            `json:"unknown,omitempty"` // why nothing is known
	Partial string            `json:"partial,omitempty"` // why more files may differ
	Files   []provenance.Edit `json:"files"`
}

// ReadEdits adds the lines in which the code of two trials differs.
func (d *Difference) ReadEdits(ctx context.Context, home string, a, b *Record) error {
	d.Edits = &CodeEdits{Files: []provenance.Edit{}}
	var codes [2]*provenance.Code
	for i, r := range []*Record{a, b} {
		digest := r.Counting().Code
		if digest == "" {
			d.Edits.Unknown = noCode(r)
			return nil
		}
		code, err := provenance.Load(home, digest)
		if errors.Is(err, provenance.ErrNoSnapshot) {
			d.Edits.Unknown = fmt.Sprintf("the code of trial %s was not kept", r.ID[:8])
			return nil
		}
		if err != nil {
			return err
		}
		if code.Partial != "" {
			d.Edits.Partial = fmt.Sprintf("the snapshot of trial %s does not have all files: %s", r.ID[:8], code.Partial)
		}
		codes[i] = code
	}
	d.Edits.Files = append(d.Edits.Files, provenance.Edits(ctx, codes[0], codes[1])...)
	return ctx.Err()
}

// noCode says why a trial has no snapshot of code.
func noCode(r *Record) string {
	switch {
	case r.Spec.Imported != "":
		return fmt.Sprintf("the code of trial %s is not known: it was imported", r.ID[:8])
	case r.Spec.Command == "":
		return fmt.Sprintf("the code of trial %s is built into the harness: its commit tells", r.ID[:8])
	case len(r.History) == 0:
		return fmt.Sprintf("trial %s has not run", r.ID[:8])
	}
	return fmt.Sprintf("no code of trial %s was recorded", r.ID[:8])
}
