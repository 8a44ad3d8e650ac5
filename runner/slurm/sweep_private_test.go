package slurm

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/registry"
)

// TestPrivateSlurm sweeps 24 trials on a private Slurm while a trial is canceled, one is queued again, a node is taken down, the controller is
// killed, and a node's daemon, so that trials run twice at once. In the end all numbers are those of the same sweep on one machine.
func TestPrivateSlurm(t *testing.T) {
	program := os.Getenv("HARNESS_SLURM_TEST")
	if program == "" {
		t.Skip("skipped: make slurm-test runs it")
	}
	p := startPrivate(t)
	h := &harness{t: t, program: program, dir: t.TempDir()}
	for _, name := range []string{"sweep.yaml", "builtin.yaml", "limit.yaml", "trial.sh"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(h.dir, name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if out, code := h.run("local", "sweep", "sweep.yaml", "--quiet"); code != 3 {
		t.Fatalf("the sweep on this machine: exit code %d\n%s", code, out)
	}
	h.refusals()
	h.takenBack(p)
	h.cuts(p)

	began := time.Now()
	out, code := h.run("home", "sweep", "sweep.yaml", "--on", "slurm", "--detach")
	job := regexp.MustCompile(`as job (\d+)`).FindStringSubmatch(out)
	if code != 0 || job == nil {
		t.Fatalf("handing in: exit code %d\n%s", code, out)
	}
	p.await("the slow trials", func() bool {
		running := 0
		for n, k := range h.list("home") {
			if n <= 8 && k.State == "running" {
				running++
			}
		}
		return running == 8
	})
	h.cancelOne(p)
	p.run("scontrol", "requeue", job[1]+"_1")
	p.nodeDown("n2")

	follower := h.command("home", "sweep", "sweep.yaml", "--on", "slurm")
	var said bytes.Buffer
	follower.Stdout, follower.Stderr = &said, &said
	if err := follower.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- follower.Wait() }()
	defer func() {
		if t.Failed() {
			t.Logf("the sweep said:\n%s", &said)
			_ = follower.Process.Kill()
		}
	}()
	p.await("what was handed in again", func() bool { return strings.Count(p.run("squeue", "-h", "-t", "all", "-o", "%F"), "\n") > 0 })
	time.Sleep(3 * time.Second) // the controller has written down what it was told: what it had not is another test
	p.kill("slurmctld")
	time.Sleep(2 * time.Second)
	p.startController()
	p.run("scontrol", "update", "nodename=n2", "state=resume") // of which it may know nothing any more
	p.doubleExecution(h)

	select {
	case <-ended:
	case <-time.After(3 * time.Minute):
		p.say()
		t.Fatalf("the sweep does not end\n%s\n%s", p.run("squeue", "-r", "-t", "all"), &said)
	}
	if code := follower.ProcessState.ExitCode(); code != 3 {
		t.Errorf("the sweep on Slurm: exit code %d", code)
	}
	took := time.Since(began)
	attempts, fenced := h.compare()
	batches, _ := filepath.Glob(filepath.Join(h.dir, "home", "cluster", "*", "batch.json"))
	t.Logf("24 trials in %.0f s: %d submissions, %d attempts, %d of them fenced", took.Seconds(), len(batches), attempts, fenced)
	t.Logf("what was lost and handed in again: %d", strings.Count(said.String(), "again   "))
	if fenced == 0 {
		t.Error("no trial ran twice at once: the test shows nothing")
	}
	if out, code := h.run("home", "sweep", "sweep.yaml", "--on", "slurm"); code != 3 || strings.Contains(out, "as job") {
		t.Errorf("one more call: exit code %d\n%s", code, out)
	}
}

// refusals are mistakes that Slurm itself finds.
func (h *harness) refusals() {
	for word, want := range map[string]string{
		"partition=nowhere": "slurm refuses the sweep: sbatch: ", "gpus=2": "slurm refuses the sweep: sbatch: ",
	} {
		out, code := h.run("refused", "sweep", "sweep.yaml", "--on", "slurm", "--slurm", word)
		if code != 1 || strings.Count(out, "\n") != 1 || !strings.Contains(out, want) {
			h.t.Errorf("%s: exit code %d: %s", word, code, out)
		}
	}
}

// takenBack hands in a sweep that Slurm takes and never starts, sees why, and takes it back.
func (h *harness) takenBack(p *private) {
	h.t.Helper()
	if out, code := h.run("refused", "sweep", "sweep.yaml", "--on", "slurm", "--slurm", "cpus=99", "--detach"); code != 0 {
		h.t.Fatalf("exit code %d: %s", code, out)
	}
	p.await("the reason", func() bool {
		out, _ := h.run("refused", "status")
		return strings.Contains(out, "0 running, 24 waiting (PartitionConfig)")
	})
	if out, code := h.run("refused", "cancel", h.list("refused")[5].ID, "--yes"); code != 0 || !strings.Contains(out, "1 trial taken back, 0 asked") {
		h.t.Errorf("cancel of a trial: exit code %d: %s", code, out)
	}
	p.await("one task less", func() bool {
		out, _ := h.run("refused", "status")
		return strings.Contains(out, "0 running, 23 waiting")
	})
	if out, code := h.run("refused", "cancel", "cluster", "--yes"); code != 0 || !strings.Contains(out, "23 trials taken back, 0 asked") {
		h.t.Errorf("cancel of the sweep: exit code %d: %s", code, out)
	}
	if out := p.run("squeue", "-h"); out != "" {
		h.t.Errorf("what is left in the queue: %s", out)
	}
}

// cancelOne stops trial 1, which runs.
func (h *harness) cancelOne(p *private) {
	h.t.Helper()
	if out, code := h.run("home", "cancel", h.list("home")[1].ID, "--yes"); code != 0 || !strings.Contains(out, "1 asked to stop") {
		h.t.Fatalf("cancel: exit code %d: %s", code, out)
	}
	p.await("the canceled trial", func() bool { return h.list("home")[1].State == "interrupted" })
}

// nodeDown takes a node out of service for a moment: Slurm kills what runs there and queues it again.
func (p *private) nodeDown(node string) {
	p.run("scontrol", "update", "nodename="+node, "state=down", "reason=test")
	time.Sleep(time.Second)
	p.run("scontrol", "update", "nodename="+node, "state=resume")
}

// doubleExecution kills the daemon of a node: its tasks go on, and Slurm starts them a second time on the other.
func (p *private) doubleExecution(h *harness) {
	node := ""
	p.await("a node with slow trials", func() bool {
		for _, node = range []string{"n1", "n2"} {
			if strings.Count(p.run("squeue", "-h", "-r", "-t", "running", "-w", node, "-o", "%i"), "\n") >= 2 {
				return true
			}
		}
		return false
	})
	p.kill(node)
	p.await("a trial that runs twice at once", func() bool {
		found, _ := filepath.Glob(filepath.Join(h.dir, "home", "trials", "*", "*", "events.jsonl"))
		for _, path := range found {
			if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte("superseded by attempt")) {
				return true
			}
		}
		return false
	})
	time.Sleep(3 * time.Second)
	p.startNode(node)
}

