package cluster

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"harness/internal/atomicfile"
	"harness/registry/journal"
	"harness/runner"
)

// Folder is where the batches of a home lie. The folder of batch N, HOME/cluster/N, holds
//
//	batch.json    what it is: the sweep, the token, how its trials are run
//	tasks.jsonl   the trials, one a line; the index of a task is the number of its line
//	job           the scheduler's name for it, once that is known
//	closed        there once nothing of it is open
//
// and what the scheduler adds: its script, and what each task printed, INDEX.out. The first two never change.
const Folder = "cluster"

const (
	batchName  = "batch.json"
	tasksName  = "tasks.jsonl"
	jobName    = "job"
	closedName = "closed"

	batchVersion = 1
)

// Batch is a number of trials that were handed in together.
type Batch struct {
	Version   int       `json:"version"`
	Scheduler string    `json:"scheduler"`
	Sweep     string    `json:"sweep"` // its handle
	Token     string    `json:"token"` // by which the scheduler finds it
	Size      int       `json:"size"`  // tasks
	Made      time.Time `json:"made"`
	Host      string    `json:"host"`    // that handed it in
	Command   []string  `json:"command"` // of a task, without its index
	Rules     Rules     `json:"rules"`

	Number int    `json:"-"`
	Dir    string `json:"-"`
	Job    string `json:"-"` // "" = not known
	tasks  []runner.Task
}

// Rules say how each task runs its trial: those of runner.Options that a task needs.
type Rules struct {
	Dir     string          `json:"dir"` // that programs are started in
	Metrics []string        `json:"metrics,omitempty"`
	Collect runner.Collect  `json:"collect,omitzero"` // files of a program that are read
	CPUs    int             `json:"cpus,omitzero"`
	Threads int             `json:"threads,omitzero"`
	Engine  string          `json:"engine,omitzero"`
	Retries int             `json:"retries,omitzero"`
	RetryOn []journal.Class `json:"retry_on"` // null = runner.DefaultRetryOn
	Timeout time.Duration   `json:"timeout_ns,omitzero"`
	Grace   time.Duration   `json:"grace_ns,omitzero"`
	Limit   time.Duration   `json:"limit_ns,omitzero"` // of time, that the scheduler sets a task; 0 = not known
}

// errTaken means that somebody else has made a batch of the same number.
var errTaken = errors.New("another batch has this number")

// create makes the folder of a batch, whole or not at all. Its number is one that nobody had when it was chosen: where somebody
// has it now, what was known when the trials were chosen no longer holds.
func (b *Batch) create(home string) error {
	root := filepath.Join(home, Folder)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("make batch: %w", err)
	}
	temp, err := os.MkdirTemp(root, atomicfile.Prefix+"*")
	if err != nil {
		return fmt.Errorf("make batch: %w", err)
	}
	defer os.RemoveAll(temp)
	var lines []byte
	for _, t := range b.tasks {
		line, err := json.Marshal(t)
		if err != nil {
			return fmt.Errorf("make batch: %w", err)
		}
		lines = append(append(lines, line...), '\n')
	}
	err = errors.Join(os.Chmod(temp, 0o755), atomicfile.Write(filepath.Join(temp, tasksName), lines), atomicfile.WriteJSON(filepath.Join(temp, batchName), b))
	if err != nil {
		return fmt.Errorf("make batch: %w", err)
	}
	err = os.Rename(temp, b.Dir) // fails where the folder is there, since it is not empty
	if errors.Is(err, syscall.EEXIST) || errors.Is(err, syscall.ENOTEMPTY) {
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("make batch: %w", err)
	}
	return nil
}

