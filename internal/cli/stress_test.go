package cli

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/internal/jsonfloat"
)

// stressVariable says how long TestStress lasts: HARNESS_STRESS=10m. Without it, long enough to see that it works.
const stressVariable = "HARNESS_STRESS"

const stressSweeps = 8

// stressProgram tells ten losses and a number that follows from its parameters.
const stressProgram = `for a; do case $a in --lr=*) lr=${a#--lr=};; --seed=*) seed=${a#--seed=};; esac; done
step=0
while [ $step -lt 10 ]; do
	step=$((step+1))
	sleep 0.02
	echo "{\"metric\": \"loss\", \"value\": $lr.$seed$step, \"step\": $step}"
done
echo "{\"metric\": \"acc\", \"value\": $lr.$seed}"
`

// stressYAML is sweep n: neighbours share trials.
func stressYAML(n int) string {
	return fmt.Sprintf(`version: 1
name: s%d
project: stress
command: [sh, stress.sh, "${args}"]
parameters:
  lr: {values: [%d, %d, %d]}
seeds: [1, 2]
metrics: {acc: {goal: maximize}, loss: {goal: minimize}}
run: {parallel: 2, retries: 100000}
`, n, n+1, n+2, n+3)
}

// TestStress lets eight sweeps that share trials, two readers, reruns, and one who verifies, backs up and collects garbage work on one
// home at once, and kills all of them at random moments, again and again. In the end a sweep of each, undisturbed, finishes; then nothing
// is lost, nothing there twice, and every number is that of a home where nothing was killed.
func TestStress(t *testing.T) {
	lasts := 3 * time.Second
	if text := os.Getenv(stressVariable); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(dir, "program")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &stress{killing: killing{dir: work, counts: map[string]int{}}, top: dir, home: filepath.Join(dir, "wild"), until: time.Now().Add(lasts),
		ran: map[string]int{}, refused: map[string]int{}}
	s.write(t, "stress.sh", stressProgram)
	for n := range stressSweeps {
		s.write(t, fmt.Sprintf("s%d.yaml", n), stressYAML(n))
	}
	mustHarness(t, work, "sweep", "s0.yaml", "--home", s.home, "--quiet")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	watched := watch(s.home)
	var all sync.WaitGroup
	begin := func(n uint64, work func(t *testing.T, random *rand.Rand)) {
		random := rand.New(rand.NewPCG(seed, n))
		all.Go(func() {
			for time.Now().Before(s.until) && !t.Failed() {
				work(t, random)
			}
		})
	}
	for n := range stressSweeps {
		begin(uint64(n), func(t *testing.T, random *rand.Rand) { s.sweep(t, random, n) })
	}
	begin(100, s.reader)
	begin(101, s.reader)
	begin(102, s.rerun)
	begin(103, s.keeper)
	all.Wait()
	t.Logf("%s: %d kills (%s); commands that came to their end: %s; refusals: %s", lasts, s.total(), &s.killing, counts(s.ran), counts(s.refused))
	s.compare(t, watched)
	if lasts >= 30*time.Second && (s.total() < 50 || s.ran["report"] == 0 || s.ran["trial rerun"] == 0 || s.ran["gc"] == 0) {
		t.Errorf("too little was done")
	}
}

// stress is a home that is worked on.
type stress struct {
	killing        // in the program's folder
	top     string // for backups
	home    string
	until   time.Time

	mu      sync.Mutex
	ran     map[string]int // commands that were not killed
	refused map[string]int // reasons
}

func counts(of map[string]int) string {
	var parts []string
	for _, key := range sortedKeys(of) {
		parts = append(parts, fmt.Sprintf("%s %d", key, of[key]))
	}
	return strings.Join(parts, ", ")
}

func (s *stress) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// mayRefuse are the words in which a command may say that it cannot do now what it was asked for.
var mayRefuse = regexp.MustCompile(`^harness: (` + strings.Join([]string{
	`redo: trial [0-9a-f]{16} is running: stop its sweep first`,
	`trial [0-9a-f]{16} is (running|queued|interrupted|failed): there is no result to compare with`,
	`the rerun failed: it was ended by a signal: killed`, // which we have sent
	`trial [0-9a-f]{16} was run anew or removed meanwhile: there is no result to compare with`,
	`trial [0-9a-f]{16}: another sweep is running this trial`,
	`report s\d: nothing was (run here|recorded) yet.*`,
	`no experiment "s\d": want a file.*`,
}, "|") + `)$`)

