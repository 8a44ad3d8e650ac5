package cli

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/registry"
)

// killSmoke makes TestKills kill the built-in experiment smoke, too: go test -run TestKills ./internal/cli -kill-smoke
var killSmoke = flag.Bool("kill-smoke", false, "TestKills kills real trainings, too (minutes)")

// slowYAML is a sweep of a program that takes half a second a trial, and goes on where it was killed.
const slowYAML = `version: 1
name: slow
command: [sh, slow.sh, "${trial_dir}", "${seed}"]
seeds: [1, 2, 3, 4, 5, 6]
run: {parallel: 2, retries: 5}
`

// slowProgram keeps what it has reported, as the built-in trainer does in its checkpoints, since the last 200 ms of a
// journal may be lost.
const slowProgram = `cd "$1/.."
touch told; cat told
step=$(grep -c . told)
while [ $step -lt 10 ]; do
	step=$((step+1))
	sleep 0.05
	echo "{\"metric\": \"loss\", \"value\": $step.$2, \"step\": $step, \"total\": 10}" | tee -a told
done
echo "{\"metric\": \"acc\", \"value\": $2}"
`

// TestKills kills sweeps and their trials with SIGKILL at random moments, ten times; then a sweep finishes, and its record
// is that of a sweep that nobody disturbed: nothing is lost, nothing counted twice.
func TestKills(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"slow.yaml": slowYAML, "slow.sh": slowProgram} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("program", func(t *testing.T) { testKills(t, dir, "slow.yaml", "slow", 300*time.Millisecond) })
	t.Run("smoke", func(t *testing.T) {
		if !*killSmoke {
			t.Skip("takes minutes: run with -kill-smoke")
		}
		testKills(t, dir, "smoke", "smoke", 600*time.Millisecond)
	})
}

func testKills(t *testing.T, dir, experiment, sweep string, longest time.Duration) {
	calm, wild := filepath.Join(dir, sweep+"-calm"), filepath.Join(dir, sweep+"-wild")
	if out, err := harness(dir, "sweep", experiment, "--home", calm).CombinedOutput(); err != nil {
		t.Fatalf("undisturbed: %v\n%s", err, out)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	kills := 0
	for kills < 10 {
		cmd := harness(dir, "sweep", experiment, "--home", wild)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		running := true
		for running && kills < 10 {
			select {
			case err := <-ended:
				if running = false; err == nil { // too fast for us: the rest of the kills has nothing left to hit
					t.Logf("done after %d kills", kills)
					kills = 10
				}
			case <-time.After(time.Duration(random.Int64N(int64(longest)))):
				victims := children(cmd.Process.Pid)
				if len(victims) == 0 || random.IntN(2) == 0 {
					victims = []int{cmd.Process.Pid}
				}
				_ = syscall.Kill(victims[random.IntN(len(victims))], syscall.SIGKILL)
				kills++
			}
		}
		if running {
			_ = cmd.Process.Kill()
			<-ended
		}
	}
	if out, err := harness(dir, "sweep", experiment, "--home", wild).CombinedOutput(); err != nil {
		t.Fatalf("after the kills: %v\n%s", err, out)
	}
	want, got := readHome(t, calm, sweep), readHome(t, wild, sweep)
	if len(want) == 0 {
		t.Fatal("nothing to compare")
	}
	if d := cmp.Diff(want, got, cmpopts.EquateNaNs()); d != "" {
		t.Error("undisturbed and killed differ (-want +got):\n" + d)
	}
}

// harness is this program as a process of its own.
func harness(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "harness" // TestMain looks at it
	cmd.Dir = dir
	return cmd
}

// children lists the processes that pid has started: the trials of a sweep.
func children(pid int) []int {
	var list []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child)) // 4711 (name) S parent …
		if err != nil {
			continue
		}
		words := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(words) > 1 && words[1] == strconv.Itoa(pid) {
			list = append(list, child)
		}
	}
	return list
}

// readHome reads what must not depend on kills: trial -> metric -> summary, all of trials that are done.
func readHome(t *testing.T, home, sweep string) map[string]map[string]registry.Summary {
	t.Helper()
	ctx := context.Background()
	db, err := registry.OpenReadOnly(ctx, home)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	trials, err := db.Trials(ctx, registry.Query{Sweep: sweep})
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(trials))
	for i, k := range trials {
		if ids[i] = k.ID; k.State != registry.Done {
			t.Errorf("trial %s is %s: %s", k.ID, k.State, k.Newest.Error)
		}
	}
	all, err := db.Summary(ctx, ids)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
