package census

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
	"harness/model/dataset"
)

const question = "what has changed compared to the reference image?"

// small is a set of two subjects, whose numbers can be counted by hand.
func small() *dataset.Set {
	image := func(subject, study string, split dataset.Split, box metrics.Box) dataset.Image {
		return dataset.Image{
			ID: study, Subject: subject, Study: study, Width: 448, Height: 448, View: "AP", Split: split, RegionSplit: split,
			Caption: "The lungs are clear.", Regions: []dataset.Region{{Name: "right lung", Box: box, Phrase: "Right lung is clear."}},
		}
	}
	pair := func(split dataset.Split, answer string) dataset.Pair {
		return dataset.Pair{ID: answer + split.String(), Type: "difference", Question: question, Answer: answer, Split: split}
	}
	edema := "the main image has an additional finding of edema than the reference image."
	set := &dataset.Set{
		Images: []dataset.Image{
			image("1", "11", dataset.Train, metrics.Box{0, 0, 100, 100}),
			image("1", "12", dataset.Train, metrics.Box{0, 0, 101, 100}),
			image("2", "21", dataset.Test, metrics.Box{0, 0, 101, 100}),
			image("2", "22", dataset.Test, metrics.Box{200, 200, 300, 300}),
		},
		Pairs: []dataset.Pair{
			pair(dataset.Train, "nothing has changed."), pair(dataset.Train, edema), pair(dataset.Train, edema),
			pair(dataset.Test, "nothing has changed."), pair(dataset.Test, edema),
		},
		Questions: []dataset.Pair{{Type: "view", Split: dataset.Val}, {Type: "level", Split: dataset.Val}},
	}
	set.Images[3].View, set.Images[3].Caption = "PA", ""
	return set
}

func TestOf(t *testing.T) {
	c, err := Of(t.Context(), small())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	// The mean box, 0 0 100.5 100, is written in whole bins: 101. It covers the first test region, not the second. "edema" is right once in
	// two answers that state one finding.
	want := `usable    by split                      train       val      test
          images                            2         0         2
          studies                           2         0         2
          subjects                          1         0         1
          images with a caption             2         0         1
          regions                           2         0         2
          questions, difference             3         0         2
          questions, level                  0         1         0
          questions, view                   0         1         0
views     3 AP, 1 PA
labels    studies, for the probe            0
tokens    captions                          3  mean 5.0, 95% up to 5, most 5; 0 over 256
          phrases with box                  4  mean 14.0, 95% up to 14, most 14; 0 over 96
          difference questions              5  mean 9.0, 95% up to 9, most 9
          difference answers                5  mean 10.6, 95% up to 15, most 15; 0 over 128
baselines mean box of training              2  test regions: Acc@0.5 0.500, Acc@0.75 0.500, mean IoU 0.500
          most frequent answer              2  test pairs: BLEU-4 `
	got := b.String()
	head, rest, _ := strings.Cut(got, "BLEU-4 ")
	if diff := cmp.Diff(want, head+"BLEU-4 "); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(rest, ", finding F1 0.667\n          nothing has changed               1  of the test pairs\n          levels alone                      0  of the test pairs: a level in one area\n") {
		t.Errorf("the end is %q", rest)
	}
}

// Without regions, pairs and texts, their rows are absent, not zero.
func TestOfNothing(t *testing.T) {
	c, err := Of(t.Context(), &dataset.Set{Images: []dataset.Image{{Split: dataset.Train, View: "frontal"}}})
	if err != nil {
		t.Fatal(err)
	}
	if c.MeanBox != nil || c.FrequentAnswer != nil || c.Lengths != nil {
		t.Errorf("%+v", c)
	}
}

func TestLength(t *testing.T) {
	all := make([]int, 100)
	for i := range all {
		all[i] = 100 - i
	}
	want := Length{Of: "x", N: 100, Mean: 50.5, P95: 95, Most: 100, Limit: 90, Over: 10}
	if diff := cmp.Diff(want, lengthOf("x", all, 90)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
