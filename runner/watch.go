package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"harness/runner/collect"
)

const (
	watchEvery = time.Second // the files of a program are read so often
	watchShare = 50          // and at most a fiftieth of the time
)

// Collect says which files of a program are read for numbers while it runs: those below the trial's folder and the attempt's, and more.
type Collect struct {
	Off     bool             `json:"off,omitzero"`
	Formats []collect.Format `json:"formats,omitempty"` // nil = all
	Shared  bool             `json:"shared,omitzero"`   // some of Folders are those of several trials: one sweep at a time may read them
	Folders []string         `json:"folders,omitempty"` // more folders or files, seen from Options.Dir; with *, ? and ${trial}, ${trial_dir}, ${attempt_dir}, ${seed}
}

// claimShared keeps other sweeps from reading the same folders below dir as long as the file is open: numbers that two trials
// write there at the same time could not be told apart.
func claimShared(dir string) (*os.File, error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("claim working folder: %w", err)
	}
	if err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		folder.Close()
		return nil, fmt.Errorf("another sweep reads numbers from folders below %s that all trials write into: wait for it, or give each trial a folder of its own (collect)", dir)
	} else if err != nil {
		folder.Close()
		return nil, fmt.Errorf("claim working folder %s: %w", dir, err)
	}
	return folder, nil
}

// watch reads the files of a program while it runs. A nil *watch reads nothing.
type watch struct {
	in       *intake
	files    *collect.Watcher
	end, out chan struct{}
}

// watchFiles remembers what is there before the program starts.
func (s *process) watchFiles(in *intake) *watch {
	if s.collect.Off {
		return nil
	}
	roots := []collect.Root{{Path: s.files, Name: filesName}, {Path: s.mark, Name: strconv.Itoa(s.attempt)}}
	if strings.HasPrefix(s.files, s.mark) { // of a rerun
		roots = roots[1:]
	}
	return &watch{in: in, end: make(chan struct{}), out: make(chan struct{}), files: collect.Watch(collect.Options{
		Roots: roots, Patterns: s.patterns(), Formats: s.collect.Formats, Metrics: s.declared})}
}

// patterns are the further folders of this attempt.
func (s *process) patterns() []string {
	literal := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace
	replace := strings.NewReplacer("${trial}", s.job.ID, "${trial_dir}", literal(s.files), "${attempt_dir}", literal(s.mark),
		"${seed}", strconv.FormatInt(s.job.Spec.Seed, 10)).Replace
	patterns := make([]string, len(s.collect.Folders))
	for i, folder := range s.collect.Folders {
		if patterns[i] = replace(folder); !filepath.IsAbs(patterns[i]) {
			patterns[i] = filepath.Join(literal(s.work), patterns[i])
		}
	}
	return patterns
}

// follow reads until finish is called.
func (w *watch) follow() {
	if w == nil {
		return
	}
	defer close(w.out)
	for pause := watchEvery; ; {
		select {
		case <-w.end:
			return
		case <-time.After(pause):
		}
		began := time.Now()
		w.poll(false)
		pause = max(watchEvery, watchShare*time.Since(began))
	}
}

// finish reads what is left; the program and all that it started have ended.
func (w *watch) finish() {
	if w == nil {
		return
	}
	close(w.end)
	<-w.out
	w.poll(true)
	in := w.in
	in.mu.Lock()
	defer in.mu.Unlock()
	if taken := w.files.Taken(); len(taken) > 0 {
		in.keep(in.journal.Note("collected", someOf(taken, 10, "; ")))
	}
	if len(in.ofFiles) > 0 {
		text := in.ofFiles[0]
		if n := len(in.ofFiles); n > 1 {
			text = fmt.Sprintf("%d things, all in the log; %s", n, text)
		}
		in.keep(in.journal.Note("files", text))
	}
	if others := w.files.Others(); len(others) > 0 {
		in.others = someOf(others, 10, ", ")
	}
}

func (w *watch) poll(final bool) {
	report := w.files.Poll(final)
	const batch = 10_000 // what the program prints need not wait for a long file
	for len(report.Points) > 0 {
		n := min(batch, len(report.Points))
		w.in.collected(report.Points[:n])
		report.Points = report.Points[n:]
	}
	w.in.mu.Lock()
	defer w.in.mu.Unlock()
	for _, line := range report.Said {
		w.in.tell(line)
	}
}

// someOf joins at most n texts.
func someOf(texts []string, n int, separator string) string {
	if len(texts) > n {
		return strings.Join(texts[:n], separator) + fmt.Sprintf("%s… (%d in all)", separator, len(texts))
	}
	return strings.Join(texts, separator)
}

// collected records values from the program's files. A metric that the program prints, too, is taken from what it prints.
func (in *intake) collected(points []collect.Point) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, p := range points {
		if in.printed[p.Metric] {
			in.sayBoth(p.Metric)
			continue
		}
		in.filed[p.Metric] = true
		in.stepped(p.Metric, p.Step)
		in.keep(in.journal.Point(p.Metric, int(p.Step), p.Value))
	}
}

// sayBoth says once of a metric that it is printed and stands in files.
func (in *intake) sayBoth(metric string) {
	if !in.both[metric] {
		in.both[metric] = true
		in.tell(fmt.Sprintf("%s is printed, and stands in the program's files: what is printed counts", metric))
	}
}

// tell puts a line about the program's files into the log, where one of the program's ends, and keeps it for the note.
func (in *intake) tell(line string) {
	in.ofFiles = append(in.ofFiles, line)
	in.unsaid = append(in.unsaid, []byte("harness: "+line+"\n"))
	if !in.midLine {
		in.sayUnsaid()
	}
}

// inFiles names what the program's files have, for one that has recorded nothing that was declared.
func (in *intake) inFiles() string {
	if in.others == "" {
		return ""
	}
	return " (its files have " + in.others + ")"
}
