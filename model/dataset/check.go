package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Report is what Check found.
type Report struct {
	Faults
	Root      string
	Synthetic string
	Splits    Splits
	Notes     []string
	Contents  []Content // what the four sets hold
	List      bool      // the tallies carry ids
	Census    Census    // nil for none
	Set       *Set

	open string // name of the open set, "" for the four
}

// Census is what package census counts of a Report's Set, for its text and its JSON.
type Census interface {
	WriteText(w io.Writer) error
}

// Check reads a root like Open and also decodes every frontal image wholly; one that cannot be decoded is unreadable, and
// so is what needs it. progress counts the images of the metadata and may be nil.
func Check(ctx context.Context, root string, o Options, progress func(done, total int)) (*Report, error) {
	p, err := locate(root)
	if err != nil {
		return nil, err
	}
	defer p.close()
	l := &loader{parts: p, opts: o, decode: true, progress: progress}
	set, err := load(ctx, root, l)
	if err != nil {
		return nil, err
	}
	return &Report{
		Faults: set.Faults, Root: root, Synthetic: set.Synthetic, Splits: set.Splits, Notes: set.Notes, Contents: l.contents(),
		List: o.ListIDs, Set: set, open: set.open,
	}, nil
}

// A group is one block of the report, an entry one line of it; name is the key of the JSON.
type group struct {
	name    string
	entries []entry
}

type entry struct {
	name  string
	what  string // for people; "" is the name
	tally *Tally
}

// groups returns every tally in the order of the report.
func (f *Faults) groups() []group {
	return []group{
		{"images", []entry{
			{"usable", "", &f.Images.Usable},
			{"missing", "", &f.Images.Missing},
			{"unreadable", "", &f.Images.Unreadable},
			{"other_aspect", "than the metadata's Columns by Rows", &f.Images.OtherAspect},
			{"not_frontal", "", &f.Images.NotFrontal},
			{"blank_view", "not known to be frontal or lateral", &f.Images.BlankView},
			{"bad_rows", "", &f.Images.BadRows}}},
		{"reports", []entry{
			{"usable", "", &f.Reports.Usable},
			{"empty", "", &f.Reports.Empty},
			{"missing", "", &f.Reports.Missing},
			{"unreadable", "", &f.Reports.Unreadable}}},
		{"regions", []entry{
			{"usable", "with a phrase and a box", &f.Regions.Usable},
			{"bad_box", "", &f.Regions.BadBox},
			{"no_box", "", &f.Regions.NoBox},
			{"unknown_name", "", &f.Regions.UnknownName}}},
		{"pairs", []entry{
			{"usable", "difference questions", &f.Pairs.Usable},
			{"no_image", "", &f.Pairs.NoImage},
			{"bad_answer", "not in the grammar, or blank", &f.Pairs.BadAnswer},
			{"bad_rows", "of any question type", &f.Pairs.BadRows},
			{"reference_later", "than the main image", &f.Pairs.ReferenceLater}}},
		{"subjects", []entry{
			{"train", "", &f.Subjects.Train},
			{"val", "", &f.Subjects.Val},
			{"test", "", &f.Subjects.Test}}},
		{"", []entry{
			{"leaking_subjects_official", "test subjects that the official splits train on", &f.Leaking}}},
		{"other", []entry{
			{"scene_graphs", "read", &f.Other.SceneGraphs},
			{"scene_graphs_missing", "", &f.Other.MissingScenes},
			{"scene_graphs_unreadable", "", &f.Other.UnreadableScenes},
			{"scene_graphs_off_image", "of images whose original size is not stated", &f.Other.OffImageScenes},
			{"questions", "usable, of the other six types", &f.Other.Questions},
			{"questions_unusable", "no image, or a blank answer", &f.Other.BadQuestions},
			{"rows_in_other_split", "left out to keep subjects apart", &f.Other.OtherSplit},
			{"unknown_findings", "answers that name a finding outside the 30", &f.Other.UnknownFindings},
			{"resized_images", "usable; boxes are scaled to them", &f.Other.Resized},
			{"images_of_unstated_size", "usable; boxes are taken as their pixels", &f.Other.UnknownSize}}},
	}
}

