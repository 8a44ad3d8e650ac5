package cli

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/experiments"
	"harness/registry"
)

// manyKills makes TestKills kill some 250 processes, real trainings among them: go test -run TestKills ./internal/cli -kill-smoke
var manyKills = flag.Bool("kill-smoke", false, "TestKills kills at least 200 processes, real trainings too (minutes)")

const leastKills = 200 // of the whole test, those of readers aside

// TestKills kills sweeps, trials, what trials have started, guardians, readers and reruns with SIGKILL at random moments.
// Then a sweep finishes, and its record is that of a sweep that nobody disturbed: nothing is lost, nothing counted twice.
func TestKills(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir()) // as the processes know it
	if err != nil {
		t.Fatal(err)
	}
	smoke, err := experiments.Read("smoke")
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{dir: dir, counts: map[string]int{}, many: *manyKills}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	k.random = rand.New(rand.NewPCG(seed, 0))
	for name, text := range map[string]string{"slow.yaml": slowYAML, "slow.sh": slowProgram, "kept.yaml": keptYAML, "kept.sh": keptProgram,
		"worker.sh": workerProgram, "hiding.yaml": hidingYAML, "hiding.sh": hidingProgram, "tiny.yaml": tinyYAML,
		"smoke.yaml": string(smoke) + "run: {retries: 50}\n"} {
		if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []struct {
		name  string
		many  bool // only where there are many kills
		fn    func(k *killing, t *testing.T)
		quick int // kills
		full  int
	}{
		{"program", false, func(k *killing, t *testing.T) { k.sweeps(t, "slow", 120*time.Millisecond, k.of(6, 12)) }, 1, 4},
		{"kept", false, func(k *killing, t *testing.T) { k.sweeps(t, "kept", 250*time.Millisecond, k.of(6, 14)) }, 1, 4},
		{"smoke", true, func(k *killing, t *testing.T) { k.sweeps(t, "smoke", 600*time.Millisecond, 20) }, 0, 1},
		{"rerun", false, func(k *killing, t *testing.T) { k.reruns(t, "slow.yaml", "slow", k.of(3, 40)) }, 1, 1},
		{"workers", false, (*killing).workers, 1, 1},
		{"stages", false, (*killing).stages, 1, 1},
		{"rerun of a training", true, func(k *killing, t *testing.T) { k.reruns(t, "tiny.yaml", "tiny", 15) }, 0, 1},
	} {
		t.Run(part.name, func(t *testing.T) {
			if part.many && !k.many {
				t.Skip("takes a while: run with -kill-smoke")
			}
			for range k.of(part.quick, part.full) {
				if !t.Failed() {
					part.fn(k, t)
				}
			}
		})
	}
	for more := 0; k.many && k.others() < leastKills && more < 10 && !t.Failed(); more++ { // on a fast machine sweeps end early
		k.sweeps(t, "slow", 120*time.Millisecond, 12)
	}
	t.Logf("%d kills: %s", k.total(), k)
	if k.many && k.others() < leastKills && !t.Failed() {
		t.Errorf("only %d kills of others than readers, want %d", k.others(), leastKills)
	}
}

// slowYAML is a sweep of a program that takes half a second a trial, and tells again all that it had told.
const slowYAML = `version: 1
name: slow
command: [sh, slow.sh, "${seed}"]
seeds: [1, 2, 3, 4, 5, 6]
run: {parallel: 2, retries: 50}
`

const slowProgram = `sh worker.sh &
cd "$HARNESS_TRIAL_DIR"
touch told; cat told
step=$(grep -c . told)
while [ $step -lt 10 ]; do
	step=$((step+1))
	sleep 0.05
	echo "{\"metric\": \"loss\", \"value\": $step.$1, \"step\": $step, \"total\": 10}" | tee -a told
done
echo "{\"metric\": \"acc\", \"value\": $1}"
`