var hexes = regexp.MustCompile(`[0-9a-f]{16}|s\d`)

// run runs a command. It is killed after a random time in one of so many calls; 0 is never. What it prints is returned where it came to
// its end; it may fail only in the words of mayRefuse.
func (s *stress) run(t *testing.T, random *rand.Rand, kind string, oneOf int, args ...string) (out string, ended bool) {
	cmd := harness(s.dir, append(args, "--home", s.home)...)
	var printed, complaint strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &complaint
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return "", false
	}
	killed := make(chan bool, 1)
	if oneOf > 0 && random.IntN(oneOf) == 0 {
		wait := time.Duration(random.Int64N(int64(1500 * time.Millisecond)))
		victims := random.IntN(4)
		go func() {
			time.Sleep(wait)
			killed <- s.killOf(kind, cmd.Process.Pid, victims)
		}()
	} else {
		killed <- false
	}
	err := cmd.Wait()
	wasKilled := <-killed
	for _, word := range []string{"locked", "SQLITE", "panic", "goroutine", "malformed", "damaged"} {
		if strings.Contains(complaint.String(), word) && !strings.Contains(complaint.String(), "its sweep was killed") {
			t.Errorf("%s said: %s", strings.Join(args, " "), complaint.String())
		}
	}
	if wasKilled {
		return "", false
	}
	last := lastComplaint(complaint.String())
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.ran[kind]++
	case mayRefuse.MatchString(last):
		reason, _, _ := strings.Cut(hexes.ReplaceAllString(strings.TrimPrefix(last, "harness: "), "…"), ": want a file")
		s.refused[reason]++
		return "", false
	default:
		t.Errorf("%s: %v: %s", strings.Join(args, " "), err, complaint.String())
		return "", false
	}
	return printed.String(), true
}

// lastComplaint is the line that says why a command failed.
func lastComplaint(text string) string {
	found := ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "harness: ") {
			found = strings.TrimSpace(line)
		}
	}
	return found
}

// killOf kills a command, with its guardian, or one of its trials. It reports whether the command itself was hit.
func (s *stress) killOf(kind string, pid, which int) bool {
	family := familyOf(pid, s.home)
	switch {
	case which == 0 && len(family["trial"]) > 0:
		s.kill("trial", family["trial"][0])
		return false
	case which == 1:
		for _, guard := range family["guardian"] {
			s.kill("guardian", guard)
		}
	}
	return s.kill(kind, pid)
}

// sweep runs a sweep, often with some of its trials anew.
func (s *stress) sweep(t *testing.T, random *rand.Rand, n int) {
	args := []string{"sweep", fmt.Sprintf("s%d.yaml", n), "--quiet"}
	switch random.IntN(3) {
	case 0:
		args = append(args, "--yes", "--redo", fmt.Sprintf("params.lr == %d", n+1+random.IntN(3)))
	case 1:
		args = append(args, "--yes", "--redo", fmt.Sprintf("seed == %d", 1+random.IntN(2)))
	}
	s.run(t, random, "sweep", 2, args...)
}

