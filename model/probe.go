package model

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/probe"
)

// The probes measure what linear models can read from the frozen encoder: for each finding, ridge regression to present or not, fitted on
// the training images, its penalty chosen on the validation images, and tested on the test images by the area under the ROC curve and
// by the set of changes between the images of test pairs (package probe). They use no reports and no words of questions.
//
//	probe/auc, probe/f1                      from the mean over the visual tokens, the pooling of CapPa's probes (FACTS 2.5)
//	probe/tokens/auc, probe/tokens/f1        from all visual tokens, which is what a language model reads
//	controls/raw-pixels/probe/tokens/…       from the pixels (rawpixels.go)

// tokenRows is how many training images a ridge on all tokens is fitted on at most: its time grows with their square.
const tokenRows = 2500

// readings are the images that probes look at and what is known of them, by split and in the order of the data set.
type readings struct {
	images [3][]int
	names  [3][][]string // findings present
	pairs  []probe.Pair  // test pairs, by their places among the test images
}

// probe records what the probes read.
func (r *trialRun) probe(ctx context.Context, f *features) error {
	data, err := r.readings()
	if err != nil {
		return err
	}
	if data == nil {
		return r.rec.Note("probe/blank", "the data set lists no findings by study")
	}
	if len(probe.Readable(data.names[dataset.Train], data.names[dataset.Test])) == 0 {
		return r.rec.Note("probe/blank", "no finding is present in some and absent in other training and test images")
	}
	if err := r.probePooled(ctx, f, data); err != nil {
		return err
	}
	if err := r.probeAll(ctx, "probe/tokens/", f, data); err != nil {
		return err
	}
	return r.rawPixels(ctx, data)
}

// readings are nil where the data set lists no findings.
func (r *trialRun) readings() (*readings, error) {
	findings, err := r.corpus.Set.Findings()
	if err != nil || findings == nil {
		return nil, err
	}
	data := &readings{}
	place, seen := map[int]int{}, map[probe.Pair]bool{} // of test images and pairs
	for i := range r.corpus.Set.Images {
		img := &r.corpus.Set.Images[i]
		names, ok := findings[img.Study]
		if !ok || img.Split > dataset.Test {
			continue
		}
		if img.Split == dataset.Test {
			place[i] = len(data.images[dataset.Test])
		}
		data.images[img.Split] = append(data.images[img.Split], i)
		data.names[img.Split] = append(data.names[img.Split], names)
	}
	for _, pair := range r.corpus.Pairs(dataset.Test) {
		ref, known := place[pair.Ref]
		main, alsoKnown := place[pair.Main]
		if one := (probe.Pair{Ref: ref, Main: main}); known && alsoKnown && !seen[one] {
			seen[one] = true
			data.pairs = append(data.pairs, one)
		}
	}
	return data, nil
}

// probePooled records the probe of the mean token.
func (r *trialRun) probePooled(ctx context.Context, f *features, data *readings) error {
	var x [3][][]float64
	images := slices.Sorted(slices.Values(slices.Concat(data.images[:]...)))
	err := f.each(ctx, images, func(image int, tokens []float32) {
		split := r.corpus.Set.Images[image].Split
		x[split] = append(x[split], meanToken(tokens, f.tokens, f.width))
	})
	if err != nil {
		return err
	}
	a := data.against(data.names[dataset.Train])
	fit, err := probe.FitPooled(x[dataset.Train], a.train)
	if err != nil {
		return err
	}
	validation := fit.Scores(x[dataset.Val])
	best := probe.BestPenalty(validation, a.validation)
	return r.recordProbe("probe/", a, validation[best], fit.Scores(x[dataset.Test])[best])
}

// meanToken is the mean over the tokens of an image's features [n, e]: [e].
func meanToken(data []float32, tokens, width int) []float64 {
	mean := make([]float64, width)
	for t := range tokens {
		for c, v := range data[t*width:][:width] {
			mean[c] += float64(v) / float64(tokens)
		}
	}
	return mean
}

// numbers are those of images, as many of each, of which a probe reads all.
type numbers interface {
	// rows are the numbers of images, until the end of the trial.
	rows(ctx context.Context, images []int) ([][]float32, error)
	// each calls use with the numbers of one image after the other, which it may read until it returns.
	each(ctx context.Context, images []int, use func(image int, data []float32)) error
}