// newToken draws a name for a batch: the sweep's, for people, and a random part, by which it is found.
func newToken(sweep string) string {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	plain := strings.Map(func(r rune) rune {
		if r < 128 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, sweep)
	return plain[:min(len(plain), 40)] + "." + hex.EncodeToString(random[:])
}

// setJob keeps the scheduler's name for the batch.
func (b *Batch) setJob(job string) error {
	b.Job = job
	if err := atomicfile.Write(filepath.Join(b.Dir, jobName), []byte(job+"\n")); err != nil {
		return fmt.Errorf("keep job %s: %w", job, err)
	}
	return nil
}

// close notes that nothing of the batch is open any more.
func (b *Batch) close() error {
	if err := atomicfile.Write(filepath.Join(b.Dir, closedName), nil); err != nil {
		return fmt.Errorf("close batch: %w", err)
	}
	return nil
}

// Open lists the batches of a home that are not closed, oldest first, with their tasks; last is the greatest number that any has. Those that
// cannot be read are an error, beside the others.
func Open(home string) (open []*Batch, last int, err error) {
	root := filepath.Join(home, Folder)
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list batches: %w", err)
	}
	var unreadable error
	for _, e := range entries {
		number, err := strconv.Atoi(e.Name())
		if err != nil || number < 1 {
			continue
		}
		last = max(last, number)
		dir := filepath.Join(root, e.Name())
		if _, err := os.Stat(filepath.Join(dir, closedName)); err == nil {
			continue
		}
		b, bad := Load(dir)
		if bad == nil {
			bad = b.loadTasks()
		}
		if bad != nil {
			unreadable = errors.Join(unreadable, bad)
			continue
		}
		open = append(open, b)
	}
	slices.SortFunc(open, func(a, b *Batch) int { return a.Number - b.Number })
	return open, last, unreadable
}

// Load reads the batch of a folder, without its tasks.
func Load(dir string) (*Batch, error) {
	data, err := os.ReadFile(filepath.Join(dir, batchName))
	if err != nil {
		return nil, fmt.Errorf("read batch: %w", err)
	}
	b := &Batch{Dir: dir}
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("read batch: %s: %w", filepath.Join(dir, batchName), err)
	}
	if b.Version > batchVersion {
		return nil, fmt.Errorf("read batch: %s is of version %d: use a newer harness", dir, b.Version)
	}
	b.Number, _ = strconv.Atoi(filepath.Base(dir))
	job, err := os.ReadFile(filepath.Join(dir, jobName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read batch: %w", err)
	}
	b.Job = strings.TrimSpace(string(job))
	return b, nil
}

func (b *Batch) loadTasks() error {
	err := b.eachTask(func(_ int, line []byte) (bool, error) {
		var t runner.Task
		err := json.Unmarshal(line, &t)
		b.tasks = append(b.tasks, t)
		return true, err
	})
	if err == nil && len(b.tasks) != b.Size {
		err = fmt.Errorf("read batch: %s has %d tasks, want %d", filepath.Join(b.Dir, tasksName), len(b.tasks), b.Size)
	}
	return err
}

// Task reads the trial of one task.
func (b *Batch) Task(index int) (t runner.Task, err error) {
	if index < 0 || index >= b.Size {
		return t, fmt.Errorf("read batch: %s has no task %d", b.Dir, index)
	}
	err = b.eachTask(func(i int, line []byte) (bool, error) {
		if i < index {
			return true, nil
		}
		return false, json.Unmarshal(line, &t)
	})
	if err == nil && t.ID == "" {
		err = fmt.Errorf("read batch: %s has no task %d", filepath.Join(b.Dir, tasksName), index)
	}
	return t, err
}

// eachTask calls take with the lines of tasks.jsonl until it returns false.
func (b *Batch) eachTask(take func(index int, line []byte) (more bool, err error)) error {
	path := filepath.Join(b.Dir, tasksName)
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read batch: %w", err)
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for i := 0; ; i++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read batch: %w", err)
		}
		more, err := take(i, line)
		if err != nil {
			return fmt.Errorf("read batch: %s: line %d: %w", path, i+1, err)
		}
		if !more {
			return nil
		}
	}
}

// OutputPath is the file that takes what a task prints beside its trial's log.
func (b *Batch) OutputPath(index int) string {
	return filepath.Join(b.Dir, strconv.Itoa(index)+".out")
}
