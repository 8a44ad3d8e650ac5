package census

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteText writes the census for people, in the columns of dataset.Report.
func (c *Census) WriteText(w io.Writer) error {
	var b strings.Builder
	title := "usable"
	fmt.Fprintf(&b, "%-9s %-25s %9s %9s %9s\n", title, "by split", "train", "val", "test")
	row := func(name string, n BySplit) {
		fmt.Fprintf(&b, "%-9s %-25s %9d %9d %9d\n", "", name, n.Train, n.Val, n.Test)
	}
	row("images", c.Images)
	row("studies", c.Studies)
	row("subjects", c.Subjects)
	row("images with a caption", c.Captions)
	row("regions", c.Regions)
	for _, q := range c.Questions {
		row("questions, "+q.Type, q.BySplit)
	}
	var views []string
	for _, view := range slices.Sorted(maps.Keys(c.Views)) {
		views = append(views, fmt.Sprintf("%d %s", c.Views[view], view))
	}
	fmt.Fprintf(&b, "%-9s %s\n", "views", strings.Join(views, ", "))
	fmt.Fprintf(&b, "%-9s %-25s %9d\n", "labels", "studies, for the probe", c.Labelled)
	title = "tokens"
	for _, l := range c.Lengths {
		fmt.Fprintf(&b, "%-9s %-25s %9d  mean %.1f, 95%% up to %d, most %d", title, l.Of, l.N, l.Mean, l.P95, l.Most)
		if l.Limit > 0 {
			fmt.Fprintf(&b, "; %d over %d", l.Over, l.Limit)
		}
		b.WriteString("\n")
		title = ""
	}
	title = "baselines"
	if m := c.MeanBox; m != nil {
		fmt.Fprintf(&b, "%-9s %-25s %9d  test regions: Acc@0.5 %.3f, Acc@0.75 %.3f, mean IoU %.3f\n", title, "mean box of training", m.Regions, m.Acc50, m.Acc75, m.IoU)
		title = ""
	}
	if f := c.FrequentAnswer; f != nil {
		fmt.Fprintf(&b, "%-9s %-25s %9d  test pairs: BLEU-4 %.3f, METEOR (no paraphrases) %.3f, ROUGE-L %.3f, CIDEr %.3f, finding F1 %.3f\n",
			title, "most frequent answer", f.Pairs, f.BLEU4, f.METEOR, f.ROUGEL, f.CIDEr, f.F1)
		fmt.Fprintf(&b, "%-9s %-25s %9d  of the test pairs\n", "", "nothing has changed", f.Nothing)
		fmt.Fprintf(&b, "%-9s %-25s %9d  of the test pairs: a level in one area\n", "", "levels alone", f.LevelOnly)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
