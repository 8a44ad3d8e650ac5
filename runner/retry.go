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

// retryable reports whether a trial that has failed is tried again, and after what pause; attempts are all that it had.
func (r *run) retryable(k *job, t registry.Trial, attempts []registry.Attempt) (pause time.Duration, again bool) {
	failures, counted := failuresOf(t, attempts, r.options.RetryOn, k.before)
	if !counted {
		return 0, false
	}
	return r.backoff(failures), failures <= r.options.Retries
}

// Retried reports whether a sweep with such options, which runs, tries a trial again that has failed; attempts are all that it had.
func Retried(t registry.Trial, attempts []registry.Attempt, on []journal.Class, retries int) bool {
	failures, counted := failuresOf(t, attempts, on, 0)
	return counted && failures <= retries
}

// failuresOf counts the failures of the class of the newest one, if that is tried again. before is the newest attempt of an earlier call,
// whose full disk says nothing about that of now.
func failuresOf(t registry.Trial, attempts []registry.Attempt, on []journal.Class, before int) (failures int, counted bool) {
	class := t.Newest.Class
	if on == nil {
		on = DefaultRetryOn
	}
	if !slices.Contains(on, class) {
		return 0, false
	}
	for _, a := range attempts {
		counts := a.Purpose == journal.PurposeRun && a.State == registry.Failed && a.Class == class && a.Number > t.RedoAfter
		if counts && (class != journal.ClassDisk || a.Number > before) {
			failures++
		}
	}
	return failures, true
}

// backoff is the pause before the next attempt after so many failures.
func (r *run) backoff(failures int) time.Duration {
	pause := r.options.Backoff
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
