// Package slurm lets Slurm run the tasks of a sweep: one job array a batch. It calls Slurm's own commands and reads their text.
//
//	slurm.go       Submit, Find, Cancel
//	settings.go    what a user may ask for, as words of sbatch
//	queue.go       Poll: squeue, and sacct for what squeue has forgotten
//	command.go     how commands are run, and what their errors mean
//	task.go        what a task knows of itself: its index, its time limit, how it is queued again
//
// JSON is not used: its fields differ between versions, and where sacct has it, exit codes were wrong in it. A job is known by its
// name, which carries the batch's token: a controller that was killed hands out numbers again.
package slurm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"harness/internal/atomicfile"
	"harness/runner/cluster"
)

// Slurm is the scheduler of this machine. Its zero value asks for nothing.
type Slurm struct {
	Settings Settings

	noAccounting bool // sacct has nothing to tell
}

// Name is what users call it.
func (s *Slurm) Name() string { return "slurm" }

// mostTasks bounds an array, also where Slurm would take a longer one: it is handed in again as a whole if it is lost.
const mostTasks = 1000

// Largest is how long an array may be.
func (s *Slurm) Largest(ctx context.Context) (int, error) {
	out, err := query(ctx, "scontrol", "show", "config")
	if err != nil {
		return 0, err
	}
	found := maxArraySize.FindStringSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("scontrol show config does not tell MaxArraySize")
	}
	size, err := strconv.Atoi(found[1])
	if err != nil || size < 2 {
		return 0, fmt.Errorf("this Slurm takes no job arrays: MaxArraySize is %s", found[1])
	}
	return min(mostTasks, size), nil
}

var maxArraySize = regexp.MustCompile(`(?m)^MaxArraySize\s*=\s*(\d+)`)

// Submit hands in a batch as one array.
func (s *Slurm) Submit(ctx context.Context, b *cluster.Batch) (string, error) {
	script := filepath.Join(b.Dir, "script.sh")
	if err := atomicfile.Write(script, []byte(s.script(b))); err != nil {
		return "", fmt.Errorf("write script: %w", err)
	}
	out, err := submit(ctx, append(s.words(b), script))
	if err != nil {
		return "", err
	}
	job, _, _ := strings.Cut(strings.TrimSpace(out), ";") // behind it the cluster's name
	if _, err := strconv.ParseUint(job, 10, 64); err != nil {
		return "", fmt.Errorf("sbatch tells no number of a job: %q", out)
	}
	return job, nil
}

// words are the options of sbatch for a batch. Those that the harness depends on come last, so that they win.
func (s *Slurm) words(b *cluster.Batch) []string {
	array := fmt.Sprintf("0-%d", b.Size-1)
	if s.Settings.Throttle > 0 {
		array += fmt.Sprintf("%%%d", s.Settings.Throttle)
	}
	return append(s.Settings.words(),
		"--parsable", "--job-name="+b.Token, "--comment=harness:"+b.Token, "--array="+array, "--requeue", "--export=ALL",
		fmt.Sprintf("--signal=B:USR1@%d", int(s.Settings.Lead().Seconds())), "--open-mode=append",
		"--chdir="+b.Rules.Dir, "--output="+strings.ReplaceAll(b.Dir, "%", "%%")+"/%a.out")
}

// script is what each task of the batch executes. Its process becomes ours, so that signals reach us.
func (s *Slurm) script(b *cluster.Batch) string {
	var text strings.Builder
	text.WriteString("#!/bin/bash\nset -e\n")
	for _, line := range s.Settings.Setup {
		text.WriteString(line + "\n")
	}
	text.WriteString("exec")
	for _, word := range b.Command {
		text.WriteString(" " + quote(word))
	}
	text.WriteString(" \"$SLURM_ARRAY_TASK_ID\"\n")
	return text.String()
}

// quote makes one word of a shell of a text.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Find looks for a batch that was handed in, by its name.
func (s *Slurm) Find(ctx context.Context, b *cluster.Batch) (string, error) {
	rows, err := s.squeue(ctx, []*cluster.Batch{b})
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		rows = s.sacct(ctx, []*cluster.Batch{b})
	}
	if len(rows) == 0 {
		return "", nil
	}
	return rows[0].job, nil
}

// mostCanceled bounds the words of one command.
const mostCanceled = 500

// Cancel takes single tasks back. The number is asked for by the name just before: others may have the one that was kept. The name is not
// given to scancel, which with any filter cancels the whole array for one task that waits (seen in 22.05).
func (s *Slurm) Cancel(ctx context.Context, b *cluster.Batch, indexes []int) error {
	job, err := s.Find(ctx, b)
	if err != nil || job == "" {
		return err
	}
	for len(indexes) > 0 {
		some := indexes[:min(len(indexes), mostCanceled)]
		indexes = indexes[len(some):]
		words := []string{"--quiet"}
		for _, i := range some {
			words = append(words, fmt.Sprintf("%s_%d", job, i))
		}
		_, err := query(ctx, "scancel", words...)
		if over := (*refusal)(nil); err != nil && !errors.As(err, &over) { // a refusal is of a task that has ended meanwhile
			return err
		}
	}
	return nil
}

// Try asks Slurm whether it would take a job with these settings, and hands none in. A controller that does not answer refuses nothing.
func (s *Slurm) Try(ctx context.Context) error {
	_, err := query(ctx, "sbatch", append(s.Settings.words(), "--test-only", "--wrap=true")...)
	if errors.Is(err, cluster.ErrUnreachable) {
		return nil
	}
	return err
}

// Check looks whether Slurm's commands are there.
func Check() error {
	for _, name := range []string{"sbatch", "squeue", "scancel", "scontrol"} {
		if !onPath(name) {
			return fmt.Errorf("%s is not on PATH: is this a login node of a Slurm cluster?", name)
		}
	}
	return nil
}
