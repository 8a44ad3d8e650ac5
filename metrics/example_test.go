package metrics_test

import (
	"context"
	"fmt"

	"harness/metrics"
)

// Two answers against their references, as pycocoevalcap scores them.
func ExampleScore() {
	samples := []metrics.Sample{
		{ID: "1", Hyp: "the main image has an additional finding of edema", Refs: []string{"the main image has an additional finding of edema"}},
		{ID: "2", Hyp: "nothing has changed.", Refs: []string{"the main image is missing the finding of hernia", "nothing has changed."}},
	}
	scores, err := metrics.Score(context.Background(), samples, metrics.Options{Metrics: []string{"bleu", "rouge"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"bleu1", "rouge_l"} {
		fmt.Printf("%s %.3f\n", name, scores.Corpus[name])
	}
	// Output:
	// bleu1 1.000
	// rouge_l 1.000
}

func ExampleIoU() {
	fmt.Printf("%.2f\n", metrics.IoU(metrics.Box{0, 0, 10, 10}, metrics.Box{0, 0, 10, 5}))
	// Output: 0.50
}
