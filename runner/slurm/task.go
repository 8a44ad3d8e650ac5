package slurm

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"harness/runner"
)

// Task is what a task of an array knows of itself by its environment: a cluster.Worker.
type Task struct {
	name string    // such as 4711_3
	ends time.Time // zero = not told
	cpus int
}

// Here is the task that this process is.
func Here() (*Task, error) {
	job, index := os.Getenv("SLURM_ARRAY_JOB_ID"), os.Getenv("SLURM_ARRAY_TASK_ID")
	if job == "" || index == "" {
		return nil, errors.New("this is no task of a job array of Slurm: SLURM_ARRAY_JOB_ID is not set")
	}
	t := &Task{name: job + "_" + index}
	if seconds, err := strconv.ParseInt(os.Getenv("SLURM_JOB_END_TIME"), 10, 64); err == nil && seconds > 0 {
		t.ends = time.Unix(seconds, 0)
	}
	for _, name := range []string{"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"} {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
			t.cpus = n
			break
		}
	}
	return t, nil
}

// Name is the number of the job and the index in its array.
func (t *Task) Name() string { return t.name }

// CPUs is how many the task has; 0 = not known.
func (t *Task) CPUs() int { return t.cpus }

// nearLimit is how much time is left at most when Slurm's signal comes before the limit: it may come a minute early.
const nearLimit = 3 * time.Minute

// Cut says why Slurm has sent its signal: the time limit is near, or the task has to make room. limit is what was asked for and
// began when the task was started; without a limit, Slurm is asked.
func (t *Task) Cut(ctx context.Context, limit time.Duration, began time.Time) runner.Cut {
	ends := t.ends
	if ends.IsZero() && limit > 0 {
		ends = began.Add(limit)
	}
	if ends.IsZero() {
		out, err := query(ctx, "squeue", "--noheader", "--jobs="+t.name, "--format=%e")
		if err == nil {
			ends, _ = time.ParseInLocation("2006-01-02T15:04:05", strings.TrimSpace(out), time.Local)
		}
	}
	if !ends.IsZero() && time.Until(ends) < nearLimit {
		return runner.CutLimit
	}
	return runner.CutPreempted
}

// Requeue queues the task again; Slurm then ends this process.
func (t *Task) Requeue(ctx context.Context) error {
	_, err := query(ctx, "scontrol", "requeue", t.name)
	return err
}
