package model

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
)

// benchPython names a Python that has torch and transformers; `make bench-decode` makes one.
const benchPython = "HARNESS_BENCH_PYTHON"

// benchRounds is how often each side answers all pairs of a case, in turns, after one round that does not count.
const benchRounds = 5

// decodeCase is a GPT-2 and how much it answers: see decode_peer.py.
type decodeCase struct {
	Name   string `json:"name"`
	Vocab  int    `json:"vocab"`
	Width  int    `json:"width"`
	Layers int    `json:"layers"`
	Heads  int    `json:"heads"`
	Visual int    `json:"visual"` // tokens of both images
	Prompt int    `json:"prompt"` // tokens of the question
	Pairs  int    `json:"pairs"`
	Batch  int    `json:"batch"` // pairs that are answered together
	Beams  int    `json:"beams"`
	Tokens int    `json:"tokens"` // of the longest answer
	End    int    `json:"end"`    // bias of the end of the text in the logits
}

// decodeCases are the LMs of the presets nano and small, over the visual tokens of a pair of nano.
func decodeCases() []decodeCase {
	var cases []decodeCase
	for _, size := range []struct{ width, layers, heads, visual int }{{96, 3, 4, 98}, {384, 12, 6, 98}} {
		for _, vocabulary := range []struct{ size, end int }{{600, 9}, {50257, 13}} {
			cases = append(cases, decodeCase{
				Name:  fmt.Sprintf("%d × %d, vocabulary %d", size.layers, size.width, vocabulary.size),
				Vocab: vocabulary.size, Width: size.width, Layers: size.layers, Heads: size.heads, Visual: size.visual, Prompt: 12,
				Pairs: 12, Batch: max(1, generateRows/10), Beams: 10, Tokens: 24, End: vocabulary.end,
			})
		}
	}
	return cases
}

// use is what answering all pairs of a case took.
type use struct {
	seconds, cpu []float64
	answers      [][]int32
}

func (u *use) median() (seconds, cpu float64) {
	middle := func(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }
	return middle(u.seconds), middle(u.cpu)
}

// TestBenchDecode answers the same questions by beam search with Hugging Face generate and with our Generator, in turns, and prints the
// medians; the answers must be the same to the last token.
func TestBenchDecode(t *testing.T) {
	python := os.Getenv(benchPython)
	if python == "" {
		t.Skipf("%s names no Python: see make bench-decode", benchPython)
	}
	root, cases, threads := t.TempDir(), decodeCases(), runtime.NumCPU()
	peer := startDecodePeer(t, python, root, threads, cases)
	fmt.Printf("Beam search %d over %d pairs, %d together, %d threads: %s beside the native engine (%s). Medians of %d.\n\n", cases[0].Beams,
		cases[0].Pairs, cases[0].Batch, threads, peer.version, native.New(threads).Device(), benchRounds)
	fmt.Printf("| GPT-2 | seconds, generate | seconds, ours | ratio | CPU seconds, generate | CPU seconds, ours | ratio |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, c := range cases {
		own := openDecoder(t, filepath.Join(root, c.Name), c, threads)
		var theirs, ours use
		for round := range benchRounds + 1 {
			answers, seconds, cpu := peer.answer(t, c)
			own.answer(t, &ours)
			theirs.answers, theirs.seconds, theirs.cpu = answers, append(theirs.seconds, seconds), append(theirs.cpu, cpu)
			if round == 0 { // to warm up
				theirs.seconds, theirs.cpu, ours.seconds, ours.cpu = nil, nil, nil, nil
			}
		}
		own.session.Close()
		for i, want := range theirs.answers {
			if got := padded(ours.answers[i], int32(c.Vocab-1), len(want)); !slices.Equal(got, want) {
				t.Errorf("%s: pair %d: %v, not %v", c.Name, i, got, want)
			}
		}
		theirWall, theirCPU := theirs.median()
		wall, cpu := ours.median()
		fmt.Printf("| %s | %.3f | %.3f | %.1f | %.3f | %.3f | %.1f |\n", c.Name, theirWall, wall, theirWall/wall, theirCPU, cpu, theirCPU/cpu)
	}
}

// padded is an answer of n tokens: what is left is the end of the text.
func padded(answer []int32, end int32, n int) []int32 {
	return append(slices.Clone(answer), slices.Repeat([]int32{end}, max(0, n-len(answer)))...)
}

