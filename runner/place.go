package runner

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"

	"harness/model/spec"
	"harness/registry/journal"
)

// place is where one process of ours supervises attempts: a sweep many at a time, a task of a scheduler one after the other.
// It writes folders and journals, and knows nothing of the registry's database.
type place struct {
	options    Options
	home       string // absolute, without links
	work       string // folder that programs are started in
	mark       string // by which the processes of this call are known
	threads    int    // of each attempt
	provenance journal.Provenance
	spawner    *spawner
	durable    *groupSync
}

func newPlace(home string, o Options) (p place, err error) {
	p.options, p.durable = o, &groupSync{}
	if p.home, err = realPath(home); err != nil {
		return p, err
	}
	if p.work, err = filepath.Abs(o.Dir); err != nil {
		return p, fmt.Errorf("find working folder: %w", err)
	}
	p.mark = uuid.NewString()
	if outer := os.Getenv(SweepMark); outer != "" { // a trial that is itself a sweep
		p.mark = outer + ":" + p.mark
	}
	return p, nil
}

// realPath is the absolute path of a folder without links, under which its processes are found whoever names it.
func realPath(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", fmt.Errorf("find home: %w", err)
	}
	return path, nil
}

// open gets ready to start processes.
func (p *place) open() {
	p.spawner = newSpawner()
	p.spawner.guard = newGuard(p.options.Guardian, p.mark, &p.spawner.mu)
	if p.options.Provenance != nil {
		p.provenance = p.options.Provenance()
	}
}

func (p *place) close() {
	if p.spawner != nil {
		p.spawner.guard.close()
		p.spawner.close()
	}
}

// begin opens the journal of an attempt whose folder was just made, with what is run, where.
func (p *place) begin(k *job, number int, dir string, purpose journal.Purpose) (*process, error) {
	mark := filepath.Join(p.home, "trials", k.ID, strconv.Itoa(number))
	s := &process{
		job: k, attempt: number, dir: dir, mark: mark, files: filepath.Join(p.home, "trials", k.ID, filesName),
		spawner: p.spawner, work: p.work, declared: p.options.Metrics, collect: p.options.Collect, threads: p.threads, timeout: p.options.Timeout,
		grace: p.options.Grace, started: time.Now(), stopped: make(chan journal.Class, 1), killed: make(chan struct{}),
		before: func() []string { return nil }, sync: p.durable.sync, over: func() {}, heard: journal.Progress{Loss: noLoss},
	}
	if purpose == journal.PurposeRerun { // it starts from nothing
		s.files = filepath.Join(s.mark, filesName)
	}
	s.environment = append(s.environment, AttemptMark+"="+s.mark, SweepMark+"="+p.mark)
	if _, set := os.LookupEnv("OMP_NUM_THREADS"); !set && (p.options.CPUs > 0 || p.options.Threads > 0) && k.Spec.Command != "" {
		s.environment = append(s.environment, "OMP_NUM_THREADS="+strconv.Itoa(p.threads))
	}
	var err error
	if s.journal, err = journal.Create(dir); err != nil {
		return nil, err
	}
	if err := s.journal.Start(p.startOf(s, purpose)); err != nil {
		s.journal.Close()
		return nil, err
	}
	if k.Spec.Command == "" {
		s.child = p.options.Child(dir, p.threads)
		s.told = p.threads
		if s.child.Stdin == nil {
			s.orders, _ = s.child.StdinPipe() // without it, its threads stay as they are
		}
	}
	return s, nil
}

const filesName = "files"

// startOf is the first event of an attempt.
func (p *place) startOf(s *process, purpose journal.Purpose) journal.Start {
	k := s.job
	start := journal.Start{Trial: k.ID, Attempt: s.attempt, Purpose: purpose, Spec: k.Spec.Canonical(),
		Engine: p.engineOf(k.Spec), Threads: p.threads, Provenance: p.provenance}
	if k.Spec.Command != "" {
		start.Dir = s.work
		if p.options.Code != nil {
			o := &start.Provenance
			given, _ := k.Spec.Args.Strings() // parameters that cannot be read fail the trial soon enough
			o.Code, o.Commit, o.DiffHash = p.options.Code(s.work, given)
		}
	}
	return start
}

// engineOf is the engine to record: the path of a plugin comes with the options, all else is part of the spec.
func (p *place) engineOf(t spec.Trial) string {
	if t.Command != "" {
		return ""
	}
	name, err := t.EngineFor(p.options.Engine)
	if err != nil { // the trial says so itself
		return t.Engine
	}
	return cmp.Or(name, "native")
}
