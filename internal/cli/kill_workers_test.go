package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hidingYAML is a sweep of a program whose workers do what they can to outlive it.
const hidingYAML = `version: 1
name: hiding
command: [sh, hiding.sh, "${seed}"]
seeds: [1, 2]
run: {parallel: 2, retries: 50}
`

// hidingProgram starts workers in sessions of their own that have closed all descriptors, the trial's lock among them. Each
// notes its number and whether one of its kind of an earlier attempt still runs. A number whose process has another name by
// now was given to somebody else.
const hidingProgram = `finish="$PWD/finish"
cd "$HARNESS_TRIAL_DIR"
cat > worker.sh <<'END'
for pid in $(cat "$1" 2>/dev/null); do
	if read -r _ name state rest < /proc/$pid/stat && [ "$name" = "(sleep)" ] && [ "$state" != Z ]; then
		echo "$1: $$ found $pid" >> twice
	fi
done 2>/dev/null
echo $$ >> "$1"
exec sleep 1000
END
rm -f ready
(exec setsid sh worker.sh one 0<&- 1>&- 2>&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-) &
(setsid sh worker.sh two 0<&- 1>&- 2>&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- & ) &
if [ -n "$PYTHON" ]; then
	"$PYTHON" -c 'import subprocess as s
s.Popen(["sh", "worker.sh", "three"], close_fds=True, start_new_session=True, stdin=s.DEVNULL, stdout=s.DEVNULL, stderr=s.DEVNULL)' &
fi
echo "{\"metric\": \"acc\", \"value\": $1}"
while [ ! -e "$finish" ]; do sleep 0.05; done
`

// workers kills sweeps whose trials have such workers, every fourth with its guardian. Nothing outlives a sweep and its
// guardian, unless that was killed, too; nothing at all the next call; and never are there two of one kind at a time.
func (k *killing) workers(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid program")
	}
	if python, err := exec.LookPath("python3"); err == nil {
		if out, err := exec.Command(python, "-c", "import sys; print(sys.executable)").Output(); err == nil { // not a wrapper in sh
			t.Setenv("PYTHON", strings.TrimSpace(string(out)))
		}
	} else {
		t.Log("no python3 on PATH: two kinds of workers instead of three")
	}
	home := k.home(t, "hiding")
	finish := filepath.Join(k.dir, "finish")
	if err := os.RemoveAll(finish); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // of a test that has failed
		for _, pid := range survivors(home) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	orphaned := false // the guardian was killed, too
	for n := range k.of(4, 20) {
		cmd := harness(k.dir, "sweep", "hiding.yaml", "--home", home)
		round := fmt.Sprintf("TEST_ROUND=%d.", n)
		cmd.Env = append(os.Environ(), round)
		gone := whenGone(t, cmd)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if n%3 != 0 || orphaned { // else at any moment of the start
			waitFor(t, func() bool { return workersOfRound(home, round) >= 4 })
		}
		k.sleep(200 * time.Millisecond)
		guards := familyOf(cmd.Process.Pid, home)["guardian"]
		orphaned = n%4 == 3
		for _, guard := range guards {
			if orphaned {
				k.kill("guardian", guard)
			}
		}
		if !k.kill("sweep with hiding workers", cmd.Process.Pid) {
			t.Error("the sweep has ended by itself")
		}
		_ = cmd.Wait()
		gone()
		if !orphaned {
			checkNobody(t, home, 0)
			checkEnded(t, workersOf(t, home))
		}
		if t.Failed() {
			t.Fatalf("after kill %d", n)
		}
	}
	if err := os.WriteFile(finish, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	mustHarness(t, k.dir, "sweep", "hiding.yaml", "--home", home)
	checkNobody(t, home, 0)
	all := workersOf(t, home)
	checkEnded(t, all)
	if len(all) < 2*k.of(4, 20) {
		t.Errorf("only %d workers were started", len(all))
	}
	twice, _ := filepath.Glob(filepath.Join(home, "trials", "*", "files", "twice"))
	for _, path := range twice {
		text, _ := os.ReadFile(path)
		t.Errorf("two workers at a time: %s", text)
	}
	readHome(t, home, "hiding")
	t.Logf("%d workers, none left", len(all))
}

// workersOf lists the workers that have noted their numbers.
func workersOf(t *testing.T, home string) (pids []int) {
	t.Helper()
	for _, kind := range []string{"one", "two", "three"} {
		paths, _ := filepath.Glob(filepath.Join(home, "trials", "*", "files", kind))
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for word := range strings.FieldsSeq(string(text)) {
				pid, err := strconv.Atoi(word)
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// workersOfRound counts the workers that have got to sleep, of the sweep that has round in its environment. Those of the
// killed sweeps before have ended then: a trial is not started again while there are any.
func workersOfRound(home, round string) (count int) {
	for _, pid := range survivors(home) {
		environment, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if bytes.Contains(environment, []byte(round)) && slices.Equal(commandOf(pid), []string{"sleep", "1000"}) {
			count++
		}
	}
	return count
}

// whenGone returns a function that waits until a command that is to be started has ended, and all that it starts except
// trials: its guardian. They hold the end of a pipe, in whose place trials have their lock.
func whenGone(t *testing.T, cmd *exec.Cmd) (wait func()) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{write}
	return func() {
		t.Helper()
		defer read.Close()
		write.Close()
		if err := read.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := read.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Fatal("the guardian runs for a minute:", err)
		}
	}
}

// checkEnded checks that none of the workers runs.
func checkEnded(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		if runs(pid) && slices.Equal(commandOf(pid), []string{"sleep", "1000"}) {
			t.Errorf("worker %d lives: %v", pid, stat(pid))
		}
	}
}

// waitFor waits until something holds, for a minute.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("waited for a minute")
		}
	}
}
