package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// harness is this program as a process of its own.
func harness(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "harness" // TestMain looks at it
	cmd.Dir = dir
	return cmd
}

// mustHarness runs a command that must succeed and returns what it prints.
func mustHarness(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := harness(dir, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("harness %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// kill sends SIGKILL to a process and counts it, unless the process has ended.
func (k *killing) kill(kind string, pid int) bool {
	if !runs(pid) || syscall.Kill(pid, syscall.SIGKILL) != nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.counts[kind]++
	return true
}

func (k *killing) total() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, count := range k.counts {
		n += count
	}
	return n
}

// others counts the kills of all but readers.
func (k *killing) others() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := -k.counts["reader"]
	for _, count := range k.counts {
		n += count
	}
	return n
}

// String says how many of each kind were killed.
func (k *killing) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var parts []string
	for _, kind := range sortedKeys(k.counts) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, k.counts[kind]))
	}
	return strings.Join(parts, ", ")
}

// familyOf lists the processes of a sweep or a rerun by kind: itself, its guardian, its trials and what these have started.
func familyOf(pid int, home string) map[string][]int {
	family := map[string][]int{"sweep": {pid}}
	for _, child := range processes() {
		words := stat(child)
		switch {
		case child == pid || len(words) < 3:
		case words[1] == strconv.Itoa(pid) && slices.Contains(commandOf(child), "guard"):
			family["guardian"] = append(family["guardian"], child)
		case !ofHome(child, home):
		case slices.Contains(commandOf(child), "worker.sh"):
			family["worker"] = append(family["worker"], child)
		case words[1] == strconv.Itoa(pid) && words[2] == strconv.Itoa(child): // the first of its group
			family["trial"] = append(family["trial"], child)
		}
	}
	return family
}

// ofHome reports whether a process belongs to an attempt of a home, by its environment.
func ofHome(pid int, home string) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return err == nil && bytes.Contains(data, []byte("HARNESS_ATTEMPT_DIR="+home+"/"))
}

// checkNobody waits until no process of a home's trials is left. It looks once at least.
func checkNobody(t *testing.T, home string, longest time.Duration) {
	t.Helper()
	var left []int
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if left = survivors(home); len(left) == 0 {
			return
		}
		if time.Since(began) >= longest {
			break
		}
	}
	for _, pid := range left {
		t.Errorf("after %s process %d runs: %q %v", longest, pid, commandOf(pid), stat(pid))
	}
}

// survivors lists what runs of a home's trials.
func survivors(home string) (list []int) {
	for _, pid := range processes() {
		if ofHome(pid, home) && runs(pid) {
			list = append(list, pid)
		}
	}
	return list
}

func processes() (list []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, pid)
		}
	}
	return list
}

// stat is what stands behind the name in /proc/PID/stat: state, parent, group, …
func stat(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // 4711 (name) S parent group …
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}

// runs reports whether a process runs; one that has ended and was not yet waited for does not.
func runs(pid int) bool {
	words := stat(pid)
	return len(words) > 0 && words[0] != "Z" && words[0] != "X"
}

// commandOf is the command line of a process.
func commandOf(pid int) []string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}
