package runner

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// killFor bounds how long we try to end processes that do not die, such as those that wait for a broken disk.
const killFor = 5 * time.Second

func groupOfItsOwn() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// adoptOrphans makes this process the parent of all descendants whose own parent ends, so that they can be found.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

func threadID() int { return unix.Gettid() }

// endStrays kills the descendants of an attempt's process that left its group. Since their parents have ended, they are
// our children; killing one may make its children ours, so that this goes on until none is left.
func (s *spawner) endStrays(pid int, dir string) {
	for began := time.Now(); s.strays(pid, dir) && time.Since(began) < killFor; {
		time.Sleep(200 * time.Microsecond)
	}
}

// strays kills those of our children that the attempt has left behind: what carries its mark or is of its group; and where
// no other attempt is running, also what hides both. Children in our own group were not started here. It reports whether
// there may be more: what was killed or has ended may have left us its children, and some do not tell yet whose they are.
func (s *spawner) strays(pid int, dir string) (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, child := range s.children() {
		if _, ours := s.alive[child]; ours && child != pid || s.guard.is(child) {
			continue
		}
		state, group, ok := statOf(child)
		if !ok || group == ourGroup() {
			continue
		}
		if state == 'Z' {
			_, _ = syscall.Wait4(child, nil, syscall.WNOHANG, nil)
			more = true
			continue
		}
		environment, telling := environmentOf(child)
		mark := valueOf(environment, AttemptMark)
		switch {
		case mark == dir || group == pid || len(s.alive) <= 1 && !s.lives(mark):
			_ = syscall.Kill(child, syscall.SIGKILL)
			more = true
		case telling != told:
			more = true
		}
	}
	return more
}

func (s *spawner) lives(dir string) bool {
	for _, alive := range s.alive {
		if alive == dir {
			return true
		}
	}
	return false
}

// children lists our children: those of the thread that starts processes, and those of the first thread, to which the
// kernel gives orphans. Kernels that do not list children are asked about every process.
func (s *spawner) children() []int {
	var list []int
	for _, thread := range []int{self, s.thread} {
		data, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", thread))
		if err != nil {
			return childrenByParent()
		}
		for word := range strings.FieldsSeq(string(data)) {
			if pid, err := strconv.Atoi(word); err == nil {
				list = append(list, pid)
			}
		}
	}
	return list
}

func childrenByParent() (list []int) {
	for _, pid := range processes() {
		if words := stat(pid); len(words) > 1 && words[1] == strconv.Itoa(self) {
			list = append(list, pid)
		}
	}
	return list
}

// stat is what stands behind the name in /proc/PID/stat: state, parent, group, session, …
func stat(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // 4711 (name) S parent group …
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}

func statOf(pid int) (state byte, group int, ok bool) {
	words := stat(pid)
	if len(words) < 3 {
		return 0, 0, false
	}
	group, err := strconv.Atoi(words[2])
	return words[0][0], group, err == nil
}

// endOrphans kills the processes that hold the lock of a process that is gone, and reports whether there were any. All
// it needs stands in /proc: who has the file open, with a lock, and who took that lock. A process that we may not look
// at is never killed.
func endOrphans(path string) bool {
	want, err := os.Stat(path)
	if err != nil {
		return false
	}
	var holders []int
	for _, pid := range processes() {
		owner := lockOwner(pid, want)
		if owner == pid && owner > 0 {
			return false
		}
		if owner > 0 {
			holders = append(holders, pid)
		}
	}
	for _, pid := range holders {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return len(holders) > 0
}

// lockOwner returns the process that took the lock on file which pid shares, or 0 where pid shares none.
func lockOwner(pid int, file os.FileInfo) int {
	dir := fmt.Sprintf("/proc/%d", pid)
	fds, _ := os.ReadDir(filepath.Join(dir, "fd"))
	for _, fd := range fds {
		have, err := os.Stat(filepath.Join(dir, "fd", fd.Name()))
		if err != nil || !os.SameFile(file, have) {
			continue
		}
		info, err := os.ReadFile(filepath.Join(dir, "fdinfo", fd.Name()))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(info)) { // lock: 1: FLOCK  ADVISORY  WRITE 4711 fe:00:123 0 EOF
			words := strings.Fields(line)
			if len(words) > 5 && words[0] == "lock:" && words[2] == "FLOCK" {
				owner, _ := strconv.Atoi(words[5])
				return owner
			}
		}
	}
	return 0
}

// peakMemory is the most that a process and those that it waited for have used at once, each, in bytes.
func peakMemory(usage *syscall.Rusage) int64 { return usage.Maxrss << 10 }

// memoryKills is how often the kernel has killed a process of our control group for want of memory, else any process of
// the machine; 0 where it does not say.
func memoryKills() int {
	n, _ := counter(memoryEvents(), "oom_kill")
	return n
}

// memoryEvents is the file where that count stands: of a control group of version 1 or 2, or of the machine.
var memoryEvents = sync.OnceValue(func() string {
	var paths []string
	data, _ := os.ReadFile("/proc/self/cgroup") // 0::/path, or 4:memory:/path
	for line := range strings.Lines(string(data)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) < 3:
		case parts[1] == "memory":
			paths = append(paths, "/sys/fs/cgroup/memory"+parts[2]+"/memory.oom_control", "/sys/fs/cgroup/memory/memory.oom_control")
		case parts[1] == "":
			paths = append(paths, "/sys/fs/cgroup"+parts[2]+"/memory.events")
		}
	}
	for _, path := range append(paths, "/sys/fs/cgroup/memory.events") {
		if _, ok := counter(path, "oom_kill"); ok {
			return path
		}
	}
	return "/proc/vmstat"
})

// counter reads the number behind a name in a file of names and numbers.
func counter(path, name string) (int, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) {
		if count, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			n, err := strconv.Atoi(count)
			return n, err == nil
		}
	}
	return 0, false
}

// startWriting hands a file's data to the disk without waiting for it.
func startWriting(file *os.File) {
	_ = unix.SyncFileRange(int(file.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}

// statStarted is the place of the time at which a process was started in what stat returns.
const statStarted = 19

// startOfProcess is when a process was started, in ticks since the machine was; 0 = not known.
func startOfProcess(pid int) int64 {
	words := stat(pid)
	if len(words) <= statStarted {
		return 0
	}
	ticks, _ := strconv.ParseInt(words[statStarted], 10, 64)
	return ticks
}
