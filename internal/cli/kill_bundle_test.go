package cli

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	bundleTrials = flag.Int("bundle-trials", 100, "trials of the home of TestKilledBundles")
	bundleKills  = flag.Int("bundle-kills", 4, "kills of each command of TestKilledBundles")
)

// TestKilledBundles kills unbundle, gc and backup at random moments. A home into which a bundle was coming has none or some of its trials,
// each of them whole, and its sweep only when all are there; called again, the command finishes.
func TestKilledBundles(t *testing.T) {
	dir, trials := t.TempDir(), *bundleTrials
	home := filepath.Join(dir, "runs")
	fillHome(t, dir, home, trials, 5, 2)
	file := filepath.Join(dir, "bench.tar.zst")
	mustHarness(t, dir, "bundle", "bench", "-o", file, "--home", home)
	want := mustHarness(t, dir, "report", "bench", "--format", "csv", "--home", home)
	t.Run("unbundle", func(t *testing.T) {
		into := filepath.Join(dir, "into")
		began := time.Now()
		mustHarness(t, dir, "unbundle", file, "--home", filepath.Join(dir, "first"))
		longest, seen := time.Since(began), map[int]int{}
		killed := killSome(t, dir, longest, *bundleKills, func() []string { return []string{"unbundle", file, "--home", into} }, func(wasKilled bool) {
			n := wholeTrials(t, dir, into, trials)
			seen[n]++
			if !wasKilled && n != trials {
				t.Errorf("it came to its end with %d trials", n)
			}
			if n < trials && rand.IntN(2) == 0 { // the next one finds what this one has left
				return
			}
			if err := os.RemoveAll(into); err != nil {
				t.Fatal(err)
			}
		})
		mustHarness(t, dir, "unbundle", file, "--home", into)
		if got := mustHarness(t, dir, "report", "bench", "--format", "csv", "--home", into); got != want {
			t.Errorf("the table differs: %s", got)
		}
		checkNothingComes(t, into)
		t.Logf("%d kills; trials seen after them: %v", killed, seen)
	})
	t.Run("gc", func(t *testing.T) {
		killSome(t, dir, 50*time.Millisecond, *bundleKills, func() []string {
			for n := range 30 {
				stage := filepath.Join(home, "stages", fmt.Sprintf("pretrain-%016x", n))
				if err := os.MkdirAll(stage, 0o755); err != nil {
					t.Fatal(err)
				}
				for _, name := range []string{"weights.safetensors", "points.json"} {
					if err := os.WriteFile(filepath.Join(stage, name), []byte("0123456789"), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			return []string{"gc", "--yes", "--home", home}
		}, func(bool) {
			stages, _ := filepath.Glob(filepath.Join(home, "stages", "*"))
			for _, stage := range stages {
				if files, _ := filepath.Glob(filepath.Join(stage, "*.*")); len(files) != 2 {
					t.Errorf("%s has %d files", stage, len(files))
				}
			}
		})
		mustHarness(t, dir, "gc", "--yes", "--home", home)
		if out := mustHarness(t, dir, "gc", "--home", home); !strings.Contains(out, "nothing can go") {
			t.Error(out)
		}
		checkNothingComes(t, home)
		if got := mustHarness(t, dir, "report", "bench", "--format", "csv", "--home", home); got != want {
			t.Errorf("the table differs: %s", got)
		}
	})
	t.Run("backup", func(t *testing.T) {
		folder, tar := filepath.Join(dir, "backup"), filepath.Join(dir, "backup.tar.zst")
		killSome(t, dir, 200*time.Millisecond, *bundleKills, func() []string {
			return []string{"backup", []string{folder, tar}[rand.IntN(2)], "--home", home}
		}, func(bool) {
			if _, err := os.Stat(tar); err == nil { // it is there whole or not at all
				mustHarness(t, dir, "backup", "--check", tar)
			}
		})
		mustHarness(t, dir, "backup", folder, "--home", home)
		mustHarness(t, dir, "backup", "--check", folder)
		mustHarness(t, dir, "ls", "--home", folder)
		if got := mustHarness(t, dir, "report", "bench", "--format", "csv", "--home", folder); got != want {
			t.Errorf("the table differs: %s", got)
		}
	})
}

// killSome calls a command again and again, and kills it after a random time, until it was killed so often. look is called after each.
func killSome(t *testing.T, dir string, longest time.Duration, kills int, args func() []string, look func(wasKilled bool)) (killed int) {
	t.Helper()
	for tries := 0; killed < kills && tries < 10*kills && !t.Failed(); tries++ {
		cmd := harness(dir, args()...)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int64N(int64(longest))))
		hit := runs(cmd.Process.Pid) && cmd.Process.Kill() == nil
		err := cmd.Wait()
		if hit = hit && err != nil; hit {
			killed++
		} else if err != nil {
			t.Errorf("%v: %v: %s", cmd.Args, err, out.String())
		}
		look(hit)
	}
	if killed < kills {
		t.Errorf("only %d kills", killed)
	}
	return killed
}

// wholeTrials counts the trials of a home, which must be done and have their numbers. Where its sweep is to be seen, all are there.
func wholeTrials(t *testing.T, dir, home string, all int) int {
	t.Helper()
	cmd := harness(dir, "ls", "--json", "--home", home)
	out, err := cmd.Output()
	if err != nil {
		return 0 // nothing was run here yet
	}
	var list []struct {
		State   string             `json:"state"`
		Sweep   string             `json:"sweep"`
		Metrics map[string]float64 `json:"metrics"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if one.State != "done" || len(one.Metrics) != 2 || one.Sweep != "" && len(list) != all {
			t.Errorf("of %d trials one is %+v", len(list), one)
			break
		}
	}
	return len(list)
}

// checkNothingComes looks for what is on its way into a home, or out of it.
func checkNothingComes(t *testing.T, home string) {
	t.Helper()
	entries, err := os.ReadDir(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}