// keptYAML is a sweep of a program that resumes: what is acknowledged, since it stands in the journal, it tells only once.
const keptYAML = `version: 1
name: kept
command: [sh, kept.sh, "${seed}"]
seeds: [1, 2, 3, 4, 5, 6]
run: {parallel: 2, retries: 50}
`

const keptProgram = `sh worker.sh &
cd "$HARNESS_TRIAL_DIR"
step=0
if [ -e acknowledged ]; then
	step=$(cat acknowledged)
	echo "{\"resumed\": $step}"
fi
while [ $step -lt 20 ]; do
	last=$((step+5))
	while [ $step -lt $last ]; do
		step=$((step+1))
		echo "{\"metric\": \"loss\", \"value\": $step.$1, \"step\": $step}"
	done
	until grep -q "\"m\":\"loss\",\"s\":$step,\"v\":.*}\$" "$HARNESS_ATTEMPT_DIR/events.jsonl"; do sleep 0.02; done
	echo $step > new; mv new acknowledged
done
echo "{\"metric\": \"acc\", \"value\": $1}"
`

// workerProgram stands beside a trial for as long as nobody ends it.
const workerProgram = `while sleep 0.5; do :; done
`

// killing counts the kills of a test by what was killed.
type killing struct {
	dir    string // with the programs
	many   bool
	random *rand.Rand
	homes  int

	mu     sync.Mutex
	counts map[string]int
}

// of is a number for the quick test or for the whole one.
func (k *killing) of(quick, whole int) int {
	if k.many {
		return whole
	}
	return quick
}

// home makes a new one.
func (k *killing) home(t *testing.T, sweep string) string {
	t.Helper()
	k.homes++
	home := filepath.Join(k.dir, fmt.Sprintf("%s-%d", sweep, k.homes))
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	return home
}

// sleep waits for a random time.
func (k *killing) sleep(longest time.Duration) {
	time.Sleep(time.Duration(k.random.Int64N(int64(longest))))
}

// sweeps kills sweeps of an experiment with all that belongs to them until there were so many kills, then lets one finish.
func (k *killing) sweeps(t *testing.T, sweep string, longest time.Duration, kills int) {
	calm, wild := filepath.Join(k.dir, sweep+"-calm"), k.home(t, sweep)
	experiment := sweep + ".yaml"
	if _, err := os.Stat(calm); err != nil {
		mustHarness(t, k.dir, "sweep", experiment, "--home", calm)
	}
	watched := watch(wild)
	readers := k.read(t, wild)
	killed := 0
	for rounds := 0; killed < kills && rounds < kills; rounds++ {
		cmd := harness(k.dir, "sweep", experiment, "--home", wild)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		running := true
		for running && killed < kills {
			select {
			case err := <-ended:
				if running = false; err == nil { // too fast for us: the rest of the kills has nothing left to hit
					t.Logf("done after %d kills", killed)
					kills = killed
				}
			case <-time.After(time.Duration(k.random.Int64N(int64(longest)))):
				victims := familyOf(cmd.Process.Pid, wild)
				kind := []string{"sweep", "sweep", "sweep", "trial", "trial", "trial", "worker", "guardian"}[k.random.IntN(8)]
				if list := victims[kind]; len(list) > 0 && k.kill(kind, list[k.random.IntN(len(list))]) {
					killed++
				}
			}
		}
		if running {
			_ = cmd.Process.Kill()
			<-ended
		}
	}
	mustHarness(t, k.dir, "sweep", experiment, "--home", wild)
	readers()
	watched(t)
	checkNobody(t, wild, 3*time.Second)
	want, got := readHome(t, calm, sweep), readHome(t, wild, sweep)
	if len(want) == 0 {
		t.Fatal("nothing to compare")
	}
	if d := cmp.Diff(want, got, cmpopts.EquateNaNs()); d != "" {
		t.Error("undisturbed and killed differ (-want +got):\n" + d)
	}
	checkJournals(t, wild, sweep)
}

