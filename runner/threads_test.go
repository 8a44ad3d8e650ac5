package runner

import (
	"runtime"
	"slices"
	"testing"

	"harness/internal/hostmemory"
	"harness/model/spec"
)

// While trials are waiting each runs on one thread, as many as there are cores and memory for; of programs, whose memory is not known, no
// more than eight. A queue that is shorter shares the cores out.
func TestDivide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(16))
	builtIn, program := &job{}, &job{}
	program.Spec.Command = spec.MakeWords("true")
	for _, c := range []struct {
		queue             []*job
		options           Options
		parallel, threads int
	}{
		{slices.Repeat([]*job{builtIn}, 4), Options{}, 4, 4},
		{slices.Repeat([]*job{builtIn}, 5), Options{}, 5, 3},
		{slices.Repeat([]*job{program}, 100), Options{}, 8, 2},
		{slices.Repeat([]*job{builtIn}, 100), Options{Threads: 4}, 4, 4},
		{slices.Repeat([]*job{builtIn}, 100), Options{Parallel: 3}, 3, 5},
		{slices.Repeat([]*job{builtIn}, 100), Options{CPUs: 8}, 2, 8},
	} {
		r := &run{place: place{options: c.options}, gpus: newPool(GPUs{}), queue: c.queue}
		if r.divide(); r.parallel != c.parallel || r.threads != c.threads {
			t.Errorf("%d waiting, %+v: %d at a time on %d threads, want %d on %d", len(c.queue), c.options, r.parallel, r.threads, c.parallel, c.threads)
		}
	}
	r := &run{gpus: newPool(GPUs{}), queue: slices.Repeat([]*job{builtIn}, 100)}
	want := min(16, max(8, int(hostmemory.Size()/builtInMemory)))
	if r.divide(); r.parallel != want || r.threads != 16/want {
		t.Errorf("%d at a time on %d threads, want %d", r.parallel, r.threads, want)
	}
}
