package dataset

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// An UnusableSet is a data set that is there and of which nothing can be used, or a part of an open one.
type UnusableSet struct {
	Set string // "MIMIC-CXR-JPG", "MIMIC-CXR reports", "Chest ImaGenome" or "Medical-Diff-VQA"; "regions of NIH ChestX-ray14"
	Why string // its most frequent fault, in words
}

// Unusable lists the data sets that are there and of which nothing can be used, images first: without them nothing else can be.
func (r *Report) Unusable() []UnusableSet {
	if r.open != "" {
		return r.Faults.unusableOpen(r.open)
	}
	return r.Faults.unusable()
}

// unusableOpen lists what cannot be used of an open set, which is called name: its images, and each other part of which something was
// found. It need not have all of them.
func (f *Faults) unusableOpen(name string) []UnusableSet {
	var sets []UnusableSet
	if f.Images.Usable.N == 0 {
		sets = append(sets, UnusableSet{name, mainCause(f.imageFaults())})
	}
	for _, part := range []struct {
		name   string
		usable int
		faults []*Tally
	}{
		{"reports", f.Reports.Usable.N, []*Tally{&f.Reports.Empty}},
		{"regions", f.Regions.Usable.N, []*Tally{&f.Regions.BadBox, &f.Regions.UnknownName}},
		{"pairs", f.Pairs.Usable.N, []*Tally{&f.Pairs.NoImage, &f.Pairs.BadAnswer, &f.Pairs.BadRows}},
	} {
		found := slices.ContainsFunc(part.faults, func(t *Tally) bool { return t.N > 0 })
		if part.usable == 0 && found {
			sets = append(sets, UnusableSet{part.name + " of " + name, mainCause(part.faults)})
		}
	}
	return sets
}

func (f *Faults) imageFaults() []*Tally {
	return []*Tally{&f.Images.Missing, &f.Images.Unreadable, &f.Images.OtherAspect, &f.Images.NotFrontal, &f.Images.BlankView, &f.Images.BadRows}
}

// unusable is Unusable for the four sets.
func (f *Faults) unusable() []UnusableSet {
	var sets []UnusableSet
	for _, s := range []struct {
		set    string
		usable int
		faults []*Tally
	}{
		{"MIMIC-CXR-JPG", f.Images.Usable.N, f.imageFaults()},
		{"MIMIC-CXR reports", f.Reports.Usable.N, []*Tally{&f.Reports.Missing, &f.Reports.Empty, &f.Reports.Unreadable}},
		{"Chest ImaGenome", f.Regions.Usable.N, []*Tally{&f.Other.MissingScenes, &f.Other.UnreadableScenes, &f.Other.OffImageScenes,
			&f.Regions.BadBox, &f.Regions.NoBox, &f.Regions.UnknownName}},
		{"Medical-Diff-VQA", f.Pairs.Usable.N + f.Other.Questions.N, []*Tally{&f.Pairs.NoImage, &f.Pairs.BadAnswer, &f.Pairs.BadRows,
			&f.Pairs.ReferenceLater, &f.Other.BadQuestions, &f.Other.OtherSplit}},
	} {
		if s.usable == 0 {
			sets = append(sets, UnusableSet{s.set, mainCause(s.faults)})
		}
	}
	return sets
}

// mainCause words the most frequent cause behind the tallies.
func mainCause(tallies []*Tally) string {
	var worst Cause
	for _, t := range tallies {
		for _, c := range t.Causes {
			if c.N > worst.N {
				worst = c
			}
		}
	}
	if worst.N == 0 {
		return "nothing in it applies to a usable image"
	}
	why := fmt.Sprintf("%d times %s, first %s", worst.N, worst.Cause, worst.First)
	if worst.Detail != "" {
		why += " (" + worst.Detail + ")"
	}
	return why
}

// repairable are the counts whose files or rows a user can mend or fetch again, by group and kind. The others are as published:
// lateral views, regions without a box, findings outside the 30.
var repairable = map[string]bool{
	"images missing": true, "images unreadable": true, "images other_aspect": true, "images bad_rows": true,
	"reports missing": true, "reports empty": true, "reports unreadable": true, "regions bad_box": true,
	"pairs no_image": true, "pairs bad_answer": true, "pairs bad_rows": true, "pairs reference_later": true,
	"other scene_graphs_missing": true, "other scene_graphs_unreadable": true, "other scene_graphs_off_image": true,
	"other questions_unusable": true,
}

// WriteRepairs writes one line for each bad file or row: its path or PATH:LINE, the cause, the count it belongs to as GROUP.KIND, and
// the id, separated by tabs. The report must have been made with ListIDs.
func (r *Report) WriteRepairs(w io.Writer) error {
	out := bufio.NewWriter(w)
	plain := strings.NewReplacer("\t", `\t`, "\n", `\n`, "\r", `\r`)
	for _, g := range r.groups() {
		for _, e := range g.entries {
			if !repairable[g.name+" "+e.name] {
				continue
			}
			for _, item := range e.tally.Items {
				cause := item.Cause
				if item.Detail != "" {
					cause += " (" + item.Detail + ")"
				}
				cells := []string{item.Place, cause, g.name + "." + e.name, item.ID}
				for i := range cells {
					cells[i] = plain.Replace(cells[i])
				}
				fmt.Fprintln(out, strings.Join(cells, "\t"))
			}
		}
	}
	return out.Flush()
}
