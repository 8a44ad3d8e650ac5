package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"harness/experiments"
	"harness/internal/view"
	"harness/registry"
	"harness/reports"
	"harness/sweeps"
)

// stored finds the plan that the user names: a handle as ls --sweeps prints it, a built-in experiment, or a file, which lays
// the stored results out as it says now. No grid is expanded.
func stored(ctx context.Context, log io.Writer, db *registry.DB, name string, o experimentOptions) (*sweeps.Plan, error) {
	known, err := db.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	handle, layout, err := storedHandle(log, db, known, name, o)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(known, func(s registry.SweepInfo) bool { return s.Handle == handle }) {
		return nil, notRun(known, name, handle)
	}
	s, err := db.SweepPlan(ctx, handle)
	if err != nil {
		return nil, err
	}
	plan, err := view.DecodePlan(db, s, layout)
	if err != nil {
		return nil, err
	}
	if layout != nil && len(s.Plan) > 0 {
		plan = plan.Relaid(layout)
		if layout.Digest != plan.FileDigest {
			fmt.Fprintf(log, "%s has changed since the sweep: the table shows the trials of then; \"harness sweep %s\" plans those of now\n", name, name)
		}
	}
	return plan, nil
}

// storedHandle is the handle that name and the options of the command line stand for; layout is the file's, if it is one.
func storedHandle(log io.Writer, db *registry.DB, known []registry.SweepInfo, name string, o experimentOptions) (handle string, layout *sweeps.Sweep, err error) {
	has := func(handle string) bool {
		return slices.ContainsFunc(known, func(s registry.SweepInfo) bool { return s.Handle == handle })
	}
	if o.flagged() == "" && has(name) {
		return name, nil, nil
	}
	if full, unknown := experiments.Find(name); unknown == nil {
		if only := onlyVariant(known, full); o.flagged() == "" && only != "" {
			fmt.Fprintf(log, "%s was run with options, as %s\n", full, only)
			return only, nil, nil
		}
		return o.handle(full), nil, nil
	}
	if info, err := os.Stat(name); err != nil || info.IsDir() {
		return o.handle(name), nil, nil
	}
	file, data, err := readExperiment(name)
	if err != nil {
		return "", nil, err
	}
	if layout, err = sweeps.Parse(file, data); err != nil {
		return "", nil, usageError("%w", err)
	}
	path, err := experimentPath(db.Home, name)
	if err != nil {
		return "", nil, err
	}
	place := placeOf(db.Home, known, o.handle(layout.Name), path)
	if place.moved != "" {
		fmt.Fprintf(log, "%s was planned from %s, which is gone: %s is taken for the same\n", place.handle, place.moved, name)
	}
	if !has(place.handle) && place.other != "" {
		return "", nil, withHint(fmt.Errorf("report %s: %w: the sweep %s is that of %s", name, reports.ErrNothing, o.handle(layout.Name), place.other),
			fmt.Sprintf("run \"harness sweep %s\", or name the other with \"harness report %s\"", name, o.handle(layout.Name)))
	}
	return place.handle, layout, nil
}

// onlyVariant is the handle of a built-in experiment that was run with options, in one way and not without: its plain name means that one.
// "" where there is none, or a choice.
func onlyVariant(known []registry.SweepInfo, full string) string {
	only := ""
	for _, s := range known {
		switch {
		case s.Handle == full:
			return ""
		case !strings.HasPrefix(s.Handle, full+"@"):
		case only != "":
			return ""
		default:
			only = s.Handle
		}
	}
	return only
}

// notRun is the error for a sweep that the home does not have, with what to do.
func notRun(known []registry.SweepInfo, name, handle string) error {
	base, _, _ := strings.Cut(handle, "@")
	var near []string
	for _, s := range known {
		if s.Name == base || strings.HasPrefix(s.Handle, base+"@") {
			near = append(near, s.Handle)
		}
	}
	err := fmt.Errorf("report %s: %w", handle, reports.ErrNothing)
	if len(near) > 0 {
		return withHint(err, "the sweep was run with other options: harness report "+strings.Join(near, ", or harness report "))
	}
	if _, unknown := experiments.Find(name); unknown != nil {
		if _, missing := os.Stat(name); missing != nil && strings.ContainsAny(name, "./") {
			return usageError("read experiment: %w", missing)
		} else if missing != nil {
			return usageError("%w%s", unknown, alsoRun(known))
		}
	}
	return withHint(err, fmt.Sprintf("run \"harness sweep %s\"", name))
}

// alsoRun names the sweeps that the home has, for who mistook the name of one.
func alsoRun(known []registry.SweepInfo) string {
	var names []string
	for _, s := range known {
		names = append(names, s.Handle)
	}
	if len(names) == 0 {
		return ""
	}
	return "; run here were " + strings.Join(names, ", ")
}

// claimHandle is the handle under which a sweep is stored: one that is taken by another file gets a number, and that is said.
func claimHandle(ctx context.Context, log io.Writer, db *registry.DB, handle, file string) (string, error) {
	known, err := db.Sweeps(ctx)
	if err != nil {
		return "", err
	}
	place := placeOf(db.Home, known, handle, file)
	file = inHome(db.Home, file)
	if place.moved != "" {
		fmt.Fprintf(log, "%s was planned from %s, which is gone: %s takes its place\n", place.handle, place.moved, file)
	}
	if place.handle != handle {
		fmt.Fprintf(log, "the name %s belongs to %s: this sweep is kept as %s; a name of its own in %s tells them apart\n",
			handle, place.other, place.handle, file)
	}
	return place.handle, nil
}

// place is where the sweep of a file is stored, or would be.
type place struct {
	handle string
	moved  string // the file that the sweep of this handle was planned from, if it is gone
	other  string // whose sweep has the handle that was asked for, if it is not the file's
}

// placeOf finds the place of the sweep of a file that asks for a handle: its own, else one whose file is gone, as after a
// move, else the first that is free, with a number where another file has the name.
func placeOf(home string, known []registry.SweepInfo, handle, file string) place {
	var p place
	var gone *registry.SweepInfo
	free := handle
	for n := 2; ; n++ {
		i := slices.IndexFunc(known, func(s registry.SweepInfo) bool { return s.Handle == free })
		if i < 0 {
			break
		}
		s := &known[i]
		own := inHome(home, s.File)
		if s.Legacy || sameFile(own, inHome(home, file)) {
			p.handle = free
			return p
		}
		if n == 2 {
			if p.other = own; own == "" {
				p.other = "the built-in experiment"
			}
		}
		if gone == nil && own != "" && file != "" && !exists(own) {
			gone = s
		}
		free = fmt.Sprintf("%s-%d", handle, n)
	}
	if gone != nil {
		p.handle, p.moved = gone.Handle, inHome(home, gone.File)
		return p
	}
	p.handle = free
	return p
}

// sameFile tells whether two paths lead to one file; "" stands for a built-in experiment.
func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
