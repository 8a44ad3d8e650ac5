package runner

import (
	"fmt"
	"slices"

	"harness/internal/hostmemory"
	"harness/model/spec"
	"harness/registry"
)

// divide decides how many trials run at a time, and on how many threads each starts. Several trials on a thread each get more done than
// one after the other on all cores.
func (r *run) divide() {
	r.parallel, r.threads = r.options.Parallel, r.options.Threads
	if r.threads == 0 {
		r.threads = r.options.CPUs
	}
	each := max(r.threads, r.options.CPUs)
	room := r.gpus.room(r.queue)
	switch {
	case r.parallel == 0 && room > 0:
		if r.parallel = room; r.options.CPUs > 0 {
			r.parallel = min(r.parallel, max(1, cores()/each))
		}
	case r.parallel == 0 && each == 0:
		r.parallel = max(1, min(cores(), r.mostAtOnce(), len(r.queue)))
	case r.parallel == 0:
		r.parallel = max(1, cores()/each)
	}
	if r.threads == 0 {
		r.threads = max(1, cores()/r.parallel)
	}
}

// Divide is how many of these trials Run would run at a time, and on how many threads each.
func Divide(o Options, trials []spec.Trial) (parallel, threads int) {
	r := run{place: place{options: o}, gpus: newPool(o.GPUs)}
	for _, t := range trials {
		r.queue = append(r.queue, newJob(registry.Trial{Spec: t}, registry.Trial{}))
	}
	r.divide()
	return r.parallel, r.threads
}

// Where the user does not say how many trials run at a time, memory bounds it: of programs nothing is known, of the built-in trainer
// what its small presets take.
const (
	autoParallel  = 8
	builtInMemory = 1 << 30
)

func (r *run) mostAtOnce() int {
	if slices.ContainsFunc(r.queue, func(k *job) bool { return k.Spec.Command != "" }) {
		return autoParallel
	}
	return max(autoParallel, int(hostmemory.Size()/builtInMemory))
}

// handOn gives cores that no trial uses, as at the end of a sweep, to the built-in trials that still run, and takes them back when others
// start. Their numbers do not depend on it.
func (r *run) handOn() {
	if r.options.Threads > 0 || len(r.processes) == 0 {
		return
	}
	share, more := cores()/len(r.processes), cores()%len(r.processes)
	for i, s := range r.processes {
		threads := share
		if i < more {
			threads++
		}
		s.tell(max(threads, r.options.CPUs, 1))
	}
}

// tell says to a built-in trial how many threads it may use from now on.
func (s *process) tell(threads int) {
	if s.orders == nil || threads == s.told {
		return
	}
	s.told = threads
	_, _ = fmt.Fprintln(s.orders, threads) // one that has ended needs none
}