// String lists the faults that were found in one line, such as "images: 2 unreadable; reports: 1 empty"; "" where there are none.
func (f *Faults) String() string {
	var groups []string
	for _, g := range f.groups() {
		var counts []string
		for _, e := range g.entries {
			if e.tally.N > 0 && g.name != "" && g.name != "other" && !usable(g, e) {
				counts = append(counts, fmt.Sprintf("%d %s", e.tally.N, strings.ReplaceAll(e.name, "_", " ")))
			}
		}
		if counts != nil {
			groups = append(groups, g.name+": "+strings.Join(counts, ", "))
		}
	}
	return strings.Join(groups, "; ")
}

// writeCauses writes the causes behind a count below it, each with the first place where it was met.
func writeCauses(b *strings.Builder, causes []Cause) {
	for _, c := range causes {
		fmt.Fprintf(b, "%15s %d %s: first %s", "-", c.N, c.Cause, c.First)
		if c.Detail != "" {
			fmt.Fprintf(b, " (%s)", c.Detail)
		}
		b.WriteString("\n")
	}
}

// WriteText writes the report for people: aligned counts with the causes of faults, then with List the ids behind every count but
// the usable ones.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "data set %s, splits by %s\n", r.Root, map[Splits]string{BySubject: "subject", Official: "official files"}[r.Splits])
	if r.Synthetic != "" {
		fmt.Fprintf(&b, "synthetic: %s\n", r.Synthetic)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	for _, g := range r.groups() {
		title := g.name
		for _, e := range g.entries {
			b.WriteString(reportLine(title, e.name, e.tally.N, e.what))
			writeCauses(&b, e.tally.Causes)
			title = ""
		}
	}
	writeContents(&b, r.Contents)
	if r.Census != nil {
		if err := r.Census.WriteText(&b); err != nil {
			return err
		}
	}
	if r.List {
		for _, g := range r.groups() {
			for _, e := range g.entries {
				if len(e.tally.IDs) == 0 || usable(g, e) {
					continue
				}
				fmt.Fprintf(&b, "\n%s:\n", strings.TrimSpace(g.name+" "+strings.ReplaceAll(e.name, "_", " ")))
				for _, id := range e.tally.IDs {
					fmt.Fprintf(&b, "  %s\n", id)
				}
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// usable reports whether a count is one of things that are fine.
func usable(g group, e entry) bool {
	return e.name == "usable" || g.name == "subjects" || e.name == "scene_graphs" || e.name == "questions"
}

// groupCause is a cause with the count that it belongs to, by the keys of the JSON.
type groupCause struct {
	Group string `json:"group"`
	Count string `json:"kind"`
	Cause
}

// MarshalJSON writes the counts under the keys of the groups; "unusable", the sets of which nothing can be used; "causes", those of
// all faults, in the order of the report; "contents" and "census"; and, with List, "ids" with the keys of the groups holding lists.
func (r *Report) MarshalJSON() ([]byte, error) {
	out := struct {
		Faults
		Root      string         `json:"root"`
		Synthetic string         `json:"synthetic,omitempty"`
		Splits    Splits         `json:"splits"`
		Notes     []string       `json:"notes,omitempty"`
		Contents  []Content      `json:"contents,omitempty"`
		Census    Census         `json:"census,omitempty"`
		Unusable  []string       `json:"unusable"`
		Causes    []groupCause   `json:"causes"`
		IDs       map[string]any `json:"ids,omitempty"`
	}{
		Faults: r.Faults, Root: r.Root, Synthetic: r.Synthetic, Splits: r.Splits, Notes: r.Notes,
		Contents: r.Contents, Census: r.Census, Unusable: []string{}, Causes: []groupCause{},
	}
	for _, u := range r.Unusable() {
		out.Unusable = append(out.Unusable, u.Set)
	}
	for _, g := range r.groups() {
		for _, e := range g.entries {
			for _, c := range e.tally.Causes {
				out.Causes = append(out.Causes, groupCause{g.name, e.name, c})
			}
		}
	}
	if r.List {
		out.IDs = r.ids()
	}
	return json.Marshal(out)
}

// ids returns the ids behind every count, under the keys of the groups.
func (r *Report) ids() map[string]any {
	all := map[string]any{}
	for _, g := range r.groups() {
		lists := map[string]any{}
		for _, e := range g.entries {
			lists[e.name] = append([]string{}, e.tally.IDs...)
		}
		if g.name == "" {
			for name, ids := range lists {
				all[name] = ids
			}
			continue
		}
		all[g.name] = lists
	}
	return all
}
