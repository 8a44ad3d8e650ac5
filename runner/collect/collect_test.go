package collect

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"harness/internal/tfevents"
)

// watched is a folder with a watcher.
type watched struct {
	*testing.T
	dir string
	w   *Watcher
}

func watch(t *testing.T, metrics ...string) *watched {
	dir := t.TempDir()
	return &watched{t, dir, Watch(Options{Roots: []Root{{dir, "files"}}, Metrics: metrics})}
}

// put writes a file, later than all before it.
func (t *watched) put(name, data string) {
	t.Helper()
	path := filepath.Join(t.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(time.Second)
	if err := os.Chtimes(path, clock, clock); err != nil {
		t.Fatal(err)
	}
}

var clock = time.Now().Add(-time.Hour)

// poll is what a poll found, as text: "name@step=value …" and what was said.
func (t *watched) poll(final bool) string {
	t.Helper()
	r := t.w.Poll(final)
	var texts []string
	for _, p := range r.Points {
		texts = append(texts, fmt.Sprintf("%s@%d=%v", p.Metric, p.Step, p.Value))
	}
	texts = append(texts, r.Said...)
	return strings.Join(texts, " ")
}

func (t *watched) want(final bool, want string) {
	t.Helper()
	if got := t.poll(final); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// events is an event file of one tag, begun at the time wall.
func events(wall float64, tag string, values ...float64) string {
	var b bytes.Buffer
	w := tfevents.NewWriter(&b, wall)
	for i, v := range values {
		w.Scalar(tag, int64(i), wall, float32(v))
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// TestLive reads files as they grow and as they are written anew: each value once, the last for a step.
func TestLive(t *testing.T) {
	w := watch(t)
	data := events(1, "loss", 3, 2, math.NaN())
	w.put("logs/events.out.tfevents.1.h.1.0", data[:len(data)-5])
	w.want(false, "loss@0=3 loss@1=2")
	w.want(false, "")
	w.put("logs/events.out.tfevents.1.h.1.0", data)
	w.want(false, "loss@2=NaN")
	w.put("logs/events.out.tfevents.2.h.1.1", events(2, "loss", 3, 1.5)) // the program has gone back
	w.want(false, "loss@1=1.5")

	w.put("logs/events.out.tfevents.2.h.1.1", events(2, "loss", 7, 1.25)[:90]) // and has begun the file anew
	w.want(false, "loss@0=7")
	w.put("logs/events.out.tfevents.2.h.1.1", events(2, "loss", 7, 1.25))
	w.want(false, "loss@1=1.25")

	w.put("csv/version_0/metrics.csv", "epoch,step,acc\r\n0,9,0.5\r\n0,19,0.")
	w.want(false, "acc@9=0.5")
	w.put("csv/version_0/metrics.csv", "acc,epoch,step,val_acc\r\n0.5,0,9,\r\n0.6,0,19,\r\n,0,19,nan\r\n-inf,1,29.0,\r\n")
	w.want(false, "acc@19=0.6 val_acc@19=NaN acc@29=-Inf")

	w.put("out/checkpoint-1/trainer_state.json", `{"log_history": [{"epoch": 0.5, "step": 1, "eval_loss": NaN}], "global_step": 1}`)
	w.want(false, "eval_loss@1=NaN")
	w.put("out/trainer_state.json", `{"log_history": [{"step": 1, "eval_loss": NaN}, {"step": 2, "eval_loss": Infinity, "text": "NaN", "list": [1]}`)
	w.want(false, "")
	w.put("out/trainer_state.json", `{"log_history": [{"step": 1, "eval_loss": NaN}, {"step": 2, "eval_loss": Infinity, "text": "NaN", "list": [1]}]}`)
	w.want(false, "eval_loss@2=+Inf")
	w.want(true, "")
	if got := fmt.Sprint(w.w.Taken()); got != "[files/logs (tensorboard): 6 files/csv/version_0/metrics.csv (csv): 4 files/out (trainer_state): 2]" {
		t.Error(got)
	}
}

// TestAnotherAttempt leaves what was there before: files that do not change, and the beginning of those that grow. What a program writes anew
// is its own word.
func TestAnotherAttempt(t *testing.T) {
	w := watch(t)
	before := events(1, "loss", 9, 8)
	w.put("events.out.tfevents.1.h", before)
	w.put("grows/events.out.tfevents.1.h", before)
	w.put("metrics.csv", "step,acc\n1,0.1\n")
	w.put("checkpoint-5/trainer_state.json", `{"log_history": [{"step": 5, "eval": 1}]}`)
	w.w = Watch(w.w.options)
	w.want(false, "")
	w.put("grows/events.out.tfevents.1.h", before+events(2, "loss", 7))
	w.put("checkpoint-6/trainer_state.json", `{"log_history": [{"step": 5, "eval": 1}, {"step": 6, "eval": 2}]}`)
	w.want(false, "eval@5=1 eval@6=2 loss@0=7")
	w.want(true, "")
}

// TestPlaces tells places apart: what agrees is one number, what does not is never mixed, and said once.
func TestPlaces(t *testing.T) {
	w := watch(t)
	w.put("logs/validation/events.out.tfevents.1.h", events(2, "epoch_loss", 5, 6))
	w.put("logs/train/events.out.tfevents.1.h", events(1, "epoch_loss", 1, 2))
	w.want(false, "epoch_loss@0=1 epoch_loss@1=2 validation/epoch_loss@0=5 validation/epoch_loss@1=6 "+
		"files/logs/validation: epoch_loss is 5 at step 0 there, and 1 in files/logs/train: it is recorded as validation/epoch_loss")
	w.put("logs/test/events.out.tfevents.1.h", events(3, "epoch_loss", 1, 2))
	w.want(false, "") // another copy of what is known
	w.put("metrics.csv", "step,epoch_loss\n7,1\n")
	w.want(false, "")
	w.want(true, "files/metrics.csv: epoch_loss shares no step with epoch_loss in files/logs/train, which counts: this one is not recorded")

	w = watch(t, "epoch_loss", "validation/epoch_loss")
	w.put("logs/validation/events.out.tfevents.1.h", events(1, "epoch_loss", 5))
	w.put("logs/train/events.out.tfevents.1.h", events(2, "epoch_loss", 1))
	w.put("logs/test/events.out.tfevents.1.h", events(3, "epoch_loss", 2))
	w.put("logs/test/events.out.tfevents.2.h", events(3, "other", 2))
	w.want(true, "validation/epoch_loss@0=5 epoch_loss@0=1 "+
		"files/logs/test: epoch_loss is 2 at step 0 there, and 1 in files/logs/train, which counts: this one is not recorded")
	if got := fmt.Sprint(w.w.Others()); got != "[other]" {
		t.Error(got)
	}
}

// TestDigits takes the digits of the format that keeps more of them, whichever comes first.
func TestDigits(t *testing.T) {
	short := float64(float32(0.1))
	w := watch(t)
	w.put("events.out.tfevents.1.h", events(1, "acc", short, 0.5))
	w.want(false, fmt.Sprintf("acc@0=%v acc@1=0.5", short))
	w.put("metrics.csv", "step,acc\n0,0.1\n")
	w.want(false, "acc@0=0.1")
	w.put("metrics.csv", "step,acc\n0,0.1\n1,0.5\n2,0.7\n")
	w.want(true, "acc@1=0.5 acc@2=0.7")

	w = watch(t)
	w.put("metrics.csv", "step,acc\n0,0.1\n")
	w.put("events.out.tfevents.1.h", events(1, "acc", short))
	w.want(true, "acc@0=0.1")
}

// TestDamage says once where a file cannot be read any further, with its name and the place.
func TestDamage(t *testing.T) {
	w := watch(t)
	data := []byte(events(1, "loss", 3, 2, 1))
	data[len(data)-20] ^= 1
	w.put("a/events.out.tfevents.1.h", string(data))
	w.put("b/events.out.tfevents.1.h", events(1, "b", 1)[:50])
	w.put("metrics.csv", "step,acc\n1,0.5\nx,0.7\n2,oops\n3,0.9\n4,1")
	w.put("other/metrics.csv", "iteration,acc\n1,0.5\n")
	w.put("c/metrics.csv", "step,c\n1,\"0.5\n2,1\n")
	w.put("trainer_state.json", `{"log_history": [{"loss": 1}, {"step": 1, "loss": 2}`)
	first := w.poll(false)
	for range patience + 1 {
		first += " " + w.poll(false)
	}
	first += " " + w.poll(true)
	for _, want := range []string{
		"acc@1=0.5", "acc@3=0.9", "loss@0=3 loss@1=2",
		"files/a/events.out.tfevents.1.h: byte 122: the checksum is wrong: the rest is not read",
		"files/b/events.out.tfevents.1.h: its end is missing",
		"files/metrics.csv: line 3: the step is no whole number: the line is not recorded",
		`files/metrics.csv: column "acc" has values that are no numbers: they are not recorded`,
		"files/metrics.csv: its end is missing",
		`files/other/metrics.csv: it has no column "step", as Lightning writes it: it is not read`,
		`files/c/metrics.csv: line 3: extraneous or missing " in quoted-field`,
		"files/trainer_state.json: byte 52: not whole JSON",
	} {
		if strings.Count(first, want) != 1 {
			t.Errorf("%d times %q in\n%s", strings.Count(first, want), want, first)
		}
	}
	if strings.Contains(first, "@4") || strings.Contains(first, "loss@2") {
		t.Error(first)
	}
}

// TestOptions keeps to the formats and folders that are asked for.
func TestOptions(t *testing.T) {
	dir, more := t.TempDir(), t.TempDir()
	w := &watched{t, dir, Watch(Options{Roots: []Root{{dir, "files"}}, Patterns: []string{filepath.Join(more, "run-*")}, Formats: []Format{Lightning}})}
	w.put("events.out.tfevents.1.h", events(1, "loss", 3))
	w.put("metrics.csv", "step,a\n1,1\n")
	w.dir = more
	w.put("run-1/metrics.csv", "step,b\n1,1\n")
	w.put("other/metrics.csv", "step,c\n1,1\n")
	w.want(true, "a@1=1 b@1=1")
}

// TestManyFolders gives up behind a bound, and says so.
func TestManyFolders(t *testing.T) {
	w := watch(t)
	for i := range mostFolders {
		if err := os.Mkdir(filepath.Join(w.dir, fmt.Sprint(i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w.want(false, "files below files: more than 2000 folders: numbers in the others are not looked for")
	w.want(false, "")
}

func TestBareNumbers(t *testing.T) {
	for in, want := range map[string]string{
		`{"a": NaN, "b": [-Infinity,Infinity]}`: `{"a": "\u0000NaN", "b": ["\u0000-Infinity","\u0000Infinity"]}`,
		`{"NaN": "Infinity \" NaN"}`:            `{"NaN": "Infinity \" NaN"}`,
	} {
		if got := string(bareNumbers([]byte(in))); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte("step,acc\n1,0.5\n"))
	f.Add([]byte(`{"log_history": [{"step": 1, "loss": NaN}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"metrics.csv", "trainer_state.json", "events.out.tfevents.1", "run-1.wandb"} {
			w := watch(t)
			w.put(name, string(data))
			for _, said := range w.w.Poll(true).Said {
				if strings.Contains(said, "\n") {
					t.Errorf("%q", said)
				}
			}
		}
	})
}

func BenchmarkPoll(b *testing.B) {
	dir := b.TempDir()
	values := make([]float64, 1_000_000)
	for i := range values {
		values[i] = float64(i)
	}
	if err := os.WriteFile(filepath.Join(dir, "events.out.tfevents.1.h"), []byte(events(1, "loss", values...)), 0o644); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w := Watch(Options{Roots: []Root{{dir, "files"}}})
		w.before = map[string]stamp{}
		if got := len(w.Poll(true).Points); got != len(values) {
			b.Fatal(got)
		}
	}
}

// TestLongNames says once of a name that it is too long to be one.
func TestLongNames(t *testing.T) {
	w := watch(t)
	long := strings.Repeat("x", longestName+1)
	w.put("metrics.csv", "step,a,"+long+"\n1,1,2\n2,3,4\n")
	w.want(true, "a@1=1 a@2=3 files/metrics.csv: a name of more than 200 bytes: it is not recorded: "+long[:60]+"…")
}
