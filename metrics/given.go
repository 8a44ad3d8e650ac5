package metrics

// Given are scores of one number that were computed elsewhere, a value a sample; the value of the whole is their mean.
func Given(key string, ids []string, values []float64) *Scores {
	mean := func(sum []float64, n float64, out []float64) { out[0] = sum[0] / n }
	st := Statistics{Keys: []string{key}, Width: 1, Rows: values, Value: mean}
	st.sample = func(row, out []float64) { mean(row, 1, out) }
	s := &Scores{IDs: ids, Keys: []string{key}, Corpus: map[string]float64{}, Sample: map[string][]float64{}, Blank: map[string]string{},
		labels: map[string]string{}, statistics: []Statistics{st}}
	s.evaluate(st, len(values))
	return s
}
