package method

import (
	"context"
	"slices"
	"strings"
	"testing"

	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// The report generator's loss, and its batch: as many images and reports as the trial says, none predicted in parallel.
func TestReportGenerator(t *testing.T) {
	r := smallRun(t, spec.RGAG)
	r.Trial.Pretrain.ParallelRatio = 1
	s, err := r.reportTraining(nil)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := s.Batch(nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Trial.Pretrain.BatchSize; batch.Images != n || batch.Sequences != n || s.Steps != r.Trial.Pretrain.Steps {
		t.Errorf("a step of %d has %d images and %d reports", s.Steps, batch.Images, batch.Sequences)
	}
	if slices.Contains(batch.Parts[0].Inputs["caption.causal"].I32, 0) {
		t.Error("a report is predicted in parallel")
	}
	checkParts(t, s.Params, batch.Parts)
}

// A generator that has learned a few reports by heart writes them; each is that of its own image.
func TestReportsAreWritten(t *testing.T) {
	r := smallRun(t, spec.RGAG)
	r.Trial.Pretrain.LR, r.Trial.Pretrain.MaxReport = 0.01, 8
	s, err := r.reportTraining(nil)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := s.Batch(nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	session := checkLearns(t, s.Params, batch.Parts, 400)
	weights := Weights{}
	for _, name := range session.Names() {
		if weights[name], err = session.Param(name); err != nil {
			t.Fatal(err)
		}
	}
	boxes, err := r.generatorBoxes()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := r.writeReports(context.Background(), weights, boxes, r.asked())
	if err != nil {
		t.Fatal(err)
	}
	eos := r.Corpus.EOS()
	reports := reportsOf(kept, eos)
	if len(reports) != len(r.asked()) {
		t.Fatalf("%d reports of %d images", len(reports), len(r.asked()))
	}
	learned := 0
	d := newDealer(r.Trial, r.Corpus.Trainable(spec.CAP), 1)
	for _, one := range d.of(1) {
		want := r.Corpus.IDs(" " + r.caption(one.image))
		want = want[:min(len(want), r.Trial.Pretrain.MaxReport)]
		got, ok := reports[one.image]
		if ok && slices.Equal(got, want) {
			learned++
		} else if ok {
			t.Logf("image %d: %q, want %q", one.image, r.Corpus.Tok.Decode(nn.ToInt(got)), r.Corpus.Tok.Decode(nn.ToInt(want)))
		}
	}
	if learned < 3 {
		t.Errorf("%d of %d reports were written as learned", learned, r.Trial.Pretrain.BatchSize)
	}
	again, err := r.writeReports(context.Background(), weights, boxes, r.asked())
	if err != nil || !slices.Equal(again[reportTokens].I32, kept[reportTokens].I32) {
		t.Errorf("written again, reports differ (%v)", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.writeReports(ctx, weights, boxes, r.asked()); err != context.Canceled {
		t.Errorf("stopped: %v", err)
	}
}

// Prompts hold both reports and the question in order, leave the answer its room, and come in few lengths.
func TestReportPrompt(t *testing.T) {
	r := smallRun(t, spec.RGAG)
	r.Trial.LM.MaxPositionEmbeddings = 64
	question := r.Corpus.IDs("what has changed compared to the reference image?")
	long := slices.Repeat(r.Corpus.IDs(" edema"), r.Trial.Pretrain.MaxReport)[:r.Trial.Pretrain.MaxReport]
	lm := answerGenerator(r.Trial, r.Corpus.Tok.Size()).LM
	prompt := r.reportPrompt(long, long, question)
	if room := lm.MaxPositionEmbeddings - len(prompt); room < 64-len(question) {
		t.Errorf("%d positions are left for the answer: the reports take from its own", room)
	}
	prompt = r.reportPrompt(r.Corpus.IDs(" edema."), r.Corpus.IDs(" no edema."), question)
	if len(prompt)%promptStep != 0 {
		t.Errorf("%d tokens", len(prompt))
	}
	text := strings.TrimLeft(r.Corpus.Tok.Decode(nn.ToInt(prompt)), " ")
	const want = "reference image: edema. main image: no edema.what has changed compared to the reference image?"
	if !strings.HasSuffix(text, want) {
		t.Errorf("prompt %q", text)
	}
}

// The answerer reads reports of the images that it is shown, of both images regions, and learns from them.
func TestAnswerGenerator(t *testing.T) {
	r := smallRun(t, spec.RGAG)
	s, err := r.reportTraining(nil)
	if err != nil {
		t.Fatal(err)
	}
	reading, err := readReports(context.Background(), r, ValuesOf(s.Params), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := answerGenerator(r.Trial, r.Corpus.Tok.Size())
	pairs := r.Corpus.Pairs(dataset.Train)[:3]
	in := engine.Inputs{"dropout": engine.Ints([]int32{1}, 1), "encoded": noise(6, a.Tokens, r.Trial.Encoder.Width)}
	reading.Images(in, pairs)
	var list []nn.Sequence
	for _, pair := range pairs {
		prompt := reading.Prompt(pair, r.Corpus.IDs(pair.Question))
		list = append(list, nn.CausalSequence(-1, r.Corpus.EOS(), prompt, r.Corpus.IDs(" "+pair.Answer), a.LM.MaxPositionEmbeddings-len(prompt)))
	}
	targets, weights := nn.Collate(in, "text", list, r.Corpus.EOS(), 4, a.LM.MaxPositionEmbeddings)
	nn.SetTargets(in, targets, weights)
	params := a.Params(1, nn.TokenTable(r.Trial, r.Corpus.Tok, "transformer.wte.weight", a.LM.Width, 0))
	parts := []Part{{"answer", a.Loss, in}}
	checkParts(t, params, parts)
	checkLearns(t, params, parts, 60)
}

// noise is a tensor of numbers that are all different.
func noise(shape ...int) engine.Tensor {
	p := &nn.Parameters{Seed: 5}
	p.Normal("noise", 1, shape...)
	return p.List[0].Tensor
}

// Every region is read where it lies on average; without regions the method says what is missing.
func TestMeanBoxes(t *testing.T) {
	r := smallRun(t, spec.RGAG)
	boxes, err := r.generatorBoxes()
	if err != nil {
		t.Fatal(err)
	}
	side := float32(7)
	for i, b := range boxes {
		if !(0 <= b[0] && b[0] < b[2] && b[2] <= side && 0 <= b[1] && b[1] < b[3] && b[3] <= side) {
			t.Errorf("%s: %v", dataset.RegionNames[i], b)
		}
	}
	right, left := boxes[slices.Index(dataset.RegionNames, "right lung")], boxes[slices.Index(dataset.RegionNames, "left lung")]
	if right[2] > left[2] || right == left {
		t.Errorf("right lung %v, left lung %v", right, left)
	}
	in := engine.Inputs{}
	boxes.add(in, 2)
	if n := 2 * len(boxes); in["boxes"].Shape[0] != n || in["box.image"].I32[0] != 0 || in["box.image"].I32[n-1] != 1 {
		t.Errorf("inputs %v %v", in["boxes"].Shape, in["box.image"].I32)
	}
	for i := range r.Corpus.Set.Images {
		r.Corpus.Set.Images[i].Regions = nil
	}
	if _, err := r.reportTraining(nil); err == nil || !strings.Contains(err.Error(), "no training image has any") {
		t.Errorf("without regions: %v", err)
	}
}
