package model

import (
	"context"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"harness/model/dataset"
)

// The linear probe measures what a linear model can read from the frozen encoder: for each finding, ridge regression from the
// mean over the visual tokens (the pooling that CapPa's probes use, FACTS 2.5) to present or not, fitted on the training
// images, the penalty chosen on the validation images, and the area under the ROC curve on the test images. It uses no
// reports and no questions.

// penalties are tried relative to the mean of the diagonal of XᵀX.
var penalties = []float64{1e-3, 1e-2, 1e-1, 1}

// probe records probe/auc, the mean over findings, and probe/auc/FINDING.
func (r *trialRun) probe(ctx context.Context, f *features) error {
	findings, err := r.corpus.Set.Findings()
	if err != nil {
		return err
	}
	if findings == nil {
		return r.rec.Note("probe/blank", "the data set lists no findings by study")
	}
	var rows [3]probeRows // train, val, test
	var images []int
	for _, image := range f.images {
		img := &r.corpus.Set.Images[image]
		if names, ok := findings[img.Study]; ok && img.Split <= dataset.Test {
			images = append(images, image)
			rows[img.Split].names = append(rows[img.Split].names, names)
		}
	}
	err = f.each(ctx, images, func(image int, data []float32) {
		s := &rows[r.corpus.Set.Images[image].Split]
		s.x = append(s.x, meanToken(data, f.tokens, f.width))
	})
	if err != nil {
		return err
	}
	names := common(rows[dataset.Train].names, rows[dataset.Test].names)
	if len(names) == 0 {
		return r.rec.Note("probe/blank", "no finding is present in some and absent in other training and test images")
	}
	center, scale := moments(rows[dataset.Train].x)
	for i := range rows {
		standardise(rows[i].x, center, scale)
	}
	scores := fitRidge(rows[:], names)
	sum := 0.0
	for i, name := range names {
		auc := areaUnderROC(scores[i], presence(rows[dataset.Test].names, name))
		sum += auc
		if err := r.rec.Point("probe/auc/"+strings.ReplaceAll(name, "/", " "), 0, auc); err != nil {
			return err
		}
	}
	return r.rec.Point("probe/auc", 0, sum/float64(len(names)))
}

// probeRows are the samples of one split.
type probeRows struct {
	x     [][]float64
	names [][]string // findings present
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

// common lists the findings that both a training and a test image has, and both another has not.
func common(train, test [][]string) []string {
	var kept []string
	for _, name := range namesOf(train) {
		a, b := presence(train, name), presence(test, name)
		if slices.Contains(a, true) && slices.Contains(a, false) && slices.Contains(b, true) && slices.Contains(b, false) {
			kept = append(kept, name)
		}
	}
	return kept
}

func namesOf(rows [][]string) []string {
	all := slices.Concat(rows...)
	slices.Sort(all)
	return slices.Compact(all)
}

func presence(rows [][]string, name string) []bool {
	has := make([]bool, len(rows))
	for i, names := range rows {
		has[i] = slices.Contains(names, name)
	}
	return has
}

// moments are mean and standard deviation of each column.
func moments(x [][]float64) (center, scale []float64) {
	w := len(x[0])
	center, scale = make([]float64, w), make([]float64, w)
	for _, row := range x {
		for c, v := range row {
			center[c] += v / float64(len(x))
		}
	}
	for _, row := range x {
		for c, v := range row {
			scale[c] += (v - center[c]) * (v - center[c]) / float64(len(x))
		}
	}
	for c := range scale {
		scale[c] = math.Sqrt(scale[c]) + 1e-9
	}
	return center, scale
}

func standardise(x [][]float64, center, scale []float64) {
	for _, row := range x {
		for c := range row {
			row[c] = (row[c] - center[c]) / scale[c]
		}
	}
}

// fitRidge fits every finding at each penalty and returns the test scores at the penalty with the best mean AUC on the
// validation rows (the middle one where there are none): [finding][test row].
func fitRidge(rows []probeRows, names []string) [][]float64 {
	train, val, test := rows[dataset.Train], rows[dataset.Val], rows[dataset.Test]
	x := dense(train.x)
	_, w := x.Dims()
	y := mat.NewDense(len(train.x), len(names), nil)
	for j, name := range names {
		has := presence(train.names, name)
		share := 0.0
		for _, v := range has {
			if v {
				share += 1 / float64(len(has))
			}
		}
		for i, v := range has { // centred: the columns of x have mean zero, so there is no intercept to fit
			target := -share
			if v {
				target = 1 - share
			}
			y.Set(i, j, target)
		}
	}
	var gram mat.SymDense
	gram.SymOuterK(1, x.T())
	var xty mat.Dense
	xty.Mul(x.T(), y)
	trace := mat.Trace(&gram) / float64(w)
	var best *mat.Dense
	bestAUC := math.Inf(-1)
	for k, penalty := range penalties {
		ridge := mat.NewSymDense(w, nil)
		ridge.CopySym(&gram)
		for i := range w {
			ridge.SetSym(i, i, gram.At(i, i)+penalty*trace)
		}
		var chol mat.Cholesky
		if !chol.Factorize(ridge) {
			continue
		}
		var beta mat.Dense
		if err := chol.SolveTo(&beta, &xty); err != nil {
			continue
		}
		auc := meanAUC(val, &beta, names)
		if math.IsNaN(auc) {
			auc = -float64((k - 2) * (k - 2))
		}
		if auc > bestAUC {
			bestAUC, best = auc, &beta
		}
	}
	scores := make([][]float64, len(names))
	var predicted mat.Dense
	predicted.Mul(dense(test.x), best)
	for j := range names {
		scores[j] = mat.Col(nil, j, &predicted)
	}
	return scores
}

func meanAUC(rows probeRows, beta *mat.Dense, names []string) float64 {
	if len(rows.x) == 0 {
		return nan
	}
	var predicted mat.Dense
	predicted.Mul(dense(rows.x), beta)
	sum, n := 0.0, 0
	for j, name := range names {
		if auc := areaUnderROC(mat.Col(nil, j, &predicted), presence(rows.names, name)); !math.IsNaN(auc) {
			sum, n = sum+auc, n+1
		}
	}
	return sum / float64(n)
}

func dense(x [][]float64) *mat.Dense { return mat.NewDense(len(x), len(x[0]), slices.Concat(x...)) }

// areaUnderROC is the chance that a positive scores above a negative, ties counting half; NaN without both.
func areaUnderROC(scores []float64, positive []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case scores[a] < scores[b]:
			return -1
		case scores[a] > scores[b]:
			return 1
		}
		return a - b
	})
	rankSum, positives := 0.0, 0
	for at := 0; at < len(order); {
		end := at
		for end < len(order) && scores[order[end]] == scores[order[at]] {
			end++
		}
		rank := float64(at+end+1) / 2 // ranks count from 1; ties share their mean
		for ; at < end; at++ {
			if positive[order[at]] {
				rankSum += rank
				positives++
			}
		}
	}
	negatives := len(scores) - positives
	if positives == 0 || negatives == 0 {
		return nan
	}
	return (rankSum - float64(positives)*float64(positives+1)/2) / (float64(positives) * float64(negatives))
}