// read looks at a home all the time with commands that only read, and kills half of them. The others must not fail. The
// function that it returns ends that.
func (k *killing) read(t *testing.T, home string) (stop func()) {
	done := make(chan struct{})
	random := rand.New(rand.NewPCG(k.random.Uint64(), 1))
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-time.After(150 * time.Millisecond):
			}
			if _, err := os.Stat(filepath.Join(home, "registry.db")); err != nil {
				continue
			}
			args := [][]string{{"ls", "--json"}, {"status", "--json"}, {"ls", "--sweeps", "--json"}}[n%3]
			cmd := harness(k.dir, append(args, "--home", home)...)
			var out, complaint strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &complaint
			if cmd.Start() != nil {
				continue
			}
			if n%6 == 0 { // now and then, so that it does not outweigh the other kinds
				time.Sleep(time.Duration(random.Int64N(int64(20 * time.Millisecond))))
				k.kill("reader", cmd.Process.Pid)
				_ = cmd.Wait()
				continue
			}
			if err := cmd.Wait(); err != nil || !json.Valid([]byte(out.String())) {
				t.Errorf("%v: %v: %q %q", args, err, out.String(), complaint.String())
			}
		}
	})
	return func() { close(done); wait.Wait() }
}

// watch reads the journals below home all the time. What it returns checks that each line which it has seen is still there.
func watch(home string) (check func(t *testing.T)) {
	seen := map[string][]byte{}
	lost := ""
	look := func() {
		paths, _ := filepath.Glob(filepath.Join(home, "trials", "*", "*", "events.jsonl"))
		for _, path := range paths {
			data, err := os.ReadFile(path)
			before := seen[path]
			if err != nil || len(data) < len(before) || string(data[:len(before)]) != string(before) {
				lost += fmt.Sprintf("%s: %v: of %d bytes seen it has %d\n", path, err, len(before), len(data))
				continue
			}
			seen[path] = data[:strings.LastIndexByte(string(data), '\n')+1]
		}
	}
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(25 * time.Millisecond):
				look()
			}
		}
	})
	return func(t *testing.T) {
		t.Helper()
		close(done)
		wait.Wait()
		look()
		for path := range seen {
			if _, err := os.Stat(path); err != nil {
				lost += err.Error() + "\n"
			}
		}
		if lost != "" || len(seen) == 0 {
			t.Errorf("of %d journals lines are gone that were seen:\n%s", len(seen), lost)
		}
	}
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

// checkJournals makes registry.db anew: it must tell of each attempt and each curve what the one told that grew in bits.
func checkJournals(t *testing.T, home, sweep string) {
	t.Helper()
	want := readCurves(t, home, sweep)
	paths, err := filepath.Glob(filepath.Join(home, "registry.db*"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(want, readCurves(t, home, sweep), cmpopts.EquateNaNs()); d != "" {
		t.Error("registry.db and journals differ (-registry.db +journals):\n" + d)
	}
}

// readCurves reads all attempts of a sweep with their curves, and the curves of its trials.
func readCurves(t *testing.T, home, sweep string) map[string]any {
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
	all := map[string]any{}
	keep := func(value any, err error, path ...any) {
		if err != nil {
			t.Fatal(err)
		}
		all[fmt.Sprint(path...)] = value
	}
	for _, k := range trials {
		attempts, err := db.Attempts(ctx, k.ID)
		keep(attempts, err, k.ID)
		for _, a := range attempts {
			metrics, err := db.AttemptMetrics(ctx, k.ID, a.Number)
			keep(metrics, err, k.ID, "/", a.Number)
			for metric := range metrics {
				points, err := db.AttemptPoints(ctx, k.ID, a.Number, metric)
				keep(points, err, k.ID, "/", a.Number, "/", metric)
				points, err = db.Points(ctx, k.ID, metric)
				keep(points, err, k.ID, "/", metric)
			}
		}
	}
	return all
}
