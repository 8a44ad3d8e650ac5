package slurm

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"harness/runner/cluster"
)

// row is what a command says of a task, or of several that stand alike.
type row struct {
	name    string // of the job: the token
	job     string // number of the array
	indexes []int
	state   string
	reason  string
}

// Poll asks squeue once for all batches, and sacct for tasks that squeue has forgotten.
func (s *Slurm) Poll(ctx context.Context, batches []*cluster.Batch) (map[cluster.Ref]cluster.Status, error) {
	seen := map[cluster.Ref]cluster.Status{}
	if len(batches) == 0 {
		return seen, nil
	}
	rows, err := s.squeue(ctx, batches)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		for _, i := range r.indexes {
			seen[cluster.Ref{Token: r.name, Index: i}] = cluster.Status{State: stateOf(r.state), Reason: r.reason}
		}
	}
	for _, r := range rows { // an array that was canceled while it waited is one row without indexes: all that has no row of its own
		if len(r.indexes) > 0 {
			continue
		}
		i := slices.IndexFunc(batches, func(b *cluster.Batch) bool { return b.Token == r.name })
		for index := range batches[i].Size {
			ref := cluster.Ref{Token: r.name, Index: index}
			if _, known := seen[ref]; !known {
				seen[ref] = cluster.Status{State: stateOf(r.state), Reason: r.reason}
			}
		}
	}
	forgotten := slices.DeleteFunc(slices.Clone(batches), func(b *cluster.Batch) bool {
		for i := range b.Size {
			if _, ok := seen[cluster.Ref{Token: b.Token, Index: i}]; !ok {
				return false
			}
		}
		return true
	})
	for _, r := range s.sacct(ctx, forgotten) {
		state := stateOf(r.state)
		if state == cluster.Waiting || state == cluster.Running {
			continue // it lags behind: what lives stands in the queue
		}
		for _, i := range r.indexes {
			ref := cluster.Ref{Token: r.name, Index: i}
			if _, ok := seen[ref]; !ok {
				seen[ref] = cluster.Status{State: state, Reason: r.reason}
			}
		}
	}
	return seen, nil
}

// squeue lists the tasks of batches that the controller knows, those that have ended a while ago included.
func (s *Slurm) squeue(ctx context.Context, batches []*cluster.Batch) ([]row, error) {
	out, err := query(ctx, "squeue", "--noheader", "--array", "--states=all", "--name="+names(batches), "--format=%j|%F|%K|%T|%r")
	if err != nil {
		return nil, err
	}
	return queueRows(out, batches), nil
}

// queueRows reads what squeue prints of the batches.
func queueRows(out string, batches []*cluster.Batch) (rows []row) {
	for line := range strings.Lines(out) {
		parts := strings.SplitN(strings.TrimRight(line, "\n"), "|", 5)
		if len(parts) != 5 {
			continue // a remark of the site's own wrapper
		}
		r := row{name: strings.TrimSpace(parts[0]), job: parts[1], indexes: indexesIn(parts[2]), state: strings.TrimSpace(parts[3]), reason: strings.TrimSpace(parts[4])}
		if wanted(batches, r.name) {
			rows = append(rows, r)
		}
	}
	return rows
}

// sacct lists tasks that the accounting remembers; none where there is no accounting, as on many clusters, or it does not answer.
func (s *Slurm) sacct(ctx context.Context, batches []*cluster.Batch) []row {
	if s.noAccounting || len(batches) == 0 {
		return nil
	}
	since := batches[0].Made
	for _, b := range batches {
		if b.Made.Before(since) {
			since = b.Made
		}
	}
	out, err := query(ctx, "sacct", "--allocations", "--noheader", "--parsable2", "--name="+names(batches), "--format=JobName,JobID,State",
		"--starttime="+since.Add(-time.Hour).Local().Format("2006-01-02T15:04:05"))
	if err != nil {
		s.noAccounting = !errors.Is(err, cluster.ErrUnreachable)
		return nil
	}
	return accountRows(out, batches)
}

// accountRows reads what sacct prints of the batches.
func accountRows(out string, batches []*cluster.Batch) (rows []row) {
	for line := range strings.Lines(out) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		if len(parts) != 3 {
			continue
		}
		job, index, ok := strings.Cut(parts[1], "_")
		if ok && wanted(batches, parts[0]) {
			rows = append(rows, row{name: parts[0], job: job, indexes: indexesIn(index), state: parts[2]})
		}
	}
	return rows
}

func names(batches []*cluster.Batch) string {
	list := make([]string, len(batches))
	for i, b := range batches {
		list[i] = b.Token
	}
	return strings.Join(list, ",")
}

func wanted(batches []*cluster.Batch, name string) bool {
	return slices.ContainsFunc(batches, func(b *cluster.Batch) bool { return b.Token == name })
}

// indexesIn reads the indexes of an array's tasks: 7, 4-99%4, [0,3,8-20:4%2]. What is none is no index.
func indexesIn(text string) (list []int) {
	text = strings.Trim(text, "[]")
	text, _, _ = strings.Cut(text, "%")
	for part := range strings.SplitSeq(text, ",") {
		part, every, stepped := strings.Cut(part, ":")
		step := 1
		if stepped {
			step, _ = strconv.Atoi(every)
		}
		from, to, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(from)
		last := first
		if err == nil && isRange {
			last, err = strconv.Atoi(to)
		}
		if err != nil || step < 1 || first < 0 || last-first > mostIndexes {
			continue
		}
		for i := first; i <= last; i += step {
			list = append(list, i)
		}
	}
	return list
}

// mostIndexes is more than any array has.
const mostIndexes = 4 << 20

// stateOf is what a state of Slurm means for a task. Those that it does not know are taken for running: Slurm has more of them
// with each version, and nothing is done about a task that runs.
func stateOf(state string) cluster.State {
	word, _, _ := strings.Cut(strings.TrimSuffix(state, "+"), " ") // CANCELLED by 1000
	switch word {
	case "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT", "CONFIGURING":
		return cluster.Waiting
	case "COMPLETED", "FAILED":
		return cluster.Exited
	case "CANCELLED", "DEADLINE", "REVOKED":
		return cluster.Canceled
	case "TIMEOUT":
		return cluster.OverLimit
	case "OUT_OF_MEMORY":
		return cluster.OutOfMemory
	case "NODE_FAIL", "BOOT_FAIL", "PREEMPTED":
		return cluster.Dropped
	}
	return cluster.Running
}
