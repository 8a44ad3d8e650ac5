package model

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"harness/model/checkpoint"
	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/method"
	"harness/model/spec"
)

// peerSweep trains one trial for long enough that its answers have words in them.
const peerSweep = `version: 1
name: peers
base: {preset: smoke, pretrain.steps: 30, diffvqa.steps: 400, diffvqa.lr: 0.003, test.pairs: 12, data.synthetic.patients: 40%s}
controls: {untrained: false}
`

// exported trains a trial with the program itself, exports its model, lets check run the model card's code on it, and compares
// features, logits behind the questions, answers and tokens.
func (p *peerTable) exported(name, settings string, check func(dir string)) {
	name = "exported: " + name
	home := p.t.TempDir()
	harness, sweep, dir := filepath.Join(home, "harness"), filepath.Join(home, "peers.yaml"), filepath.Join(home, "model")
	if err := os.WriteFile(sweep, fmt.Appendf(nil, peerSweep, settings), 0o666); err != nil {
		p.t.Fatal(err)
	}
	run := func(program string, args ...string) []byte {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "HARNESS_HOME="+filepath.Join(home, "runs"))
		out, err := cmd.Output()
		if err != nil {
			p.t.Fatalf("%s %v: %v\n%s", program, args, err, out)
		}
		return out
	}
	run("go", "build", "-o", harness, "..")
	run(harness, "sweep", sweep)
	trials, err := os.ReadDir(filepath.Join(home, "runs", "trials"))
	if err != nil || len(trials) != 1 {
		p.t.Fatalf("%d trials, %v", len(trials), err)
	}
	var shown struct {
		Spec        spec.Trial
		Predictions string
	}
	if err := json.Unmarshal(run(harness, "show", trials[0].Name(), "--json"), &shown); err != nil {
		p.t.Fatal(err)
	}
	run(harness, "export-model", trials[0].Name(), dir)
	ours := p.ours(shown.Spec, filepath.Join(home, "runs"), dir)
	check(dir)

	peer, err := readTensors(filepath.Join(dir, "peer.safetensors"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.add(name, "features", ours.features, peer["features"].F32)
	p.add(name, "logits behind the question", ours.logits, peer["logits"].F32)
	var texts struct {
		Answers, Texts []string
		IDs            [][]int
	}
	readJSON(p.t, filepath.Join(dir, "peer.json"), &texts)
	same := 0
	for i, text := range texts.Texts {
		if slices.Equal(ours.encode(text), texts.IDs[i]) {
			same++
		}
	}
	p.count(name, "token sequences", same, len(texts.Texts))
	answers := answersOf(p, shown.Predictions)
	same, words := 0, 0
	for i, answer := range texts.Answers {
		words += len(strings.Fields(answer))
		if answer == answers[ours.pairs[i].ID] {
			same++
		}
	}
	p.count(name, "answers", same, len(texts.Answers))
	if words == 0 {
		p.t.Errorf("%s: all answers are empty", name)
	}
}

// peerOurs is what the program itself computes for the test pairs.
type peerOurs struct {
	pairs            []dataset.Pair
	features, logits []float32
	encode           func(string) []int
}

// ours computes it, and writes the questions and the pixels for the peer into dir.
func (p *peerTable) ours(trial spec.Trial, home, dir string) peerOurs {
	ctx := context.Background()
	r := &trialRun{trial: trial, env: Env{Home: home, Dir: p.t.TempDir()}, rec: &tape{}, engine: native.New(2)}
	must := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
	}
	var err error
	r.corpus, err = corpus.Open(ctx, trial, home, r.rec)
	must(err)
	p.t.Cleanup(r.corpus.Close)
	weights, err := r.pretrain(ctx)
	must(err)
	f, err := r.encode(ctx, weights)
	must(err)
	defer f.close()
	test := firstOf(r.corpus.Pairs(dataset.Test), trial.Eval.Pairs, "test.pairs")
	a := &answering{Answerer: method.Of(trial).Answerer(trial, r.corpus.Tok.Size())}
	pooled, err := r.pooled(ctx, f, a.Tokens)
	must(err)
	defer pooled.close()
	answererWeights, err := readTensors(filepath.Join(home, "stages", "diffvqa-"+trial.StageID(spec.StageDiffVQA), weightsName))
	must(err)
	session, err := method.OpenSession(r.engine, r.answererParams(a), answererWeights, nil)
	must(err)
	defer session.Close()

	out := peerOurs{pairs: test, encode: r.corpus.Tok.Encode}
	var questions []string
	var pixels []float32
	for _, pair := range test {
		images := []int{pair.Ref, pair.Main}
		whole, err := f.of(images)
		must(err)
		out.features = append(out.features, whole.F32...)
		small, err := pooled.of(images)
		must(err)
		prompt := r.corpus.IDs(pair.Question)
		session.Reset(1, a.LM.Visual+len(prompt))
		logits, err := session.Run("answer.prompt", a.Prompt, engine.Inputs{"encoded": small, "ids": engine.Ints(prompt, 1, len(prompt))})
		must(err)
		out.logits = append(out.logits, logits[0].F32...)
		questions = append(questions, pair.Question)
		for _, image := range images {
			pixels = append(pixels, wholeImage(r.corpus.Patches([]int{image}), trial)...)
		}
	}
	asked, err := json.Marshal(questions)
	must(err)
	must(os.WriteFile(filepath.Join(dir, "questions.json"), asked, 0o666))
	must(checkpoint.Save(filepath.Join(dir, "pixels.safetensors"),
		[]checkpoint.Named{{Name: "pixels", Shape: []int{len(test), 2, trial.Resolution, trial.Resolution}, F32: pixels}}, nil))
	return out
}

// answersOf reads the answers of the model itself from predictions.jsonl, by pair.
func answersOf(p *peerTable, path string) map[string]string {
	file, err := os.Open(path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer file.Close()
	answers := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var one prediction
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			p.t.Fatal(err)
		}
		if one.Task == "diffvqa" && one.Control == "" {
			answers[one.ID] = one.Hyp
		}
	}
	return answers
}

// wholeImage puts the patches of a gray image together again, row by row.
func wholeImage(patches engine.Tensor, trial spec.Trial) []float32 {
	side, patch := trial.Resolution, trial.Encoder.Patch
	grid, size := side/patch, patches.Shape[2]
	image := make([]float32, side*side)
	for p := range grid * grid {
		for y := range patch {
			copy(image[(p/grid*patch+y)*side+p%grid*patch:], patches.F32[p*size+y*patch:][:patch])
		}
	}
	return image
}