// decodePeer is decode_peer.py, waiting for names of cases.
type decodePeer struct {
	in      io.Writer
	out     *bufio.Reader
	version string
}

// startDecodePeer starts the peer and waits for its models. Its idle threads sleep, so as not to slow us down.
func startDecodePeer(t *testing.T, python, root string, threads int, cases []decodeCase) *decodePeer {
	list, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, filepath.Join("testdata", "decode_peer.py"), root, fmt.Sprint(threads), string(list))
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "HF_HUB_DISABLE_PROGRESS_BARS=1", "PYTHONDONTWRITEBYTECODE=1", "OMP_WAIT_POLICY=PASSIVE")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("decode_peer.py: %v", err)
		}
	})
	p := &decodePeer{in: in, out: bufio.NewReader(out)}
	p.read(t, &p.version)
	return p
}

// read takes the peer's next line.
func (p *decodePeer) read(t *testing.T, into any) {
	t.Helper()
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, into)
	}
	if err != nil {
		t.Fatalf("decode_peer.py: %v", err)
	}
}

func (p *decodePeer) answer(t *testing.T, c decodeCase) (answers [][]int32, seconds, cpu float64) {
	if _, err := fmt.Fprintln(p.in, c.Name); err != nil {
		t.Fatalf("decode_peer.py: %v", err)
	}
	var line struct {
		Seconds, CPU float64
		Answers      [][]int32
	}
	p.read(t, &line)
	return line.Answers, line.Seconds, line.CPU
}

// seenTokens is an adapter that takes the visual tokens as they come.
type seenTokens int

func (n seenTokens) Len() int                                        { return int(n) }
func (n seenTokens) Params(*nn.Parameters)                           {}
func (n seenTokens) Visual(o engine.Ops) (visual, loss engine.Value) { return o.Input("visual"), nil }

// decoder is our side of a case.
type decoder struct {
	decodeCase
	session         engine.Session
	answerer        nn.Answerer
	visual, prompts engine.Tensor
}

func openDecoder(t *testing.T, dir string, c decodeCase, threads int) *decoder {
	config, err := checkpoint.ReadGPT2Config(dir)
	if err != nil {
		t.Fatal(err)
	}
	values, err := readFolder(dir, func(f *checkpoint.File) ([]checkpoint.Named, error) { return checkpoint.GPT2Params(f, config) })
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := readTensors(filepath.Join(dir, "recorded.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	lm := nn.LanguageModel{
		LM:    spec.LM{Width: c.Width, Depth: c.Layers, Heads: c.Heads, MLP: 4 * c.Width, MaxPositionEmbeddings: c.Prompt + c.Tokens},
		Vocab: c.Vocab, Visual: c.Visual, Eps: 1e-5, RandomPositions: true,
	}
	d := &decoder{decodeCase: c, answerer: nn.Answerer{Adapter: seenTokens(c.Visual), LM: lm}, visual: recorded["visual"], prompts: recorded["prompts"]}
	d.session, err = method.OpenSession(native.New(threads), d.answerer.Params(0, make([]float32, c.Vocab*c.Width)), values, method.Everything)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// answer answers all pairs.
func (d *decoder) answer(t *testing.T, u *use) {
	var answers [][]int32
	start, before := time.Now(), cpuSeconds()
	end := int32(d.Vocab - 1)
	g := nn.Generator{Session: d.session, Name: "answer", Prompt: d.answerer.Prompt, Next: d.answerer.Next,
		Search: nn.Search{Beams: d.Beams, MaxTokens: d.Tokens, Penalty: 1, EOS: end}}
	for at := 0; at < d.Pairs; at += d.Batch {
		n := min(d.Batch, d.Pairs-at)
		var prompts [][]int32
		for i := range n {
			prompts = append(prompts, d.prompts.I32[(at+i)*d.Prompt:][:d.Prompt])
		}
		size := d.Visual * d.Width
		found, err := g.Run(engine.Inputs{"visual": engine.Floats(d.visual.F32[at*size:(at+n)*size], n, d.Visual, d.Width)}, prompts, d.Visual)
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range found {
			answers = append(answers, list[0].Tokens)
		}
	}
	u.answers, u.seconds, u.cpu = answers, append(u.seconds, time.Since(start).Seconds()), append(u.cpu, cpuSeconds()-before)
}

func cpuSeconds() float64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano()).Seconds()
}