// probeAll records, under names that begin with prefix, the probe of all numbers of images. At most tokenRows training images count, the
// same ones for every trial that has as many.
func (r *trialRun) probeAll(ctx context.Context, prefix string, from numbers, data *readings) error {
	all := data.images[dataset.Train]
	places := make([]int, len(all))
	for i := range places {
		places[i] = i
	}
	places = firstOf(places, tokenRows, "probe.tokens")
	a := data.against(corpus.Pick(data.names[dataset.Train], places))
	if len(a.findings) == 0 {
		const why = "no finding is present in some and absent in other images that it is fitted or tested on"
		return cmp.Or(r.rec.Note(prefix+"auc/blank", why), r.rec.Note(prefix+"f1/blank", why))
	}
	x, err := from.rows(ctx, corpus.Pick(all, places))
	if err != nil {
		return err
	}
	used := fmt.Sprintf("fitted on %d of %d training images, %d numbers of each", len(x), len(all), len(x[0]))
	left := slices.DeleteFunc(probe.Readable(data.names[dataset.Train], data.names[dataset.Test]), func(name string) bool { return slices.Contains(a.findings, name) })
	if len(left) > 0 {
		used += "; all or none of these have " + strings.Join(left, ", ")
	}
	if err := r.rec.Note(prefix+"images", used); err != nil {
		return err
	}
	fit, err := probe.FitRidge(x, a.train, r.threads())
	if err != nil {
		return fmt.Errorf("%s: %w", strings.TrimSuffix(prefix, "/"), err)
	}
	validation := make([][][]float64, len(probe.Penalties))
	for k := range validation {
		validation[k] = make([][]float64, len(a.findings))
	}
	err = from.each(ctx, data.images[dataset.Val], func(_ int, one []float32) {
		for i, score := range fit.Scores(one) {
			to := &validation[i/len(a.findings)][i%len(a.findings)]
			*to = append(*to, score)
		}
	})
	if err != nil {
		return err
	}
	best := probe.BestPenalty(validation, a.validation)
	fit = fit.At(best)
	test := make([][]float64, len(a.findings))
	err = from.each(ctx, data.images[dataset.Test], func(_ int, one []float32) {
		for k, score := range fit.Scores(one) {
			test[k] = append(test[k], score)
		}
	})
	if err != nil {
		return err
	}
	return r.recordProbe(prefix, a, validation[best], test)
}

// threads is the number of threads for what no engine computes; no number depends on it.
func (r *trialRun) threads() int { return cmp.Or(r.env.Threads, runtime.GOMAXPROCS(0)) }

// answers are the findings that a probe is fitted and tested on, and in which images they are: [finding][image].
type answers struct {
	findings                []string
	train, validation, test [][]bool
	pairs                   []probe.Pair
}

// against are the answers where a probe is fitted on training images with the findings train.
func (d *readings) against(train [][]string) answers {
	a := answers{findings: probe.Readable(train, d.names[dataset.Test]), pairs: d.pairs}
	for _, name := range a.findings {
		a.train = append(a.train, probe.Present(train, name))
		a.validation = append(a.validation, probe.Present(d.names[dataset.Val], name))
		a.test = append(a.test, probe.Present(d.names[dataset.Test], name))
	}
	return a
}

// recordProbe records the AUC of each finding and their mean, and the F1 of sets of changes, of scores ordered [finding][image].
func (r *trialRun) recordProbe(prefix string, a answers, validation, test [][]float64) error {
	var points []point
	sum := 0.0
	for k, name := range a.findings {
		auc := probe.AUC(test[k], a.test[k])
		if math.IsNaN(auc) {
			return fmt.Errorf("%sauc/%s: the scores are not finite", prefix, name)
		}
		sum += auc
		points = append(points, point{prefix + "auc/" + strings.ReplaceAll(name, "/", " "), 0, auc})
	}
	points = append(points, point{prefix + "auc", 0, sum / float64(len(a.findings))})
	if err := recordPoints(r.rec, points); err != nil {
		return err
	}
	f1, why := setF1(a, validation, test)
	if why != "" {
		return r.rec.Note(prefix+"f1/blank", why)
	}
	return r.rec.Point(prefix+"f1", 0, f1)
}

// setF1 is the F1 of the sets of changes, or why there is none.
func setF1(a answers, validation, test [][]float64) (f1 float64, why string) {
	switch {
	case len(a.pairs) == 0:
		return nan, "the data set has no test pair of images whose findings it lists"
	case len(a.validation[0]) == 0:
		return nan, "the data set has no validation image, from which the threshold of a score would come"
	}
	predicted := make([][]bool, len(test))
	for k := range test {
		predicted[k] = probe.Above(test[k], probe.Threshold(validation[k], probe.Prevalence(a.train[k])))
	}
	if f1 = probe.SetF1(a.pairs, predicted, a.test); math.IsNaN(f1) {
		why = "no finding changes between the images of a test pair, and none was said to"
	}
	return f1, why
}
