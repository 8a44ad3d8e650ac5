package metrics

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Baseline is what BERTScore gives unrelated sentences: scores are rescaled so that this is 0 and 1 stays 1.
type Baseline struct {
	Name    string // of the file
	Digest  string // of its contents, 64 hex digits
	Layer   int
	P, R, F float64
}

// ReadBaseline reads the row of a layer from a baseline file of the bert_score package: a line LAYER,P,R,F, then a line for each
// layer. Tabs may stand for the commas. A file without the layer is refused.
func ReadBaseline(name string, data []byte, layer int) (*Baseline, error) {
	sum := sha256.Sum256(data)
	b := &Baseline{Name: name, Digest: hex.EncodeToString(sum[:]), Layer: layer}
	found, number := false, 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		number++
		fields := strings.FieldsFunc(strings.TrimSpace(line), func(r rune) bool { return r == ',' || r == '\t' })
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		if number == 1 {
			if strings.Join(fields, ",") != "LAYER,P,R,F" {
				return nil, fmt.Errorf("%s: line 1: want LAYER,P,R,F: not a baseline file of bert_score", name)
			}
			continue
		}
		if len(fields) == 0 {
			continue
		}
		values, err := baselineRow(fields)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, number, err)
		}
		if values[0] != float64(layer) {
			continue
		}
		if found {
			return nil, fmt.Errorf("%s: line %d: layer %d a second time", name, number, layer)
		}
		found = true
		b.P, b.R, b.F = values[1], values[2], values[3]
	}
	if !found {
		return nil, fmt.Errorf("%s: no baseline of layer %d", name, layer)
	}
	return b, nil
}

// baselineRow reads a layer and its three scores.
func baselineRow(fields []string) (values [4]float64, err error) {
	if len(fields) != len(values) {
		return values, fmt.Errorf("%d fields, want LAYER,P,R,F", len(fields))
	}
	for i, field := range fields {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return values, fmt.Errorf("%q is not a number", field)
		}
		if i > 0 && v >= 1 {
			return values, fmt.Errorf("a baseline of %s leaves nothing to rescale", field)
		}
		values[i] = v
	}
	return values, nil
}

// rescale moves P, R and F: (x - baseline) / (1 - baseline).
func (b *Baseline) rescale(row []float64) {
	for k, base := range [...]float64{b.P, b.R, b.F} {
		row[k] = (row[k] - base) / (1 - base)
	}
}