// reader looks at all there is. What is done has the right numbers.
func (s *stress) reader(t *testing.T, random *rand.Rand) {
	sweep := fmt.Sprintf("s%d", random.IntN(stressSweeps))
	if out, ok := s.run(t, random, "report", 8, "report", sweep, "--format", "csv"); ok && !strings.Contains(out, "acc") {
		t.Errorf("report %s: %s", sweep, out)
	}
	out, ok := s.run(t, random, "ls", 8, "ls", "--json")
	if !ok {
		return
	}
	var list []struct {
		ID      string                     `json:"id"`
		Final   bool                       `json:"final"`
		Params  map[string]float64         `json:"params"`
		Metrics map[string]jsonfloat.Float `json:"metrics"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Errorf("ls: %v", err)
		return
	}
	for _, one := range list {
		if !one.Final {
			continue
		}
		acc := fmt.Sprintf("%v.%v", one.Params["lr"], one.Params["seed"])
		if want, _ := strconv.ParseFloat(acc, 64); float64(one.Metrics["acc"]) != want {
			t.Errorf("trial %s of %v is done with %v", one.ID, one.Params, one.Metrics)
		}
		if want, _ := strconv.ParseFloat(acc+"10", 64); float64(one.Metrics["loss"]) != want {
			t.Errorf("trial %s of %v is done with %v", one.ID, one.Params, one.Metrics)
		}
	}
}

// rerun runs a trial again and compares.
func (s *stress) rerun(t *testing.T, random *rand.Rand) {
	ids, err := filepath.Glob(filepath.Join(s.home, "trials", "????????????????"))
	if err != nil || len(ids) == 0 {
		t.Error(ids, err)
		return
	}
	s.run(t, random, "trial rerun", 3, "trial", "rerun", filepath.Base(ids[random.IntN(len(ids))]), "--quiet")
}

// keeper verifies, backs up and collects garbage.
func (s *stress) keeper(t *testing.T, random *rand.Rand) {
	switch random.IntN(5) {
	case 0:
		s.run(t, random, "verify", 4, "verify")
	case 1:
		s.run(t, random, "gc", 4, "gc", "--yes")
	case 2:
		s.run(t, random, "backup", 3, "backup", filepath.Join(s.top, "backup"))
	case 3:
		file := filepath.Join(s.top, "backup.tar.zst")
		if _, ok := s.run(t, random, "backup", 3, "backup", file); ok {
			s.run(t, random, "backup", 0, "backup", "--check", file)
		}
	case 4:
		s.run(t, random, "status", 4, "status", "--json")
	}
}

// compare lets all sweeps finish, and compares the home with one where nothing was killed.
func (s *stress) compare(t *testing.T, watched func(*testing.T)) {
	calm := filepath.Join(s.top, "calm")
	for n := range stressSweeps {
		file := fmt.Sprintf("s%d.yaml", n)
		mustHarness(t, s.dir, "sweep", file, "--home", s.home, "--quiet")
		mustHarness(t, s.dir, "sweep", file, "--home", calm, "--quiet")
	}
	watched(t)
	checkNobody(t, s.home, 3*time.Second)
	for n := range stressSweeps {
		sweep := fmt.Sprintf("s%d", n)
		want, got := readHome(t, calm, sweep), readHome(t, s.home, sweep)
		if len(want) == 0 {
			t.Fatal("nothing to compare")
		}
		if d := cmp.Diff(want, got, cmpopts.EquateNaNs()); d != "" {
			t.Error("undisturbed and killed differ (-want +got):\n" + d)
		}
		points := mustHarness(t, s.dir, "export", sweep, "--home", calm)
		if again := mustHarness(t, s.dir, "export", sweep, "--home", s.home); again != points {
			t.Errorf("the curves of %s differ (-undisturbed +killed):\n%s", sweep, cmp.Diff(points, again))
		}
		checkJournals(t, s.home, sweep)
	}
	for _, id := range sortedKeys(readHome(t, s.home, "s0")) { // one may have been killed before anybody was told of it
		mustHarness(t, s.dir, "trial", "rerun", id, "--home", s.home, "--quiet")
	}
	mustHarness(t, s.dir, "gc", "--yes", "--home", s.home)
	checkTidy(t, s.home)
	mustHarness(t, s.dir, "verify", "--home", s.home)
	if attempts := s.attempts(t); attempts > 0 {
		t.Logf("%d attempts of %d trials", attempts, 2*(stressSweeps+2))
	}
	s.restored(t)
}

func (s *stress) attempts(t *testing.T) int {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(s.home, "trials", "*", "*", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// restored makes a last backup in both forms, restores them, and compares their tables.
func (s *stress) restored(t *testing.T) {
	t.Helper()
	file, folder := filepath.Join(s.top, "last.tar.zst"), filepath.Join(s.top, "backup")
	mustHarness(t, s.dir, "backup", file, "--home", s.home)
	mustHarness(t, s.dir, "backup", folder, "--home", s.home)
	mustHarness(t, s.dir, "backup", "--check", folder)
	mustHarness(t, s.dir, "unbundle", file, "--home", filepath.Join(s.top, "back"))
	mustHarness(t, s.dir, "ls", "--home", folder) // which makes its registry.db, and says so
	for n := range stressSweeps {
		sweep := fmt.Sprintf("s%d", n)
		want := mustHarness(t, s.dir, "report", sweep, "--home", s.home)
		for _, home := range []string{filepath.Join(s.top, "back"), folder} {
			if got := mustHarness(t, s.dir, "report", sweep, "--home", home); got != want {
				t.Errorf("the table of %s restored to %s differs:\n%s", sweep, home, cmp.Diff(want, got))
			}
		}
	}
}
