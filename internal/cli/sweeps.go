package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"harness/experiments"
	"harness/internal/escape"
	"harness/internal/nearest"
	"harness/internal/view"
	"harness/registry"
)

// sweepNamed is the handle of a sweep that the user names: a handle, or the short name of a built-in experiment, also of one that was run with
// options in one way alone.
func sweepNamed(ctx context.Context, db *registry.DB, name string) (string, error) {
	known, err := db.Sweeps(ctx)
	if err != nil {
		return "", err
	}
	full, unknown := experiments.Find(name)
	var handles []string
	for _, s := range known {
		if s.Handle == name || unknown == nil && s.Handle == full {
			return s.Handle, nil
		}
		handles = append(handles, s.Handle)
	}
	if unknown == nil {
		if only := onlyVariant(known, full); only != "" {
			return only, nil
		}
	}
	if len(handles) == 0 {
		return "", usageError("no sweep %q was run here: none was", name)
	}
	return "", usageError("no sweep %q was run here%s", name, nearest.Choices(name, handles))
}

// listedSweep is a sweep as ls --sweeps prints it.
type listedSweep struct {
	Handle  string                 `json:"handle"`
	Name    string                 `json:"name"`
	File    string                 `json:"file,omitempty"`
	Options string                 `json:"options,omitempty"`
	Planned time.Time              `json:"planned"`
	Counts  map[registry.State]int `json:"counts"`
	Former  int                    `json:"former,omitempty"`
	Legacy  bool                   `json:"-"`
}

// sweepAsked is the handle of the sweep that the arguments name; "" where they name none.
func sweepAsked(ctx context.Context, db *registry.DB, args []string) (string, error) {
	if len(args) == 0 {
		return "", nil
	}
	return sweepNamed(ctx, db, args[0])
}

// listSweeps prints the sweeps, newest first, with how their trials stand.
func listSweeps(ctx context.Context, w io.Writer, db *registry.DB, o listOptions) error {
	sweeps, err := db.Sweeps(ctx)
	if err != nil {
		return err
	}
	lines := make([]listedSweep, len(sweeps))
	for i, s := range sweeps {
		lines[i] = listedSweep{s.Handle, s.Name, inHome(db.Home, s.File), s.Options, s.Planned, s.Counts, s.Former, s.Legacy}
	}
	if o.json {
		return printJSON(w, lines)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SWEEP\tPLANNED\tTRIALS\tFILE")
	for _, s := range lines {
		file := s.File
		switch {
		case file == "" && s.Legacy:
			file = "(not recorded)"
		case file == "":
			file = "(built in)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", escape.Line(s.Handle), s.Planned.Local().Format("2006-01-02 15:04"), view.CountsText(s.Counts),
			escape.Line(strings.TrimSpace(file+" "+s.Options)))
	}
	return t.Flush()
}
