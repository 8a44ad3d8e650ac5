package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	rebuildTrials = flag.Int("rebuild-trials", 200, "trials of the home of TestKilledRebuilds")
	rebuildKills  = flag.Int("rebuild-kills", 3, "kills of TestKilledRebuilds")
)

// TestKilledRebuilds kills commands in the middle of a rebuild of registry.db, under the eyes of two readers: each prints
// all trials, or refuses in one line.
func TestKilledRebuilds(t *testing.T) {
	dir, trials := t.TempDir(), *rebuildTrials
	home := filepath.Join(dir, "runs")
	fillHome(t, dir, home, trials, 5, 2)
	var looks, refusals atomic.Int64
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if checkList(t, dir, home, trials) {
					looks.Add(1)
				} else {
					refusals.Add(1)
				}
			}
		})
	}
	killed := 0
	for tries := 0; killed < *rebuildKills && tries < 20**rebuildKills && !t.Failed(); tries++ {
		_ = os.Remove(filepath.Join(home, "registry.db"))
		victims := map[int]*exec.Cmd{}
		for range 3 {
			cmd := harness(dir, "ls", "--home", home)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			victims[cmd.Process.Pid] = cmd
		}
		if victim := victims[rebuilder(home)]; victim != nil {
			time.Sleep(time.Duration(rand.Int64N(int64(40 * time.Millisecond))))
			if made, _ := filepath.Glob(filepath.Join(home, "registry.db.new-"+strconv.Itoa(victim.Process.Pid))); len(made) == 1 &&
				runs(victim.Process.Pid) && victim.Process.Kill() == nil {
				killed++
			}
		}
		for _, cmd := range victims {
			_ = cmd.Wait()
		}
	}
	close(stop)
	readers.Wait()
	_ = os.Remove(filepath.Join(home, "registry.db"))
	if !checkList(t, dir, home, trials) {
		t.Error("in the end it still refuses")
	}
	if left, _ := filepath.Glob(filepath.Join(home, "registry.db.new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if killed < *rebuildKills || looks.Load() < 3 {
		t.Errorf("only %d kills and %d looks", killed, looks.Load())
	}
	t.Logf("%d trials, %d kills of rebuilds: %d times a reader printed all of them, %d times it refused", trials, killed, looks.Load(), refusals.Load())
}

// checkList lists a home. It reports whether all trials were printed; else there must be a refusal in one line.
func checkList(t *testing.T, dir, home string, want int) bool {
	t.Helper()
	cmd := harness(dir, "ls", "--json", "--home", home)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		text := strings.TrimSuffix(complaint.String(), "\n")
		if out.Len() > 0 || text == "" || strings.Contains(text, "\n") || cmd.ProcessState.ExitCode() < 1 {
			t.Errorf("no honest refusal: %v, %d bytes, %q", err, out.Len(), complaint.String())
		}
		return false
	}
	var list []struct {
		State string `json:"state"`
	}
	if err := json.Unmarshal(out.Bytes(), &list); err != nil || len(list) != want {
		t.Errorf("a reader saw %d trials, %v: %q", len(list), err, complaint.String())
	}
	for _, one := range list {
		if one.State != "done" {
			t.Errorf("a reader saw a trial that is %s", one.State)
			break
		}
	}
	return true
}

// rebuilder waits until a process has begun to make a registry.db, and returns which; 0 = none did.
func rebuilder(home string) int {
	for range 1000 {
		paths, _ := filepath.Glob(filepath.Join(home, "registry.db.new-*"))
		for _, path := range paths {
			if pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), "registry.db.new-")); err == nil && runs(pid) {
				return pid
			}
		}
		time.Sleep(time.Millisecond)
	}
	return 0
}
