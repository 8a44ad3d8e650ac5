package fileformat

import (
	"fmt"
	"slices"
	"strings"
)

// The names of columns and keys that are known, in lower case; the case of a file does not matter.
var (
	idNames   = []string{"id", "image_id", "sample_id", "question_id"}
	hypNames  = []string{"prediction", "predictions", "hypothesis", "hypotheses", "hyp", "hyps"}
	refNames  = []string{"reference", "references", "ref", "refs"}
	textNames = []string{"caption", "captions", "text", "texts", "answer"} // of either side
)

const regionName = "region"

// layout says which columns or keys hold what, by their names in the file.
type layout struct {
	id    string // "" where rows are counted
	texts []string
	more  bool // an id may come again
}

// plainName is a name as it is looked for.
func plainName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

func isID(name string) bool  { return slices.Contains(idNames, plainName(name)) }
func isHyp(name string) bool { return slices.Contains(hypNames, plainName(name)) }
func isRef(name string) bool {
	return slices.Contains(refNames, plainName(name)) || isNumberedRef(name)
}

// isNumberedRef reports whether a name is that of one of several columns of references: ref1, reference_2, refs-3, references 4.
func isNumberedRef(name string) bool {
	name = plainName(name)
	stem := strings.TrimRight(name, "0123456789")
	if stem == name {
		return false
	}
	if last := len(stem) - 1; last >= 0 && strings.IndexByte(" _-", stem[last]) >= 0 {
		stem = stem[:last]
	}
	return slices.Contains(refNames, stem)
}

func isText(name string) bool  { return slices.Contains(textNames, plainName(name)) }
func isTexts(name string) bool { return isHyp(name) || isRef(name) || isText(name) }
func isKnown(name string) bool {
	return isID(name) || isTexts(name) || plainName(name) == regionName
}

// choose finds the columns among the names of a row. coco says that an id beside an image_id is that of the annotation.
func (p *parser) choose(names []string, coco bool) (layout, error) {
	var l layout
	var err error
	if l.texts, err = p.chooseTexts(names); err != nil {
		return l, err
	}
	p.file.Columns = l.texts
	if p.opts.ByPosition {
		return l, nil
	}
	if l.id, err = p.chooseID(names, coco); err != nil {
		return l, err
	}
	// The rows of one image are its references, as in COCO's annotations.
	l.more = p.opts.Side == References && plainName(l.id) == "image_id"
	return l, nil
}

func (p *parser) chooseTexts(names []string) ([]string, error) {
	if len(p.opts.Texts) > 0 {
		for _, name := range p.opts.Texts {
			if !slices.Contains(names, name) {
				return nil, fmt.Errorf("no %q among %s", name, quoted(names))
			}
		}
		return p.opts.Texts, nil
	}
	var found []string
	what, flag := "text", "--hyp-column or --ref-column"
	switch p.opts.Side {
	case Hypotheses:
		what, flag = "hypothesis", "--hyp-column"
		found = filter(names, isHyp)
	case References:
		what, flag = "reference", "--ref-column"
		if numbered := filter(names, isNumberedRef); len(numbered) > 1 {
			if all := filter(names, isRef); len(all) == len(numbered) {
				return numbered, nil
			}
		}
		found = filter(names, isRef)
	default:
		found = filter(names, func(name string) bool { return isHyp(name) || isRef(name) })
	}
	if len(found) == 0 && !p.opts.Both || p.opts.Side == Either {
		found = append(found, filter(names, isText)...)
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no %s among %s: name its column or key with %s", what, quoted(names), flag)
	case 1:
		return found, nil
	}
	return nil, fmt.Errorf("more than one of %s: choose with %s", quoted(found), flag)
}

func (p *parser) chooseID(names []string, coco bool) (string, error) {
	if len(p.opts.IDs) > 0 {
		i := slices.IndexFunc(p.opts.IDs, func(id string) bool { return slices.Contains(names, id) })
		if i < 0 {
			return "", fmt.Errorf("no %s among %s", quoted(p.opts.IDs), quoted(names))
		}
		return p.opts.IDs[i], nil
	}
	found := filter(names, isID)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1 && coco:
		if image := filter(found, func(name string) bool { return plainName(name) == "image_id" }); len(image) == 1 {
			return image[0], nil
		}
	}
	other := filter(names, func(name string) bool { return !isKnown(name) && !slices.Contains(p.opts.Texts, name) })
	switch {
	case len(found) > 1:
		return "", fmt.Errorf("more than one of %s: choose with --id-column", quoted(found))
	case len(other) > 0:
		return "", fmt.Errorf("no id among %s: name its column or key with --id-column, or take the order with --by-position", quoted(names))
	}
	return "", nil
}

func filter(names []string, keep func(string) bool) []string {
	var kept []string
	for _, name := range names {
		if keep(name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// repeated returns the first name that comes again.
func repeated(names []string) (string, bool) {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return name, true
		}
	}
	return "", false
}

// quoted lists names, not more than a line holds.
func quoted(names []string) string {
	const most = 12
	var out []string
	for _, name := range names[:min(len(names), most)] {
		if len(name) > 40 {
			name = name[:strings.LastIndexFunc(name[:40], func(r rune) bool { return true })] + "..."
		}
		out = append(out, fmt.Sprintf("%q", name))
	}
	if len(names) > most {
		out = append(out, fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(out, ", ")
}

func listed(formats []Format) string {
	var out []string
	for _, f := range formats {
		out = append(out, string(f))
	}
	return strings.Join(out, ", ")
}
