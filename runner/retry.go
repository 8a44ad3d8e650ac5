package runner

import (
	"slices"
	"time"

	"harness/registry"
	"harness/registry/journal"
)

// The rule by which trials are tried again; docs/programs.md tells it to users.
//
// A trial that failed is tried again when the class of its failure is one of Options.RetryOn, up to Options.Retries more
// times. All its attempts of that class count, whatever call of sweep made them, since the last redo; of a full disk only
// those of this call. In between is a pause of 1 s, 2 s, 4 s, … up to a minute, in which other trials run. What was
// interrupted (asked to stop, its sweep killed, the machine restarted) goes on in the next call and is not counted.

// DefaultRetryOn are the classes of failures that are tried again where nothing else is said.
var DefaultRetryOn = []journal.Class{journal.ClassKilled, journal.ClassMemory, journal.ClassDisk}

const (
	firstBackoff   = time.Second
	longestBackoff = time.Minute
)

// Retry applies the rule to a trial whose newest attempt has failed in this way. attempts are all that it had, those up to
// redoAfter are history, and before is the number of the newest when this call of sweep began.
func (o *Options) Retry(class journal.Class, attempts []registry.Attempt, redoAfter, before int) (pause time.Duration, again bool) {
	failures := 0
	for _, a := range attempts {
		counts := a.Purpose == journal.PurposeRun && a.State == registry.Failed && a.Class == class && a.Number > redoAfter
		if counts && (class != journal.ClassDisk || a.Number > before) {
			failures++
		}
	}
	return o.retry(class, failures)
}

// retry reports whether a trial is tried again that has failed so often in this way, and after what pause.
func (o *Options) retry(class journal.Class, failures int) (pause time.Duration, again bool) {
	on := o.RetryOn
	if on == nil {
		on = DefaultRetryOn
	}
	return o.backoff(failures), slices.Contains(on, class) && failures <= o.Retries
}

// backoff is the pause before the next attempt after so many failures.
func (o *Options) backoff(failures int) time.Duration {
	pause := o.Backoff
	if pause == 0 {
		pause = firstBackoff
	}
	for range failures - 1 {
		if pause *= 2; pause >= longestBackoff {
			return longestBackoff
		}
	}
	return pause
}
