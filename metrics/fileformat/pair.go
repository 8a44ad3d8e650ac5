package fileformat

import (
	"fmt"
	"slices"

	"harness/metrics"
)

// Merge joins several files of references: those of one id, or of one position, in the order of the files. Files without ids must be
// of one length. short counts the ids that not every file has.
func Merge(files []*File) (merged *File, short int, err error) {
	first := files[0]
	if len(files) == 1 {
		return first, 0, nil
	}
	out := &File{Name: first.Name, Texts: map[string][]string{}, Plain: first.Plain, Unit: first.Unit, Regions: map[string]string{}}
	for _, f := range files {
		switch {
		case f.Plain != first.Plain && f.Plain:
			return nil, 0, fmt.Errorf("%s has ids, %s has none", first.Name, f.Name)
		case f.Plain != first.Plain:
			return nil, 0, fmt.Errorf("%s has no ids, %s has some", first.Name, f.Name)
		case f.Plain && len(f.IDs) != len(first.IDs):
			return nil, 0, fmt.Errorf("%s has %d %s, %s has %d", first.Name, len(first.IDs), first.Unit, f.Name, len(f.IDs))
		}
		if f != first {
			out.Name += " + " + f.Name
		}
		for _, id := range f.IDs {
			if _, have := out.Texts[id]; !have {
				out.IDs = append(out.IDs, id)
			}
			out.Texts[id] = append(out.Texts[id], f.Texts[id]...)
			if region := f.Regions[id]; region != "" && out.Regions[id] == "" {
				out.Regions[id] = region
			}
		}
	}
	for _, id := range out.IDs {
		if slices.ContainsFunc(files, func(f *File) bool { _, have := f.Texts[id]; return !have }) {
			short++
		}
	}
	return out, short, nil
}

// Pair joins hypotheses and references by id, in the order of the references. Every id must be on both sides, and every id must
// have exactly one hypothesis.
func Pair(hyps, refs *File) ([]metrics.Sample, error) {
	if hyps.Plain && refs.Plain && hyps.Name == refs.Name && len(hyps.IDs) != len(refs.IDs) {
		return nil, fmt.Errorf("%s has hypotheses of %d samples and references of %d", hyps.Name, len(hyps.IDs), len(refs.IDs))
	}
	if hyps.Plain && refs.Plain && len(hyps.IDs) != len(refs.IDs) {
		return nil, fmt.Errorf("%s has %d %s, %s has %d", hyps.Name, len(hyps.IDs), hyps.Unit, refs.Name, len(refs.IDs))
	}
	samples := make([]metrics.Sample, 0, len(refs.IDs))
	for _, id := range refs.IDs {
		texts := refs.Texts[id]
		hyp, ok := hyps.Texts[id]
		switch {
		case len(texts) == 0:
			return nil, fmt.Errorf("%s: id %q has no reference", refs.Name, id)
		case !ok:
			return nil, fmt.Errorf("%s: id %q of %s is missing%s%s", hyps.Name, id, refs.Name, others(missing(refs, hyps)), counted(hyps, refs))
		case len(hyp) != 1:
			return nil, fmt.Errorf("%s: id %q has %d hypotheses, not one", hyps.Name, id, len(hyp))
		}
		samples = append(samples, metrics.Sample{ID: id, Hyp: hyp[0], Refs: texts, Region: refs.Regions[id]})
	}
	if extra := missing(hyps, refs); len(extra) > 0 {
		return nil, fmt.Errorf("%s: id %q is not in %s%s%s", hyps.Name, extra[0], refs.Name, others(extra), counted(hyps, refs))
	}
	return samples, nil
}

// missing returns the ids of a that b lacks.
func missing(a, b *File) []string {
	return slices.DeleteFunc(slices.Clone(a.IDs), func(id string) bool { _, ok := b.Texts[id]; return ok })
}

// others says how many ids there are besides the first.
func others(ids []string) string {
	if len(ids) < 2 {
		return ""
	}
	return fmt.Sprintf(", and %d more", len(ids)-1)
}

// counted explains the ids of a file that has none, beside one that has some.
func counted(a, b *File) string {
	if !a.Plain {
		a, b = b, a
	}
	if !a.Plain || b.Plain {
		return ""
	}
	return fmt.Sprintf(" (%s has no ids: its %s count from 1)", a.Name, a.Unit)
}
