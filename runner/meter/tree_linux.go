package meter

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// possible is whether processes of others can be measured.
const possible = true

// tree is a process with its descendants, those included that have lost their parents since they were seen.
type tree struct {
	root    int
	pids    map[int]bool // that were there at the last reading
	counter counter
	buffer  []byte
	slow    int // readings of PSS in a row that took too long: after slowest, it is no longer read
}

func newTree(root int) *tree { return &tree{root: root, buffer: make([]byte, 4096)} }

// read reads all processes of the tree.
func (t *tree) read() reading {
	return t.take(t.find())
}

// end reads what is left once the root has ended, which was waited for.
func (t *tree) end(state *os.ProcessState) reading {
	now := map[int]process{}
	for pid, before := range t.counter.known {
		if p, _, ok := t.stat(pid); ok && p.started == before.started {
			now[pid] = p
		}
	}
	root := t.counter.known[t.root]
	all := (state.UserTime() + state.SystemTime()).Seconds()
	root.waited = max(root.waited, all-root.own)
	if used, ok := state.SysUsage().(*syscall.Rusage); ok {
		root.read, root.written = max(root.read, float64(used.Inblock)*512), max(root.written, float64(used.Oublock)*512)
	}
	now[t.root] = root
	for pid, p := range now {
		if pid != t.root {
			now[pid] = t.readIO(pid, p)
		}
	}
	r := t.count(now)
	r.processes = 0 // none is the trial's any more
	return r
}

// count is what the processes used since they were counted last.
func (t *tree) count(now map[int]process) reading {
	io := true
	for _, p := range now {
		io = io && p.io
	}
	used := t.counter.count(now)
	r := reading{cpu: &used.cpu, processes: len(now)}
	if io {
		read, written := int64(used.read), int64(used.written)
		r.read, r.written = &read, &written
	}
	return r
}

// found is a process of the tree and the memory that it holds.
type found struct {
	process
	rss int64
}

// find looks for the processes of the tree: parents come before their children.
func (t *tree) find() (order []int, all map[int]found) {
	all = map[int]found{}
	var lost map[int][]int // children by parent, where the kernel does not list them
	var visit func(pid int, mayBe func(process, int) bool)
	visit = func(pid int, mayBe func(p process, group int) bool) {
		if _, seen := all[pid]; seen {
			return
		}
		p, more, ok := t.stat(pid)
		if !ok || mayBe != nil && !mayBe(p, more.group) {
			return
		}
		all[pid] = found{p, more.rss}
		order = append(order, pid)
		children, ok := childrenOf(pid)
		if !ok {
			if lost == nil {
				lost = t.byParent()
			}
			children = lost[pid]
		}
		for _, child := range children {
			visit(child, nil)
		}
	}
	visit(t.root, nil)
	for pid, before := range t.counter.known { // whose parent has ended
		visit(pid, func(p process, _ int) bool { return p.started == before.started })
	}
	adopted := lost[self]
	if lost == nil {
		adopted, _ = childrenOfThread(self, self) // to which the kernel gives orphans
	}
	for _, pid := range adopted { // whose parent ended before they were seen
		visit(pid, func(_ process, group int) bool { return group == t.root })
	}
	return order, all
}

// pssTime is the most that a reading of PSS may take of a processor, two thousandths of it: a gigabyte takes about as much.
const pssTime = 10 * time.Millisecond

// slowest is how many readings in a row may take longer: one alone may have met a busy moment.
const slowest = 3

// take reads the memory and the disks of the processes that were found, and counts them.
func (t *tree) take(order []int, all map[int]found) reading {
	now := make(map[int]process, len(all))
	t.pids = make(map[int]bool, len(all))
	var rss, pss int64
	whole := t.slow < slowest
	took := onThread(func() {
		for _, pid := range order {
			t.pids[pid] = true
			rss += all[pid].rss
			if whole {
				n, ok := t.pss(pid)
				pss, whole = pss+n, ok
			}
		}
	})
	switch {
	case t.slow == slowest:
	case took > pssTime:
		t.slow++
	default:
		t.slow = 0
	}
	for _, pid := range order {
		now[pid] = t.readIO(pid, all[pid].process)
	}
	r := t.count(now)
	if len(order) > 0 {
		r.rss = &rss
		if whole {
			r.pss = &pss
		}
	}
	return r
}

