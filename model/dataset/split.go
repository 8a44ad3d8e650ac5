package dataset

import (
	"context"
	"errors"
	"slices"
)

// assignSplits gives every image its splits and counts subjects and leaks. By subject: a subject with any test row in
// Medical-Diff-VQA is test, else one with any val row is val, else train (FACTS 1.6, 1.7).
func (l *loader) assignSplits(context.Context) error {
	t := &l.tables
	if l.opts.Splits == Official && l.parts.split == "" {
		return errors.New("official splits need mimic-cxr-2.0.0-split.csv[.gz] beside the metadata")
	}
	l.splitOf = map[string]Split{}
	for i := range t.images {
		l.meet(t.images[i].subject, Train)
	}
	for i := range t.questions {
		l.meet(t.questions[i].subject, t.questions[i].split)
	}
	for i := range l.images {
		m := &l.images[i]
		if l.opts.Splits == Official {
			m.Split, m.RegionSplit = splitIn(t.officialSplit, m.ID), splitIn(t.regionSplit, m.ID)
			continue
		}
		m.Split = l.splitOf[m.Subject]
		m.RegionSplit = m.Split
	}
	l.countLeaks()
	l.countSubjects()
	return nil
}

// meet notes that a row puts a subject into a split: of several, test comes before val, and val before train.
func (l *loader) meet(subject string, s Split) {
	old, known := l.splitOf[subject]
	if !known {
		l.subjects = append(l.subjects, subject)
	}
	l.splitOf[subject] = max(old, s) // train < val < test
}

// countLeaks counts the test subjects that official splits train on.
func (l *loader) countLeaks() {
	for _, s := range l.subjects {
		if l.splitOf[s] == Test && l.tables.trainSubjects[s] {
			l.count(&l.faults.Leaking, s)
		}
	}
}

func splitIn(table map[string]Split, id string) Split {
	if s, ok := table[id]; ok {
		return s
	}
	return None
}

// countSubjects counts the subjects of each split; of the four sets under Official by where MIMIC-CXR puts their images.
func (l *loader) countSubjects() {
	counts := []*Tally{&l.faults.Subjects.Train, &l.faults.Subjects.Val, &l.faults.Subjects.Test}
	if l.opts.Splits == BySubject || l.parts.open != nil {
		for _, s := range l.subjects {
			l.count(counts[l.splitOf[s]], s)
		}
		return
	}
	in := map[string][]Split{}
	for _, m := range l.tables.images {
		if s := splitIn(l.tables.officialSplit, m.id); s != None && !slices.Contains(in[m.subject], s) {
			in[m.subject] = append(in[m.subject], s)
			l.count(counts[s], m.subject)
		}
	}
}
