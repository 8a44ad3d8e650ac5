package provenance

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Program follows the folder of a program through one call that runs trials of it. Its methods may be called from several
// goroutines.
type Program struct {
	ctx   context.Context
	home  string
	words []string
	start *Code

	mu      sync.Mutex
	last    look
	ran     bool
	written []string
	err     error
}

// look is what the last attempt found, and what finding it cost.
type look struct {
	at, given string
	taken     time.Time
	cost      time.Duration
	snapshot  Snapshot
}

// holds reports whether a look at a large folder still serves: looking takes no more than a tenth of the time of a call. What
// is edited meanwhile shows as edited afterwards.
func (l look) holds(dir, given string) bool {
	return l.at == dir && l.given == given && l.cost > 20*time.Millisecond && time.Since(l.taken) < 10*l.cost
}

// Follow takes the snapshot of a folder before anything runs there, with the files that are given to any of the trials.
func Follow(ctx context.Context, home, dir string, words []string, given ...string) (*Program, error) {
	taken, err := Take(ctx, home, dir, words, given...)
	if err != nil {
		return nil, err
	}
	start, err := Load(home, taken.Digest)
	if err != nil {
		return nil, err
	}
	return &Program{ctx: context.WithoutCancel(ctx), home: home, words: words, start: start}, nil
}

// Code is the folder as it was before anything ran.
func (p *Program) Code() *Code { return p.start }

// Attempt records the code of an attempt that is about to start in dir, with the texts among its parameters: what runner.Options.Code asks for. What cannot be
// found out is empty, and End says why.
func (p *Program) Attempt(dir string, given []string) (digest, commit, diff string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	texts := strings.Join(given, "\x00")
	if p.last.holds(dir, texts) {
		return p.last.snapshot.Digest, p.last.snapshot.Commit, p.last.snapshot.Diff
	}
	began := time.Now()
	if p.ran {
		p.settle(dir)
	}
	p.ran = true
	s, err := Take(p.ctx, p.home, dir, p.words, given...)
	if err != nil && p.err == nil {
		p.err = err
	}
	p.last = look{dir, texts, time.Now(), time.Since(began), s}
	return s.Digest, s.Commit, s.Diff
}

// End is called after the last attempt. It returns the paths of files that trials write, where that was not known before: a
// line to tell the user.
func (p *Program) End() (written []string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ran {
		p.settle(p.start.Dir)
	}
	return p.written, p.err
}

// settle notes what the attempts so far have written, where they ran in the folder that is followed.
func (p *Program) settle(dir string) {
	if abs, err := filepath.Abs(dir); err != nil || abs != p.start.Dir {
		return
	}
	written, err := p.start.Settle(p.ctx, p.start.Dir)
	p.written = append(p.written, written...)
	if err != nil && p.err == nil {
		p.err = err
	}
}

// Stale says of each result whose code is not what the folder holds now in what they differ: "train.py changed, lib/x.py is
// new". digests has the snapshot of each result by the trial's ID; a result without one, or whose snapshot is lost, is
// not known to be old.
func (p *Program) Stale(digests map[string]string) (map[string]string, error) {
	said := map[string]string{} // by digest
	stale := map[string]string{}
	var failed error
	for id, digest := range digests {
		if digest == "" {
			continue
		}
		what, ok := said[digest]
		if !ok {
			old, err := Load(p.home, digest)
			switch {
			case err == nil:
				what = strings.Join(Differences(old, p.start), ", ")
			case !errors.Is(err, ErrNoSnapshot):
				failed = errors.Join(failed, err)
			}
			said[digest] = what
		}
		if what != "" {
			stale[id] = what
		}
	}
	return stale, failed
}
