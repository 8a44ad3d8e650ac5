package cli

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/registry"
)

// reruns kills reruns of finished trials, with what belongs to them. Afterwards the record is untouched, and once a command
// that writes was called, no attempt is said to be running, no scratch folder is left, and no process.
func (k *killing) reruns(t *testing.T, experiment, sweep string, kills int) {
	home := k.home(t, sweep)
	mustHarness(t, k.dir, "sweep", experiment, "--home", home)
	want := readHome(t, home, sweep)
	ids := sortedKeys(want)
	if len(ids) == 0 {
		t.Fatal("nothing to run again")
	}
	began := time.Now()
	mustHarness(t, k.dir, "trial", "rerun", ids[0], "--home", home, "--quiet")
	longest := time.Since(began)
	killed := 0
	for tries := 0; killed < kills && tries < 5*kills && !t.Failed(); tries++ {
		cmd := harness(k.dir, "trial", "rerun", ids[k.random.IntN(len(ids))], "--home", home, "--quiet")
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		k.sleep(longest)
		family := familyOf(cmd.Process.Pid, home)
		switch k.random.IntN(4) {
		case 0: // the trial alone
			if trials := family["trial"]; len(trials) > 0 && k.kill("trial of a rerun", trials[0]) {
				killed++
			}
		case 1: // with the guardian, which could end what the rerun leaves
			for _, guard := range family["guardian"] {
				if k.kill("guardian", guard) {
					killed++
				}
			}
			fallthrough
		default:
			if k.kill("rerun", cmd.Process.Pid) {
				killed++
			}
		}
		_ = cmd.Wait()
		if tries%2 == 0 { // else the next command finds what is left at once
			time.Sleep(50 * time.Millisecond)
		}
		mustHarness(t, k.dir, "sweep", experiment, "--home", home, "--quiet")
		checkNobody(t, home, 3*time.Second)
		mustHarness(t, k.dir, "trial", "tag", ids[0], "--add", "seen", "--home", home)
		if d := cmp.Diff(want, readHome(t, home, sweep), cmpopts.EquateNaNs()); d != "" {
			t.Error("a killed rerun has changed the record (-want +got):\n" + d)
		}
		checkTidy(t, home)
	}
	if k.many {
		for _, id := range ids { // one may have been killed before anybody was told of it
			mustHarness(t, k.dir, "trial", "rerun", id, "--home", home, "--quiet")
		}
		checkJournals(t, home, sweep)
	}
}

// checkTidy looks for what killed processes leave behind.
func checkTidy(t *testing.T, home string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(home, "trials", "*", "*", "scratch")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	ctx := context.Background()
	db, err := registry.OpenReadOnly(ctx, home)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	trials, err := db.Trials(ctx, registry.Query{All: true})
	if err != nil || len(trials) == 0 {
		t.Fatal(trials, err)
	}
	for _, trial := range trials {
		attempts, err := db.Attempts(ctx, trial.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range attempts {
			if a.State == registry.Running {
				t.Errorf("attempt %d of trial %s, a %s, is said to be running", a.Number, trial.ID, a.Purpose)
			}
		}
	}
}
