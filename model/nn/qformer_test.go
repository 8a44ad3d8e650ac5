package nn

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/spec"
)

// tinyQFormer reads 4 visual tokens of width 6 with 3 queries; its words are 0 … 10.
func tinyQFormer() QFormer {
	return QFormer{QFormer: spec.QFormer{Width: 8, Depth: 3, Heads: 2, MLP: 12, Queries: 3}, Image: 6, Vocab: 11, Positions: 8, Eps: 1e-6}
}

func qFormerParams(q QFormer) []engine.Param {
	p := &Parameters{Seed: 3}
	q.Params(p)
	table := make([]float32, (q.Vocab+2)*q.Width)
	r := rand.New(rand.NewPCG(5, 5))
	for i := range table {
		table[i] = float32(r.NormFloat64())
	}
	q.TextParams(p, table)
	for i := range p.List { // queries so close to one another would all give the same
		if p.List[i].Name == "qformer.queries" {
			for k := range p.List[i].Tensor.F32 {
				p.List[i].Tensor.F32[k] *= 50
			}
		}
	}
	return p.List
}

// qFormerInputs are 3 images with texts of different lengths, each matched with a wrong text and a wrong image.
func qFormerInputs(q QFormer) engine.Inputs {
	r := rand.New(rand.NewPCG(1, 2))
	encoded := make([]float32, 3*4*q.Image)
	for i := range encoded {
		encoded[i] = float32(r.NormFloat64())
	}
	texts := [][]int32{{1, 2, 3}, {4, 5}, {6, 7, 8, 9}}
	var read, pairs, written []Sequence
	for _, text := range texts {
		ids := append([]int32{q.CLS()}, text...)
		read = append(read, Sequence{IDs: ids, Rows: []int{0}, Targets: []int32{0}})
		written = append(written, CausalSequence(q.DEC(), 10, nil, text, 8))
	}
	for at := range 9 {
		s := read[at%3]
		s.Image = (at + at/3) % 3
		pairs = append(pairs, s)
	}
	in := engine.Inputs{
		"encoded":     engine.Floats(encoded, 3, 4, q.Image),
		"pair.labels": engine.Ints([]int32{0, 1, 2}, 3), "pair.weights": engine.Floats(Ones(3), 3),
		"match.labels": engine.Ints([]int32{1, 1, 1, 0, 0, 0, 0, 0, 0}, 9), "match.weights": engine.Floats(Ones(9), 9),
	}
	Collate(in, "text", read, 10, 1, q.Positions)
	Collate(in, "match", pairs, 10, 1, q.Positions)
	for i := range in["match.lengths"].I32 {
		in["match.lengths"].I32[i] += int32(q.Queries)
	}
	targets, weights := Collate(in, "write", written, 10, 1, q.Positions)
	SetTargets(in, targets, weights)
	return in
}

// The three losses on both engines: the same value and the same gradient of every parameter, none of which is zero.
func TestQFormerOnBothEngines(t *testing.T) {
	q := tinyQFormer()
	checkEngines(t, qFormerParams(q), q.Loss, qFormerInputs(q))
}

// The gradient of every parameter is that of finite differences.
func TestQFormerGradients(t *testing.T) {
	q := tinyQFormer()
	in, params := qFormerInputs(q), qFormerParams(q)
	s := openParams(t, native.New(2), params)
	_, grads, err := s.Gradients("loss", q.Loss, in)
	if err != nil {
		t.Fatal(err)
	}
	start, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 9))
	for _, p := range params {
		if keyBias(p.Name) {
			continue
		}
		way := make([]float32, p.Tensor.Size())
		want, norm, length := 0.0, 0.0, 0.0
		for i, g := range grads[p.Name].F32 {
			way[i] = float32(r.NormFloat64())
			want += float64(g) * float64(way[i])
			norm += float64(g) * float64(g)
			length += float64(way[i]) * float64(way[i])
		}
		h := 4e-3 / math.Sqrt(length)
		got := slope(t, s, q.Loss, in, start, p.Name, way, h)
		if scale := math.Sqrt(norm*length) + 1e-2; math.Abs(got-want) > 5e-3*scale {
			t.Errorf("along %s: %.5g by differences, %.5g by the gradient (scale %.3g)", p.Name, got, want, scale)
		}
	}
}

// A written text does not see what comes later, and every text sees its image; a pair is judged by all of both.
func TestQFormerMasks(t *testing.T) {
	q := tinyQFormer()
	s := openParams(t, native.New(1), qFormerParams(q))
	run := func(in engine.Inputs) (write, match []float32) {
		out, err := s.Run("parts", func(o engine.Ops) []engine.Value {
			l := q.look(o, o.Input("encoded"))
			return []engine.Value{q.write(o, l), q.match(o, l)}
		}, in)
		if err != nil {
			t.Fatal(err)
		}
		return out[0].F32, out[1].F32
	}
	in := qFormerInputs(q)
	for i := range in["weights"].F32 { // only the first word of the first text counts
		in["weights"].F32[i] = 0
	}
	in["weights"].F32[0] = 1
	write, match := run(in)
	length := in["write.ids"].Shape[1]
	for j := 1; j < length; j++ {
		in["write.ids"].I32[j] = 7
	}
	if later, _ := run(in); later[0] != write[0] {
		t.Errorf("another text behind it changes the first word's loss from %v to %v", write[0], later[0])
	}
	in["encoded"].F32[0] += 1
	changed, judged := run(in)
	if changed[0] == write[0] || judged[0] == match[0] {
		t.Error("another image changes nothing")
	}
	in["match.ids"].I32[1] = 9
	if _, other := run(in); other[0] == judged[0] {
		t.Error("another text changes no verdict")
	}
	last := in["match.ids"].Shape[1] - 1
	in["match.ids"].I32[last] = 3 // behind the end of the first text
	_, judged = run(in)
	in["match.ids"].I32[last] = 5
	if _, other := run(in); other[0] != judged[0] {
		t.Error("padding changes a verdict")
	}
}

// Sixty steps on one batch: images and texts that belong together are told from others, and the texts are known by heart.
func TestQFormerLearns(t *testing.T) {
	q := tinyQFormer()
	checkLearns(t, openParams(t, native.New(2), qFormerParams(q)), q.Loss, qFormerInputs(q), 60, 0.5)
}

// BERT-base's sizes with 32 queries have the published number of parameters, 188 M, beside the token table and the vision width.
func TestQFormerPublishedSize(t *testing.T) {
	if testing.Short() {
		t.Skip("allocates 0.7 GB")
	}
	trial, err := spec.Default(spec.Paper)
	if err != nil {
		t.Fatal(err)
	}
	trial.Encoder.Width = 1408 // EVA-CLIP's ViT-g
	q := NewQFormer(trial, 30522)
	p := &Parameters{}
	q.Params(p)
	q.TextParams(p, make([]float32, (q.Vocab+2)*q.Width))
	total := Count(p.List, func(name string) bool { return strings.HasPrefix(name, "qformer.") })
	if m := float64(total) / 1e6; m < 183 || m > 190 {
		t.Errorf("%.1f M parameters, published: 188 M", m)
	}
}
