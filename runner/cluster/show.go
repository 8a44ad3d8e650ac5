package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/registry"
)

func (f *follower) say(format string, args ...any) {
	if f.Out != nil {
		fmt.Fprintf(f.Out, format+"\n", args...)
	}
}

// showStart says, once for each attempt, that a trial has begun.
func (f *follower) showStart(k *trial) {
	if k.Attempt <= k.shown {
		return
	}
	k.shown = k.Attempt
	again := ""
	if k.Attempt > 1 {
		again = fmt.Sprintf(" (attempt %d)", k.Attempt)
	}
	f.say("start   %s  %s%s: task %s", k.ID[:8], k.Label, again, taskName(k.batch, k.index))
}

// showCounts says how the sweep stands whenever that has changed.
func (f *follower) showCounts() {
	var done, early, failed, running, waiting int
	reason := ""
	for _, k := range f.all {
		switch {
		case k.State == registry.Done:
			done++
		case k.State == registry.Stopped:
			early++
		case k.over && k.State == registry.Failed:
			failed++
		case k.over:
		case k.status.State == Running:
			running++
		default:
			waiting++
			if !usualReasons[k.status.Reason] {
				reason = k.status.Reason
			}
		}
	}
	parts := []string{fmt.Sprintf("%d/%d done", done, len(f.all))}
	for _, part := range []struct {
		n    int
		what string
	}{{early, "stopped early"}, {failed, "failed"}, {running, "running"}, {waiting, "waiting"}} {
		if part.n > 0 {
			parts = append(parts, strconv.Itoa(part.n)+" "+part.what)
		}
	}
	if reason != "" {
		parts[len(parts)-1] += " (" + escape.Line(reason) + ")"
	}
	if text := strings.Join(parts, ", "); text != f.counts {
		f.counts = text
		f.say("        %s", text)
	}
}

// usualReasons are those for which a task of Slurm waits although nothing is wrong; all others are shown.
var usualReasons = map[string]bool{"": true, "None": true, "Priority": true, "Resources": true, "JobArrayTaskLimit": true, "BeginTime": true,
	"Cleaning": true}
