// Package meter measures what the processes of a trial use while they run, and writes it beside the trial's journal.
//
//	Start     reads soon after the start and every 5 s: in a goroutine of its own, since a GPU may keep it waiting
//	End       records the rest
//	tree      CPU time, memory and disk of a process with all its descendants (tree_linux.go, count.go)
//	GPU       a device to be read, as NVML shows it (gpu.go)
//	span      adds readings up to a line of the file (span.go)
//
// It needs nothing but the attempt's folder: no database, no sweep. A trial never fails because of it. Where there is no /proc, nothing
// is measured.
package meter

import (
	"os"
	"runtime"
	"time"

	"harness/registry/journal"
)

const (
	first    = 200 * time.Millisecond // a process that ends sooner is described by what the system says at its end
	second   = time.Second
	every    = 5 * time.Second
	fine     = 10 * time.Minute // for so long each reading has a line
	patience = 3 * time.Second  // that End waits for a GPU which does not answer
)

// Meter measures one process tree.
type Meter struct {
	dir   string
	began time.Time
	tree  *tree
	gpus  *gpus
	out   *journal.ResourcesWriter // nil until the first reading
	span  span
	err   error
	start *time.Timer // of run
	stop  chan *os.ProcessState
	done  chan error
}

// Start measures the process pid, which was just started, and its descendants, for the attempt in the folder dir; nil where that cannot
// be done.
func Start(dir string, pid int, devices []GPU) *Meter {
	if !possible {
		return nil
	}
	m := &Meter{dir: dir, began: time.Now(), tree: newTree(pid), gpus: newGPUs(devices), stop: make(chan *os.ProcessState, 1), done: make(chan error, 1)}
	m.start = time.AfterFunc(first, m.run) // what ends before has cost nothing but this
	return m
}

// End records what is left once the process has ended and was waited for, and tells why the record is not whole, if it is not.
func (m *Meter) End(state *os.ProcessState) error {
	if m == nil {
		return nil
	}
	if m.start.Stop() {
		return m.finish(state)
	}
	m.stop <- state
	select {
	case err := <-m.done:
		return err
	case <-time.After(patience):
		return errStuck
	}
}

// run reads until the end.
func (m *Meter) run() {
	for {
		m.read()
		select {
		case state := <-m.stop:
			m.done <- m.finish(state)
			return
		case <-time.After(untilNext(time.Since(m.began))):
		}
	}
}

// untilNext is how long it is to the next reading.
func untilNext(elapsed time.Duration) time.Duration {
	if elapsed < second {
		return second - elapsed
	}
	return every - elapsed%every
}

// line is how much time a line of the file covers: twice as much each time that the attempt has become twice as old, so that a week has
// some 700 lines.
func line(elapsed time.Duration) time.Duration {
	length := every
	for age := fine; elapsed > age; age *= 2 {
		length *= 2
	}
	return length
}

// read takes a reading, and writes a line where it is time for one.
func (m *Meter) read() {
	if m.err != nil {
		return
	}
	reading := m.tree.read()
	elapsed := time.Since(m.began)
	m.span.add(reading, elapsed)
	m.span.addGPUs(m.gpus.read(m.tree.pids), elapsed)
	if elapsed < every || elapsed-m.span.from >= line(elapsed)-every/2 {
		m.write()
	}
}

// finish records the end of the process.
func (m *Meter) finish(state *os.ProcessState) error {
	elapsed := time.Since(m.began)
	if m.out == nil && elapsed < first {
		return nil
	}
	if m.err == nil {
		m.span.add(m.tree.end(state), elapsed)
		m.span.addGPUs(m.gpus.end(), elapsed)
		m.write()
	}
	if m.out != nil {
		if err := m.out.Close(); m.err == nil {
			m.err = err
		}
	}
	return m.err
}

// write closes the span and writes its line.
func (m *Meter) write() {
	if m.out == nil {
		m.out, m.err = journal.CreateResources(m.dir, journal.Meter{Cores: runtime.GOMAXPROCS(0), Devices: m.gpus.devices()})
	}
	if m.err == nil {
		m.err = m.out.Usage(m.span.usage())
	}
	m.span = m.span.next()
}