// compare holds the home beside that of the same sweep on one machine, and returns how many attempts there were and how many were fenced.
func (h *harness) compare() (attempts, fenced int) {
	h.t.Helper()
	ctx := context.Background()
	want, got := h.list("local"), h.list("home")
	if len(want) != 24 || len(got) != 24 {
		h.t.Fatalf("%d trials on this machine, %d on Slurm", len(want), len(got))
	}
	here, err := registry.OpenReadOnly(ctx, filepath.Join(h.dir, "local"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer here.Close()
	there, err := registry.OpenReadOnly(ctx, filepath.Join(h.dir, "home"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer there.Close()
	for n := 1; n <= 24; n++ {
		if got[n].State != want[n].State {
			h.t.Errorf("trial %d is %s, on one machine %s", n, got[n].State, want[n].State)
		}
		a, err := here.Points(ctx, want[n].ID, "acc")
		if err != nil {
			h.t.Fatal(err)
		}
		b, err := there.Points(ctx, got[n].ID, "acc")
		if err != nil {
			h.t.Fatal(err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			h.t.Errorf("the numbers of trial %d (-one machine +Slurm)\n%s", n, diff)
		}
		tried, err := there.Attempts(ctx, got[n].ID)
		if err != nil {
			h.t.Fatal(err)
		}
		done := 0
		for _, one := range tried {
			attempts++
			switch {
			case one.State == registry.Done:
				done++
			case one.State == registry.Running:
				h.t.Errorf("trial %d: attempt %d is left open", n, one.Number)
			case strings.HasPrefix(one.Error, "superseded by attempt"):
				fenced++
			}
		}
		if want := map[bool]int{true: 1}[want[n].State == "done"]; done != want {
			h.t.Errorf("trial %d is done %d times", n, done)
		}
	}
	return attempts, fenced
}
