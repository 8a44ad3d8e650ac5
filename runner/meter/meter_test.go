//go:build linux

package meter

import (
	"math"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"harness/registry"
	"harness/registry/journal"
)

// measured runs a script of sh under a meter and returns what was recorded.
func measured(t *testing.T, script string, devices ...GPU) (registry.Used, journal.Resources, *os.ProcessState) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m := Start(dir, cmd.Process.Pid, devices)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if err := m.End(cmd.ProcessState); err != nil {
		t.Error(err)
	}
	r, err := journal.ReadResources(dir)
	if err != nil {
		t.Fatal(err)
	}
	used, _ := registry.SumUp(r)
	return used, r, cmd.ProcessState
}

// cpuOf is the computing time of all lines.
func cpuOf(r journal.Resources) (seconds float64) {
	for _, u := range r.Usage {
		seconds += *u.CPU
	}
	return seconds
}

// busy is a loop of sh that computes until a second of the clock has passed.
const busy = `end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; done`

// TestEverySecondIsCounted: what ends between two readings, its children and theirs, is counted once.
func TestEverySecondIsCounted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for name, script := range map[string]string{
		"alone":                  busy,
		"child":                  "(" + busy + "); true",
		"grandchildren":          "sh -c '(" + busy + "); true'; " + busy,
		"two at once":            busy + "& " + busy + "; wait",
		"children that end soon": "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); done'; sleep 0.1; done",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, r, state := measured(t, script)
			want := (state.UserTime() + state.SystemTime()).Seconds()
			if got := cpuOf(r); math.Abs(got-want) > 0.02*want+0.011 {
				t.Errorf("%.3f s of CPU are recorded, the system says %.3f", got, want)
			}
			for i, u := range r.Usage {
				if seconds := float64(u.To-u.From) / 1e3; *u.CPU > seconds*4+0.1 {
					t.Errorf("line %d: %.2f s of CPU in %.2f s", i, *u.CPU, seconds)
				}
			}
			if len(r.Usage) < 3 {
				t.Errorf("%d lines: want one soon after the start, one after a second, one at the end", len(r.Usage))
			}
		})
	}
}

// TestMemoryIsThatOfTheTree: 200 MiB of a child are seen, and that they are shared with its own child is seen, too.
func TestMemoryIsThatOfTheTree(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 on PATH")
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const script = `import os, time
data = b"x" * (200 << 20)
if os.fork() == 0:
    time.sleep(6.5)
    os._exit(0)
time.sleep(6.5)
os.wait()`
	used, r, _ := measured(t, python+" - <<'END'\n"+script+"\nEND\n")
	if used.Memory == nil || used.Kind != registry.PSS || used.Memory.Max < 200<<20 || used.Memory.Max > 260<<20 {
		t.Errorf("memory %+v (%s), want 200 MiB and Python, as PSS", used.Memory, used.Kind)
	}
	most := 0.0
	for _, u := range r.Usage {
		if u.RSS != nil {
			most = math.Max(most, u.RSS.Max)
		}
	}
	if most < 400<<20 {
		t.Errorf("RSS of %.0f, want the shared pages twice", most)
	}
	if used.Processes < 3 {
		t.Errorf("%d processes at once, want sh, Python and its child", used.Processes)
	}
}

// TestShortTrialsLeaveNothing: what ends before the first reading costs no file.
func TestShortTrialsLeaveNothing(t *testing.T) {
	if _, r, _ := measured(t, "true"); len(r.Usage) != 0 {
		t.Errorf("%+v", r)
	}
}

// TestDiskIsCounted writes through to the disk.
func TestDiskIsCounted(t *testing.T) {
	dir, err := os.MkdirTemp(".", "disk-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	used, _, state := measured(t, "sleep 0.3; dd if=/dev/zero of="+dir+"/file bs=1M count=8 conv=fsync 2>/dev/null; sleep 0.3")
	if said := state.SysUsage().(*syscall.Rusage).Oublock * 512; said < 8<<20 {
		t.Skipf("the system counts %d bytes on this file system", said)
	}
	if used.Written == nil || *used.Written < 8<<20 || *used.Written > 12<<20 {
		t.Errorf("written: %v, want 8 MiB", used.Written)
	}
}

// TestOrphansStay: a process that has left its parent and its group is measured on.
func TestOrphansStay(t *testing.T) {
	_, r, _ := measured(t, "(setsid sleep 1.8 & sleep 0.6); sleep 1.2")
	if len(r.Usage) < 2 || r.Usage[1].Processes != 3 {
		t.Errorf("%+v, want sh and two sleeps after a second", r.Usage)
	}
}

// TestALineIsNotWrittenTwice: an attempt's file is never added to by another.
func TestALineIsNotWrittenTwice(t *testing.T) {
	dir := t.TempDir()
	first, err := journal.CreateResources(dir, journal.Meter{Cores: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := journal.CreateResources(dir, journal.Meter{}); err == nil || !strings.Contains(err.Error(), "record resources") {
		t.Error(err)
	}
}

func TestLines(t *testing.T) {
	const week = 7 * 24 * time.Hour
	lines, last := 0, time.Duration(0)
	for at := untilNext(0); at < week; at += untilNext(at) {
		if at < every || at-last >= line(at)-every/2 {
			lines++
			last = at
		}
	}
	if lines < 500 || lines > 900 {
		t.Errorf("%d lines in a week", lines)
	}
	if line(fine) != every || line(week) > 3*time.Hour {
		t.Error(line(fine), line(week))
	}
}