// onThread runs fn and returns the processor's time that it took.
func onThread(fn func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() time.Duration {
		var u unix.Rusage
		if unix.Getrusage(unix.RUSAGE_THREAD, &u) != nil {
			return 0
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	fn()
	return used() - before
}

// Places of words behind the name in /proc/PID/stat.
const (
	statParent  = 1
	statGroup   = 2
	statUser    = 11 // and behind it: the kernel's time, and both of waited-for children
	statStarted = 19
	statRSS     = 21
)

// ticks is how many a second the times of /proc/PID/stat count, on every Linux that Go runs on.
const ticks = 100

// more is what a process tells of itself beside what is counted.
type more struct {
	group int
	rss   int64
}

// stat reads a process; false where there is none.
func (t *tree) stat(pid int) (process, more, bool) {
	data, err := t.slurp(fmt.Sprintf("/proc/%d/stat", pid)) // 4711 (name) S parent group …
	if err != nil {
		return process{}, more{}, false
	}
	words := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(words) <= statRSS {
		return process{}, more{}, false
	}
	number := func(at int) int64 {
		n, _ := strconv.ParseInt(words[at], 10, 64)
		return n
	}
	p := process{parent: int(number(statParent)), started: uint64(number(statStarted))}
	p.own = float64(number(statUser)+number(statUser+1)) / ticks
	p.waited = float64(number(statUser+2)+number(statUser+3)) / ticks
	return p, more{int(number(statGroup)), number(statRSS) * int64(os.Getpagesize())}, true
}

// readIO adds to a process what it has read and written. One that does not tell any more has what it told last.
func (t *tree) readIO(pid int, p process) process {
	if before := t.counter.known[pid]; before.started == p.started {
		p.read, p.written, p.io = before.read, before.written, before.io
	}
	data, err := t.slurp(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return p
	}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil:
		case name == "read_bytes":
			p.read, p.io = n, true
		case name == "write_bytes":
			p.written = n
		}
	}
	return p
}

// pss is the memory of a process, of which shared pages count in part; false where it does not tell. One that has ended has none.
func (t *tree) pss(pid int) (int64, bool) {
	data, err := t.slurp(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		_, err := os.Stat("/proc/self/smaps_rollup")
		return 0, err == nil
	}
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) { // Pss:                 123 kB
		if words := strings.Fields(line); len(words) == 3 && words[0] == "Pss:" {
			n, err := strconv.ParseInt(words[1], 10, 64)
			return n << 10, err == nil
		}
	}
	return 0, false
}

// slurp reads a file that fits in the buffer, which the next call overwrites.
func (t *tree) slurp(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	n, err := file.Read(t.buffer)
	return t.buffer[:n], err
}

var self = os.Getpid()

// childrenOf lists the children of all threads of a process; false where the kernel does not.
func childrenOf(pid int) (list []int, ok bool) {
	threads, err := os.Open(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil, true
	}
	names, _ := threads.Readdirnames(-1)
	threads.Close()
	for _, name := range names {
		thread, _ := strconv.Atoi(name)
		children, ok := childrenOfThread(pid, thread)
		if !ok {
			return nil, false
		}
		list = append(list, children...)
	}
	return list, true
}

func childrenOfThread(pid, thread int) (list []int, ok bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, thread))
	if errors.Is(err, os.ErrNotExist) { // the thread has ended, or the kernel does not list children
		_, err := os.Stat("/proc/thread-self/children")
		return nil, err == nil
	}
	for word := range strings.FieldsSeq(string(data)) {
		if child, err := strconv.Atoi(word); err == nil {
			list = append(list, child)
		}
	}
	return list, true
}

// byParent lists all processes by their parents.
func (t *tree) byParent() map[int][]int {
	list := map[int][]int{}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if p, _, ok := t.stat(pid); ok {
				list[p.parent] = append(list[p.parent], pid)
			}
		}
	}
	return list
}
