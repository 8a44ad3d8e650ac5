package view

import (
	"time"

	"harness/registry"
)

// Left is how long a sweep takes from now on, where so many trials run at a time: what its finished trials took on average, for those that
// wait, and for those that run what is left of it. It is false where no trial has finished yet, or none is left.
func Left(trials []Listed, parallel int, now time.Time) (time.Duration, bool) {
	var spent time.Duration
	finished, waiting := 0, 0
	for _, t := range trials {
		switch {
		case t.State == registry.Queued || t.State == registry.Interrupted:
			waiting++
		case t.State == registry.Done && t.Started != nil && t.Ended != nil:
			spent, finished = spent+t.Ended.Sub(*t.Started), finished+1
		}
	}
	if finished == 0 {
		return 0, false
	}
	usual := spent / time.Duration(finished)
	left, running := usual*time.Duration(waiting), 0
	for _, t := range trials {
		if t.State == registry.Running && t.Started != nil {
			left, running = left+max(0, usual-now.Sub(*t.Started)), running+1
		}
	}
	return left / time.Duration(max(1, parallel)), waiting+running > 0
}
