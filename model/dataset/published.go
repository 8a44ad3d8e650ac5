package dataset

import (
	"fmt"
	"strings"
)

// A Content counts one kind of thing in a set, such as its images, those included that cannot be used: releases state their counts in this way.
type Content struct {
	Set       string  `json:"set"` // which of the four
	Name      string  `json:"name"`
	Count     int     `json:"count"`
	Published int     `json:"published,omitempty"` // 0 where no source states it, and for data that are not the release
	Verdict   Verdict `json:"verdict,omitempty"`   // of a count that is published
}

// Verdict compares a count with the published one.
type Verdict string

// The verdicts.
const (
	AsPublished Verdict = "as published"
	Differs     Verdict = "differs"
)

// String words the verdict for people; "" where nothing is published.
func (c Content) String() string {
	switch c.Verdict {
	case AsPublished:
		return string(AsPublished)
	case Differs:
		return fmt.Sprintf("differs: %d, published %d", c.Count, c.Published)
	}
	return ""
}

// Names of the four sets.
const (
	imageSet    = "MIMIC-CXR-JPG"
	reportSet   = "MIMIC-CXR reports"
	regionSet   = "Chest ImaGenome"
	questionSet = "Medical-Diff-VQA"
)

// published are the counts of the releases MIMIC-CXR-JPG 2.0.0 and 2.1.0, Chest ImaGenome 1.0.0 and Medical-Diff-VQA 1.0.0 (FACTS 1.1, 1.3
// and 1.4; the subjects are those of the paper, 3.3.1).
var published = map[[2]string]int{
	{imageSet, "images"}:           377_110,
	{imageSet, "subjects"}:         65_379,
	{imageSet, "images train"}:     368_960,
	{imageSet, "images val"}:       2_991,
	{imageSet, "images test"}:      5_159,
	{regionSet, "images train"}:    166_521,
	{regionSet, "images val"}:      23_953,
	{regionSet, "images test"}:     47_393,
	{regionSet, "images to avoid"}: 3_821,

	{questionSet, "questions"}:        700_703,
	{questionSet, "difference train"}: 131_556,
	{questionSet, "difference val"}:   16_278,
	{questionSet, "difference test"}:  16_389,
}

// questionRows counts the rows of mimic_pair_questions.csv that have a cell for each column, those that cannot be used included.
type questionRows struct {
	all        int
	difference [3]int // by split
}

// contents lists what the four sets hold, beside what their releases state unless the data are synthetic; nothing of an open set.
func (l *loader) contents() []Content {
	if l.parts.open != nil {
		return nil
	}
	t := &l.tables
	var list []Content
	add := func(set, name string, n int) {
		c := Content{Set: set, Name: name, Count: n}
		if want, known := published[[2]string{set, name}]; known && l.synthetic == "" {
			c.Published, c.Verdict = want, Differs
			if n == want {
				c.Verdict = AsPublished
			}
		}
		list = append(list, c)
	}
	bySplit := func(set, name string, n [3]int) {
		for _, s := range []Split{Train, Val, Test} {
			add(set, name+" "+s.String(), n[s])
		}
	}
	subjects := map[string]bool{}
	for _, m := range t.images {
		subjects[m.subject] = true
	}
	add(imageSet, "images", len(t.images))
	add(imageSet, "studies", len(t.studies))
	add(imageSet, "subjects", len(subjects))
	if l.parts.split != "" {
		bySplit(imageSet, "images", countSplits(t.officialSplit))
	}
	if l.decode {
		add(reportSet, "with findings", l.withFindings)
		add(reportSet, "with an impression", l.withImpression)
	}
	bySplit(regionSet, "images", countSplits(t.regionSplit))
	add(regionSet, "images to avoid", len(t.avoid))
	add(regionSet, "boxes of the 29 regions", l.boxes)
	add(questionSet, "questions", t.questionRows.all)
	bySplit(questionSet, difference, t.questionRows.difference)
	return list
}

func countSplits(of map[string]Split) (n [3]int) {
	for _, s := range of {
		n[s]++
	}
	return n
}

// writeContents writes the contents, each with its verdict, and then how many are as published.
func writeContents(b *strings.Builder, contents []Content) {
	set, same, compared := "", 0, 0
	for _, c := range contents {
		title := ""
		if set == "" {
			title = "contents"
		}
		what := ""
		if c.Set != set {
			set, what = c.Set, c.Set
		}
		if verdict := c.String(); verdict != "" {
			what = strings.TrimPrefix(what+"; "+verdict, "; ")
			compared++
			if c.Verdict == AsPublished {
				same++
			}
		}
		b.WriteString(reportLine(title, c.Name, c.Count, what))
	}
	if compared > 0 {
		fmt.Fprintf(b, "%d of %d published counts are as published\n", same, compared)
	}
}

// reportLine is a line of the report for people.
func reportLine(title, name string, n int, what string) string {
	return strings.TrimRight(fmt.Sprintf("%-9s %-25s %9d  %s", title, strings.ReplaceAll(name, "_", " "), n, what), " ") + "\n"
}
