package slurm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/runner/cluster"
)

// fake puts commands of the given scripts on PATH, and nothing else but what sh needs.
func fake(t *testing.T, scripts map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, script := range scripts {
		script = "#!/bin/sh\necho \"${0##*/} $*\" >> \"$CALLS\"\n" + script
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	t.Setenv("CALLS", filepath.Join(dir, "calls"))
	return dir
}

func calls(t *testing.T, dir string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func batch(token string, size int) *cluster.Batch {
	return &cluster.Batch{Token: token, Size: size, Job: "1", Made: time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)}
}

func TestIndexes(t *testing.T) {
	for _, c := range []struct {
		text string
		want []int
	}{
		{"7", []int{7}}, {"4-7%4", []int{4, 5, 6, 7}}, {"[4-6%4]", []int{4, 5, 6}}, {"[0,3,8-9%2]", []int{0, 3, 8, 9}}, {"0-6:3", []int{0, 3, 6}},
		{"N/A", nil}, {"", nil}, {"-1", nil}, {"5-2", nil}, {"1-99999999999999999999", nil}, {"0-99999999", nil}, {"0-6:0", nil}, {"4294967294", []int{4294967294}},
	} {
		if got := indexesIn(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}

func FuzzIndexes(f *testing.F) {
	f.Add("[4-99%4]")
	f.Add("0,2-4,6-10:2%3")
	f.Fuzz(func(t *testing.T, text string) {
		for _, i := range indexesIn(text) {
			if i < 0 {
				t.Errorf("%q: index %d", text, i)
			}
		}
	})
}

func FuzzRows(f *testing.F) {
	f.Add("demo.aa|1|4-6%4|PENDING|JobArrayTaskLimit\ndemo.aa|1|N/A|CANCELLED|None\n")
	f.Add("demo.aa|9_[0-3]|NODE_FAIL\n")
	f.Fuzz(func(t *testing.T, out string) {
		batches := []*cluster.Batch{batch("demo.aa", 7)}
		for _, r := range append(queueRows(out, batches), accountRows(out, batches)...) {
			if r.name != "demo.aa" || stateOf(r.state) == "" {
				t.Errorf("%q: %+v", out, r)
			}
		}
	})
}

func TestStates(t *testing.T) {
	for state, want := range map[string]cluster.State{
		"PENDING": cluster.Waiting, "REQUEUED": cluster.Waiting, "SPECIAL_EXIT": cluster.Waiting, "RUNNING": cluster.Running, "COMPLETING": cluster.Running,
		"SUSPENDED": cluster.Running, "COMPLETED": cluster.Exited, "FAILED": cluster.Exited, "CANCELLED by 1000": cluster.Canceled, "CANCELLED+": cluster.Canceled,
		"TIMEOUT": cluster.OverLimit, "OUT_OF_MEMORY": cluster.OutOfMemory, "NODE_FAIL": cluster.Dropped, "PREEMPTED": cluster.Dropped, "INVENTED_LATER": cluster.Running,
	} {
		if got := stateOf(state); got != want {
			t.Errorf("%s: %s, want %s", state, got, want)
		}
	}
}

// The outputs are those of Slurm 22.05, with the job of another that has the same name in part, and one whose number was handed out again.
func TestPollAsksOnceForAll(t *testing.T) {
	dir := fake(t, map[string]string{
		"squeue": `cat <<'E'
demo.aa|1|4-6%4|PENDING|JobArrayTaskLimit
demo.aa|1|3|RUNNING|None
demo.aa|1|2|COMPLETING|None
demo.aa|1|1|FAILED|NonZeroExitCode
demo.aa|1|0|CANCELLED|None
demo.bb|9|1|PENDING|BeginTime
demo.cc|12|1|COMPLETED|None
demo.cc|12|N/A|CANCELLED|JobHeldUser
other|1|0|RUNNING|None
a remark of the site
E`,
		"sacct": `cat <<'E'
demo.bb|9_0|NODE_FAIL
demo.bb|9_1|COMPLETED
demo.bb|9_2|RUNNING
demo.bb|9_3.batch|RUNNING
other|1_0|COMPLETED
E`,
	})
	seen, err := new(Slurm).Poll(context.Background(), []*cluster.Batch{batch("demo.aa", 7), batch("demo.bb", 4), batch("demo.cc", 3)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[cluster.Ref]cluster.Status{
		{Token: "demo.aa", Index: 0}: {State: cluster.Canceled, Reason: "None"}, {Token: "demo.aa", Index: 1}: {State: cluster.Exited, Reason: "NonZeroExitCode"},
		{Token: "demo.aa", Index: 2}: {State: cluster.Running, Reason: "None"}, {Token: "demo.aa", Index: 3}: {State: cluster.Running, Reason: "None"},
		{Token: "demo.bb", Index: 0}: {State: cluster.Dropped}, {Token: "demo.bb", Index: 1}: {State: cluster.Waiting, Reason: "BeginTime"},
	}
	for i, state := range []cluster.State{cluster.Canceled, cluster.Exited, cluster.Canceled} {
		want[cluster.Ref{Token: "demo.cc", Index: i}] = cluster.Status{State: state, Reason: map[bool]string{true: "None", false: "JobHeldUser"}[i == 1]}
	}
	for i := 4; i <= 6; i++ {
		want[cluster.Ref{Token: "demo.aa", Index: i}] = cluster.Status{State: cluster.Waiting, Reason: "JobArrayTaskLimit"}
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got := calls(t, dir)
	if len(got) != 2 || got[0] != "squeue --noheader --array --states=all --name=demo.aa,demo.bb,demo.cc --format=%j|%F|%K|%T|%r" ||
		got[1] != "sacct --allocations --noheader --parsable2 --name=demo.bb --format=JobName,JobID,State --starttime=2026-03-01T11:00:00" {
		t.Errorf("%q", got)
	}
}

func TestAClusterWithoutAccounting(t *testing.T) {
	dir := fake(t, map[string]string{"squeue": "exit 0", "sacct": "echo 'Slurm accounting storage is disabled' >&2; exit 1"})
	s := new(Slurm)
	for range 2 {
		if seen, err := s.Poll(context.Background(), []*cluster.Batch{batch("demo.aa", 2)}); err != nil || len(seen) != 0 {
			t.Fatal(seen, err)
		}
	}
	if got := calls(t, dir); len(got) != 3 {
		t.Errorf("sacct is asked again although it knows nothing: %q", got)
	}
}

func TestAControllerThatIsGone(t *testing.T) {
	for name, script := range map[string]string{
		"refused": "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1",
		"busy":    "echo 'squeue: error: slurm_receive_msg: Socket timed out on send/recv operation' >&2; exit 1",
		"hangs":   "exec sleep 30",
	} {
		fake(t, map[string]string{"squeue": script})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		began := time.Now()
		_, err := new(Slurm).Poll(ctx, []*cluster.Batch{batch("demo.aa", 2)})
		cancel()
		if !errors.Is(err, cluster.ErrUnreachable) || strings.Contains(err.Error(), "\n") || time.Since(began) > 10*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
	}
}

func TestRefusals(t *testing.T) {
	for said, want := range map[string]string{
		"sbatch: error: invalid partition specified: nowhere\nsbatch: error: Batch job submission failed: Invalid partition name specified\n": "sbatch: invalid partition specified: nowhere; Invalid partition name specified",
		"sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified\n":                            "sbatch: Invalid account or account/partition combination specified",
		"mpi/pmix: can not load PMIx library\nsbatch: error: Batch job submission failed: Invalid generic resource (gres) specification\n":    "sbatch: Invalid generic resource (gres) specification",
	} {
		fake(t, map[string]string{"sbatch": fmt.Sprintf("printf '%%s' '%s' >&2; exit 1", said)})
		b := batch("demo.aa", 2)
		b.Dir = t.TempDir()
		if _, err := new(Slurm).Submit(context.Background(), b); err == nil || err.Error() != want || errors.Is(err, cluster.ErrUnreachable) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestSubmitWritesAScript(t *testing.T) {
	dir := fake(t, map[string]string{"sbatch": `test -z "$SLURM_MEM_PER_NODE$HARNESS_SWEEP" && echo "4711;lab"`})
	t.Setenv("SLURM_MEM_PER_NODE", "4000") // as within a job
	t.Setenv("HARNESS_SWEEP", "outer")
	s := &Slurm{Settings: Settings{Partition: "gpu", Account: "lab", Time: 90 * time.Minute, Memory: "16G", CPUs: 4, GPUs: "a100:2", Constraint: "new",
		Throttle: 3, Extra: []string{"--exclusive"}, Setup: []string{"module load cuda"}}}
	b := batch("demo.aa", 12)
	b.Dir = filepath.Join(t.TempDir(), "50%a")
	b.Command = []string{"/home/it's/harness", "trial", "task"}
	b.Rules.Dir = "/work"
	if err := os.Mkdir(b.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	job, err := s.Submit(context.Background(), b)
	if err != nil || job != "4711" {
		t.Fatal(job, err)
	}
	want := "sbatch --partition=gpu --account=lab --time=0-01:30:00 --mem=16G --cpus-per-task=4 --gres=gpu:a100:2 --constraint=new --exclusive " +
		"--parsable --job-name=demo.aa --comment=harness:demo.aa --array=0-11%3 --requeue --export=ALL --signal=B:USR1@90 --open-mode=append " +
		"--chdir=/work --output=" + strings.ReplaceAll(b.Dir, "%", "%%") + "/%a.out " + b.Dir + "/script.sh"
	if got := calls(t, dir); len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %q", got, want)
	}
	script, err := os.ReadFile(filepath.Join(b.Dir, "script.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "#!/bin/bash\nset -e\nmodule load cuda\nexec '/home/it'\\''s/harness' 'trial' 'task' \"$SLURM_ARRAY_TASK_ID\"\n"; string(script) != want {
		t.Errorf("%s, want %s", script, want)
	}
}

func TestCancelNamesTasksOneByOne(t *testing.T) {
	dir := fake(t, map[string]string{"squeue": "echo 'demo.aa|88|0|PENDING|None'", "scancel": ""})
	if err := new(Slurm).Cancel(context.Background(), batch("demo.aa", 9), []int{2, 5}); err != nil {
		t.Fatal(err)
	}
	if got := calls(t, dir); got[1] != "scancel --quiet 88_2 88_5" { // not the number that we kept: 1
		t.Errorf("%q", got)
	}
	dir = fake(t, map[string]string{"squeue": "", "sacct": "", "scancel": ""})
	if err := new(Slurm).Cancel(context.Background(), batch("demo.aa", 9), []int{2}); err != nil {
		t.Fatal(err)
	}
	if got := calls(t, dir); len(got) != 2 {
		t.Errorf("a job that is not there is canceled by its number: %q", got)
	}
}

func TestLargest(t *testing.T) {
	for out, want := range map[string]int{"MaxArraySize            = 1001": 1000, "MaxArraySize = 64": 64} {
		fake(t, map[string]string{"scontrol": "echo 'Configuration data'; echo '" + out + "'"})
		if got, err := new(Slurm).Largest(context.Background()); err != nil || got != want {
			t.Errorf("%s: %d %v", out, got, err)
		}
	}
	fake(t, map[string]string{"scontrol": "echo 'MaxArraySize = 0'"})
	if _, err := new(Slurm).Largest(context.Background()); err == nil {
		t.Error("a Slurm without arrays is taken")
	}
}

func TestTheLeadIsShorterThanTheLimit(t *testing.T) {
	for limit, want := range map[time.Duration]time.Duration{0: 90 * time.Second, time.Minute: 15 * time.Second, 4 * time.Minute: time.Minute, time.Hour: 90 * time.Second} {
		if got := (Settings{Time: limit}).Lead(); got != want {
			t.Errorf("%s: %s, want %s", limit, got, want)
		}
	}
}

func TestWhyASignalCame(t *testing.T) {
	fake(t, map[string]string{"squeue": `date -d '+60 seconds' +%Y-%m-%dT%H:%M:%S`})
	t.Setenv("SLURM_ARRAY_JOB_ID", "7")
	t.Setenv("SLURM_ARRAY_TASK_ID", "3")
	t.Setenv("SLURM_JOB_END_TIME", "")
	task, err := Here()
	if err != nil || task.Name() != "7_3" {
		t.Fatal(task, err)
	}
	ctx, now := context.Background(), time.Now()
	if got := task.Cut(ctx, time.Hour, now.Add(-59*time.Minute)); got != "stopped before the time limit" {
		t.Error(got)
	}
	if got := task.Cut(ctx, time.Hour, now); got != "stopped by the scheduler" {
		t.Error(got)
	}
	if got := task.Cut(ctx, 0, now); got != "stopped before the time limit" { // as squeue tells
		t.Error(got)
	}
	t.Setenv("SLURM_JOB_END_TIME", fmt.Sprint(now.Add(time.Hour).Unix()))
	if task, _ = Here(); task.Cut(ctx, 0, now) != "stopped by the scheduler" {
		t.Error("the end in the environment does not count")
	}
	t.Setenv("SLURM_ARRAY_TASK_ID", "")
	if _, err := Here(); err == nil {
		t.Error("no task is taken for one")
	}
}
