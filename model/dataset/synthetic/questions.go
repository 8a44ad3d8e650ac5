package synthetic

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// question is one row of mimic_pair_questions.csv without its ids.
type question struct{ kind, text, answer string }

const (
	askChange    = "what has changed compared to the reference image?"
	nothingWords = "nothing has changed."
)

// study is one study of a patient: the truth and the names that point to it.
type study struct {
	id, subject int
	dicom       string
	state       state
	order       []finding // present findings in stored order, the order of all_diseases.json
	ap          bool
	date, time  string // YYYYMMDD, HHMMSS.sss
}

// differences returns the difference questions of a pair by the grammar of FACTS 1.4: always the general one, and one
// about an area for each level change whose location both studies share.
func differences(r *rand.Rand, ref, main *study, p Params) []question {
	var levels, areas []question
	var added, missing []string
	order := slices.Clone(main.order)
	if !p.StableOrder {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	for _, f := range order {
		if !ref.state.has[f].present {
			added = append(added, main.state.findings[f].name)
			continue
		}
		from, to := ref.state.level(f), main.state.level(f)
		if from == to {
			continue
		}
		text := "the level of " + main.state.findings[f].name + " has changed from " + from + " to " + to + ". "
		levels = append(levels, question{answer: text})
		if area := sharedArea(ref.state.location(f), main.state.location(f)); area != "" {
			areas = append(areas, question{"difference", "what has changed in the " + area + " area?", text})
		}
	}
	for _, f := range ref.order {
		if !main.state.has[f].present {
			missing = append(missing, main.state.findings[f].name)
		}
	}
	var b strings.Builder
	for _, l := range levels {
		b.WriteString(l.answer)
	}
	b.WriteString(listed("the main image has an additional finding of ", "the main image has additional findings of ", added))
	b.WriteString(listed("the main image is missing the finding of ", "the main image is missing the findings of ", missing))
	answer := b.String()
	if answer == "" {
		answer = nothingWords
	}
	return append([]question{{"difference", askChange, answer}}, areas...)
}

// listed is "" for no names, else one sentence; the comma stands before "and" even for two names.
func listed(one, many string, names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return one + names[0] + " than the reference image. "
	}
	last := len(names) - 1
	return many + strings.Join(names[:last], ", ") + ", and " + names[last] + " than the reference image. "
}

// sharedArea returns the location words that both studies have, "" if they share none or just "bilateral".
func sharedArea(a, b []string) string {
	var shared []string
	for _, word := range a {
		if slices.Contains(b, word) {
			shared = append(shared, word)
		}
	}
	switch area := strings.Join(shared, " "); area {
	case "bilateral":
		return ""
	case "left", "right":
		return area + " lung"
	default:
		return area
	}
}

// about returns the questions of the other six types about one study. Presence questions are balanced: as many answered
// yes as no.
func about(r *rand.Rand, st *study) []question {
	var list []question
	add := func(kind, text, answer string) { list = append(list, question{kind, text, answer}) }
	pick := func(a, b string) string { return []string{a, b}[r.IntN(2)] }

	names := make([]string, len(st.order))
	for i, f := range st.order {
		names[i] = st.state.findings[f].name
	}
	view, other := "PA view", "AP view"
	if st.ap {
		view, other = other, view
	}
	if r.IntN(2) == 0 {
		add("view", "which view is this image taken?", view)
	} else {
		asked, answer := view, "yes"
		if r.IntN(2) == 0 {
			asked, answer = other, "no"
		}
		add("view", "is this "+asked+"?", answer)
	}
	if len(names) > 0 {
		add("abnormality", "what abnormalities are seen in this image?", strings.Join(names, ", "))
	}
	add("abnormality", "is there evidence of any abnormalities in this image?", yesNo(len(names) > 0))

	var absent []finding
	for f := range st.state.has {
		if !st.state.has[f].present {
			absent = append(absent, finding(f))
		}
	}
	present := slices.Clone(st.order)
	shuffle(r, present)
	shuffle(r, absent)
	for i := range min(2, len(present), len(absent)) {
		for _, f := range []finding{present[i], absent[i]} {
			name := st.state.findings[f].name
			add("presence", pick("is there evidence of "+name+" in this image?", "is there "+name+"?"), yesNo(st.state.has[f].present))
		}
	}
	for i, f := range present {
		name, spec, words := st.state.findings[f].name, st.state.findings[f], st.state.location(f)
		if i < 2 && len(words) > 0 {
			add("location", pick("where in the image is the "+name+" located?", "where is the "+name+"?"), strings.Join(words, " ")+" area")
		}
		if sided := st.state.has[f].side; i < 2 && (sided == left || sided == right) {
			add("location", "is the "+name+" located on the left side or right side?", sided.word()+" side")
		}
		if level := st.state.level(f); level != "" {
			add("level", "what level is the "+name+"?", level)
		}
		if i < 2 && spec.kind != "" {
			add("type", "what type is the "+name+"?", spec.kind)
		}
	}
	return list
}

func shuffle(r *rand.Rand, list []finding) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
