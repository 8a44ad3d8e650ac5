package method

import (
	"math"
	"slices"
	"testing"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/engine/xla/xlatest"
	"harness/model/nn"
	"harness/model/spec"
)

// The second stage: half of a step's samples are pairs of images, all parameters get gradients, and the loss is that of both halves.
func TestLongitudinalStage(t *testing.T) {
	r := smallRun(t, spec.PLURAL)
	s, err := r.longitudinalTraining(nil)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := s.Batch(nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	n := r.Trial.Pretrain.BatchSize
	if len(batch.Parts) != 2 || batch.Sequences != n || batch.Images != n/2*3 || s.Steps != r.Trial.Pretrain.Steps {
		t.Errorf("a step of %d has %d parts of %d images and %d texts", s.Steps, len(batch.Parts), batch.Images, batch.Sequences)
	}
	checkParts(t, s.Params, batch.Parts)
	checkLearns(t, s.Params, batch.Parts, 60)
}

// Every training sample is drawn once in a pass over those of its kind; reports of pairs are those of the current image.
func TestKinds(t *testing.T) {
	r := smallRun(t, spec.PLURAL)
	kinds, err := r.kinds()
	if err != nil {
		t.Fatal(err)
	}
	if len(kinds) != 2 {
		t.Fatalf("%d kinds", len(kinds))
	}
	pairs, reports := len(r.Corpus.Pairs(dataset.Train)), 0
	for _, k := range kinds {
		for _, s := range k.samples {
			if want := map[string]int{"pair": 2, "single": 1}[k.key]; len(s.images) != want {
				t.Errorf("%s: %d images", k.key, len(s.images))
			}
			for _, image := range s.images {
				if r.Corpus.Set.Images[image].Split != dataset.Train {
					t.Errorf("%s: an image of another split", k.key)
				}
			}
			if s.question == describe {
				reports++
				if s.answer != r.caption(s.images[len(s.images)-1]) {
					t.Errorf("%s: another image's report", k.key)
				}
			}
		}
	}
	if len(kinds[0].samples) <= pairs || reports < len(r.Corpus.Captioned()) {
		t.Errorf("%d samples of pairs, of which %d are questions; %d reports", len(kinds[0].samples), pairs, reports)
	}
	small := []kind{{samples: make([]told, 3)}, {samples: make([]told, 2)}}
	for i := range small {
		small[i].sampler = corpus.NewSampler(len(small[i].samples), 1, "test")
		for k := range small[i].samples {
			small[i].samples[k] = told{images: []int{k}}
		}
	}
	seen := []int{}
	for step := 1; step <= 2; step++ {
		drawn := drawKinds(small, step, 3)
		if step == 1 && (len(drawn[0]) != 2 || len(drawn[1]) != 1) || step == 2 && (len(drawn[0]) != 1 || len(drawn[1]) != 2) {
			t.Errorf("step %d draws %d and %d", step, len(drawn[0]), len(drawn[1]))
		}
		for _, s := range drawn[0] {
			seen = append(seen, s.images[0])
		}
	}
	slices.Sort(seen)
	if !slices.Equal(seen, []int{0, 1, 2}) {
		t.Errorf("a pass draws %v", seen)
	}
}

// pluralInputs are difference questions as the answerer reads them, with their answers.
func pluralInputs(r *Run, a Answerer, pairs []dataset.Pair, step int) engine.Inputs {
	in := engine.Inputs{}
	reading, _ := a.Prepare(nil, r, nil, nil)
	reading.Images(in, pairs)
	eos := r.Corpus.EOS()
	var questions [][]int32
	var list []nn.Sequence
	for _, pair := range pairs {
		questions = append(questions, r.Corpus.IDs(pair.Question))
		list = append(list, nn.CausalSequence(-1, eos, []int32{eos}, r.Corpus.IDs(" "+pair.Answer), a.Positions()-1))
	}
	longest := 0
	for _, ids := range questions {
		longest = max(longest, len(ids))
	}
	a.Ask(in, questions, eos, (longest+step-1)/step*step)
	targets, weights := nn.Collate(in, "text", list, eos, step, a.Positions())
	nn.SetTargets(in, targets, weights)
	return in
}

// Padding changes nothing, whichever of questions and answers it is behind; what each image is counts.
func TestJointPadding(t *testing.T) {
	r := smallRun(t, spec.PLURAL)
	a := jointAnswerer(r.Trial, r.Corpus.Tok.Size())
	s, err := r.longitudinalTraining(nil)
	if err != nil {
		t.Fatal(err)
	}
	session := openSmall(t, r.Engine, s.Params)
	pairs := slices.Clone(r.Corpus.Pairs(dataset.Train)[:2])
	pairs[1].Question = "what?"
	loss := func(list []dataset.Pair, step int) float64 {
		out, err := session.Run("loss", a.Loss, pluralInputs(r, a, list, step))
		if err != nil {
			t.Fatal(err)
		}
		return float64(out[0].F32[0])
	}
	tokens := func(p dataset.Pair) float64 { return float64(len(r.Corpus.IDs(" "+p.Answer)) + 1) }
	apart := (loss(pairs[:1], 1)*tokens(pairs[0]) + loss(pairs[1:], 1)*tokens(pairs[1])) / (tokens(pairs[0]) + tokens(pairs[1]))
	for _, step := range []int{1, 4, 32} {
		if together := loss(pairs, step); math.Abs(together-apart) > 1e-5*apart {
			t.Errorf("padded to %d: loss %v, of each alone %v", step, together, apart)
		}
	}
	swapped := slices.Clone(pairs)
	for i := range swapped {
		swapped[i].Ref, swapped[i].Main = swapped[i].Main, swapped[i].Ref
	}
	if math.Abs(loss(swapped, 1)-loss(pairs, 1)) < 1e-7 {
		t.Error("the order of the images does not matter")
	}
}

// The answerer learns answers by heart, all of it trained, and then says them, the same on both engines; greedily and with beams.
func TestJointAnswerer(t *testing.T) {
	r := smallRun(t, spec.PLURAL)
	a := jointAnswerer(r.Trial, r.Corpus.Tok.Size())
	if a.HasLM() || a.Positions() != r.Trial.Decoder.MaxPositionEmbeddings || !a.Keeps("encoder.pos") {
		t.Error("the answerer is not the decoder of the second stage")
	}
	s, err := r.longitudinalTraining(nil)
	if err != nil {
		t.Fatal(err)
	}
	pairs := slices.Clone(r.Corpus.Pairs(dataset.Train)[:2])
	pairs[0].Answer, pairs[1].Answer = "nothing has changed.", "the main image is missing the finding of edema"
	pairs[1].Question = pairs[0].Question
	parts := []Part{{"answer", a.Loss, pluralInputs(r, a, pairs, 4)}}
	checkParts(t, s.Params, parts)
	session := checkLearns(t, s.Params, parts, 200)
	learned := make([]engine.Param, len(s.Params))
	for i, p := range s.Params {
		if p.Tensor, err = session.Param(p.Name); err != nil {
			t.Fatal(err)
		}
		learned[i] = p
	}
	compiled := xlatest.Open(t)
	eos := r.Corpus.EOS()
	for _, e := range []engine.Engine{r.Engine, compiled} {
		for _, beams := range []int{1, 3} {
			in := pluralInputs(r, a, pairs, 1)
			g := nn.Generator{
				Session: openSmall(t, e, learned), Name: "answer", Prompt: a.Prompt, Next: a.Next,
				Memory: a.Memory + in["question.ids"].Shape[1], Constant: e.Name() != "native",
				Search: nn.Search{Beams: beams, MaxTokens: 30, Penalty: 1, EOS: eos},
			}
			found, err := g.Run(in, [][]int32{{eos}, {eos}}, 0)
			if err != nil {
				t.Fatal(err)
			}
			for i, pair := range pairs {
				if got := r.Corpus.Tok.Decode(nn.ToInt(found[i][0].Tokens)); got != " "+pair.Answer {
					t.Errorf("%s, %d beams: %q, want %q", e.Name(), beams, got, pair.Answer)
				}
			}
		}
	}
}
