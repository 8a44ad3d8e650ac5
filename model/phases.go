package model

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"harness/model/corpus"
	"harness/model/spec"
)

// phases keeps what the parts of a trial took: by the clock, and as computed by all its threads. No time is counted twice: what was counted within a
// span is not the span's.
type phases struct {
	list         []spec.PhaseTime
	seconds, cpu float64 // of all spans
}

// moment is a reading of both clocks.
type moment struct {
	wall time.Time
	cpu  float64
}

func now() moment {
	m := moment{wall: time.Now()}
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) == nil {
		m.cpu = time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
	}
	return m
}

// span is a part of a trial that has begun.
type span struct {
	phases       *phases
	start        moment
	seconds, cpu float64 // that were counted before
}

// from begins a span.
func (p *phases) from(start moment) span { return span{p, start, p.seconds, p.cpu} }

// until adds what the span took to a phase.
func (s span) until(end moment, phase spec.Phase, work float64) {
	p := s.phases
	seconds := max(0, end.wall.Sub(s.start.wall).Seconds()-(p.seconds-s.seconds))
	cpu := max(0, end.cpu-s.start.cpu-(p.cpu-s.cpu))
	p.seconds, p.cpu = p.seconds+seconds, p.cpu+cpu
	p.add(spec.PhaseTime{Phase: phase, Seconds: seconds, CPU: cpu, Work: work})
}

// add adds to what a phase took.
func (p *phases) add(took spec.PhaseTime) {
	for i := range p.list {
		if one := &p.list[i]; one.Phase == took.Phase {
			one.Seconds, one.CPU, one.Work = one.Seconds+took.Seconds, one.CPU+took.CPU, one.Work+took.Work
			return
		}
	}
	p.list = append(p.list, took)
}

// note records what the phases took.
func (p *phases) note(rec Recorder) error {
	text, err := spec.EncodePhases(p.list)
	if err != nil {
		return err
	}
	return rec.Note(spec.PhasesKey, text)
}

// phase does a part of the trial and keeps what it took; of a trial that is planned it keeps the work alone.
func (r *trialRun) phase(phase spec.Phase, work float64, do func() error) error {
	if r.plan != nil {
		r.plan.add(PlannedPhase{Phase: phase, Work: work})
		return nil
	}
	if r.skips(phase) {
		return nil
	}
	began := r.phases.from(now())
	if err := do(); err != nil {
		return err
	}
	began.until(now(), phase, work)
	return nil
}

// skips reports whether a phase is left out of what is measured.
func (r *trialRun) skips(phase spec.Phase) bool { return r.brief && !r.wanted(phase) }

// openCorpus opens the trial's data. What another trial made meanwhile was waited for.
func (r *trialRun) openCorpus(ctx context.Context) error {
	began, heard := r.phases.from(now()), &listening{Recorder: r.rec, at: map[string]moment{}}
	drawn := corpus.Drawn(r.trial, r.env.Home)
	set, err := corpus.Data(ctx, r.trial, r.env.Home, heard)
	if err != nil {
		return err
	}
	if end, here := heard.at["data"]; here {
		began.until(end, spec.PhaseData, float64(r.trial.Data.Synthetic.Patients))
		began = r.phases.from(end)
	} else if !drawn {
		began.until(now(), spec.PhaseWait, 0)
		began = r.phases.from(now())
	}
	began.until(now(), spec.PhaseOpen, float64(len(set.Images)))
	cached, err := corpus.Cached(r.trial, set, r.env.Home)
	if err != nil {
		return err
	}
	began = r.phases.from(now())
	if r.corpus, err = corpus.OpenSet(ctx, r.trial, set, r.env.Home, heard); err != nil {
		return err
	}
	if end, here := heard.at["images"]; here {
		began.until(end, spec.PhaseImages, float64(len(set.Images)))
		began = r.phases.from(end)
	} else if !cached {
		began.until(now(), spec.PhaseWait, 0)
		return nil
	}
	began.until(now(), spec.PhaseOpen, 0)
	return nil
}

// listening keeps when each part of opening the data was last heard of.
type listening struct {
	Recorder
	mu sync.Mutex
	at map[string]moment
}

func (l *listening) Progress(stage string, step, total int, loss float64) {
	l.mu.Lock()
	l.at[stage] = now()
	l.mu.Unlock()
	l.Recorder.Progress(stage, step, total, loss)
}

// limitTo sets the limit of what is decoded to the longest text of people, where a little is measured: a model that has learnt nothing would go on to the
// limit, one that has ends where they do. Call what it returns in the end.
func (r *trialRun) limitTo(limit *int, answers []int) (restore func()) {
	before := *limit
	if r.brief && len(answers) > 0 {
		*limit = min(before, slices.Max(answers)+1)
	}
	return func() { *limit = before }
}

// decoded is about how many tokens are decoded in a test: prompts and, as long as those of people, what is said behind them.
func decoded(prompts [][]int32, answers []int) float64 {
	sum := 0
	for i, prompt := range prompts {
		sum += len(prompt) + answers[i] + 1
	}
	return float64(sum)
}
