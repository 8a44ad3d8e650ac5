package document

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"harness/internal/escape"
	"harness/registry"
	"harness/registry/journal"
)

// trialLine is a trial in the list of trials.
type trialLine struct {
	ID, Row, State, Took, CPU string
	Seed                      int64
	Runs, Reruns              int
}

// failure is a try that did not come to its end.
type failure struct {
	ID, Row, Class, Reason string
	Seed                   int64
	Number                 int
	Final                  bool // the trial has not been done since
}

// trialLines lists the trials in the order of the plan.
func (r *Record) trialLines() []trialLine {
	list := make([]trialLine, len(r.Trials))
	for i, t := range r.Trials {
		line := trialLine{ID: t.ID, Row: escape.Line(t.Row), Seed: t.Seed, State: cmp.Or(string(t.State), "not started")}
		for _, a := range t.Attempts {
			if a.Purpose == journal.PurposeRun {
				line.Runs++
			} else {
				line.Reruns++
			}
		}
		if a := t.result(); a != nil && !a.Ended.IsZero() {
			line.Took = a.Ended.Sub(a.Started).Round(time.Second).String()
			line.CPU = seconds(a.CPUSeconds)
		}
		list[i] = line
	}
	return list
}

// seconds is a time that is known, else "".
func seconds(s float64) string {
	if s <= 0 {
		return ""
	}
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}

// failures lists what did not come to its end: trials that failed, and tries before one that did.
func (r *Record) failures() []failure {
	var list []failure
	for _, t := range r.Trials {
		for _, a := range t.Attempts {
			ended := a.State == registry.Done || a.State == registry.Running && t.State == registry.Running
			if a.Purpose != journal.PurposeRun || ended {
				continue
			}
			state := a.State
			if state == registry.Running { // its process is gone: the state of the trial says so
				state = registry.Interrupted
			}
			class := cmp.Or(string(a.Class), string(state))
			list = append(list, failure{ID: t.ID, Row: escape.Line(t.Row), Seed: t.Seed, Number: a.Number, Class: class,
				Reason: escape.Line(a.Error), Final: t.State != registry.Done})
		}
	}
	return list
}

// states says how many trials there are of each state.
func (r *Record) states() string {
	counts := map[registry.State]int{}
	for _, t := range r.Trials {
		counts[t.State]++
	}
	parts := []string{}
	for _, s := range []registry.State{registry.Done, registry.Stopped, registry.Running, registry.Failed, registry.Interrupted, registry.Queued, ""} {
		if n := counts[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, cmp.Or(string(s), "not started")))
		}
	}
	return strings.Join(parts, ", ")
}

// fact is something that trials have in common, with how many of them have it.
type fact struct {
	Name   string
	Values []shared
}

// shared is one value with the trials that have it.
type shared struct {
	Value  string
	Trials string // "all", or their IDs, or how many they are
}

// mostIDs bounds the trials that a fact names.
const mostIDs = 6

// facts says what ran on what, over the attempts whose numbers count, or the newest where none does. Names of hosts and folders are not among them.
func (r *Record) facts() []fact {
	var of []*registry.Attempt
	var ids []string
	for _, t := range r.Trials {
		if a := t.result(); a != nil {
			of, ids = append(of, a), append(ids, t.ID)
		}
	}
	var list []fact
	for _, f := range []struct {
		name string
		of   func(a *registry.Attempt) string
	}{
		{"harness", func(a *registry.Attempt) string { return a.Harness }},
		{"build (digest of the program)", func(a *registry.Attempt) string { return a.BinaryHash }},
		{"Go", func(a *registry.Attempt) string { return a.GoVersion }},
		{"code: commit", func(a *registry.Attempt) string { return a.Commit }},
		{"code: digest of changes that were not committed", func(a *registry.Attempt) string { return a.DiffHash }},
		{"code: snapshot of the folder", func(a *registry.Attempt) string { return a.Code }},
		{"data: digest", func(a *registry.Attempt) string { return a.DataHash }},
		{"engine", func(a *registry.Attempt) string { return a.Engine }},
		{"kernels", func(a *registry.Attempt) string { return a.Kernels }},
		{"threads of a trial", func(a *registry.Attempt) string { return positive("%d", a.Threads) }},
		{"CPU", func(a *registry.Attempt) string { return a.CPU }},
		{"cores", func(a *registry.Attempt) string { return positive("%d", a.Cores) }},
		{"GPU", func(a *registry.Attempt) string { return a.GPU }},
		{"driver", func(a *registry.Attempt) string { return a.Driver }},
	} {
		values := make([]string, len(of))
		for i, a := range of {
			values[i] = f.of(a)
		}
		if values := sharedOf(values, ids); len(values) > 0 {
			list = append(list, fact{f.name, values})
		}
	}
	return list
}

func positive(format string, n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

// sharedOf gathers equal values, in the order in which they come; those that are not known are not among them.
func sharedOf(values, ids []string) []shared {
	var order []string
	of := map[string][]string{}
	for i, v := range values {
		if v == "" {
			continue
		}
		if of[v] == nil {
			order = append(order, v)
		}
		of[v] = append(of[v], ids[i])
	}
	var list []shared
	for _, v := range order {
		s := shared{escape.Line(v), strings.Join(of[v], " ")}
		switch n := len(of[v]); {
		case n == len(ids):
			s.Trials = "all"
		case n > mostIDs:
			s.Trials = fmt.Sprintf("%d of %d", n, len(ids))
		}
		list = append(list, s)
	}
	return list
}

// costs says when the trials ran and what that took, as far as it is known.
func (r *Record) costs() []Setting {
	var first, last time.Time
	var wall time.Duration
	var cpu float64
	var memory int64
	tries, unknown := 0, 0
	for _, t := range r.Trials {
		for _, a := range t.Attempts {
			if t.Spec.Imported != "" {
				continue
			}
			tries++
			if first.IsZero() || a.Started.Before(first) {
				first = a.Started
			}
			if a.Ended.IsZero() {
				unknown++
				continue
			}
			if a.Ended.After(last) {
				last = a.Ended
			}
			wall += a.Ended.Sub(a.Started)
			cpu, memory = cpu+a.CPUSeconds, max(memory, a.PeakMemory)
		}
	}
	if tries == 0 {
		return nil
	}
	list := []Setting{{"tries, reruns among them", fmt.Sprint(tries)}, {"first started", utc(first)}, {"last ended", utc(last)}, {"time of all tries, added up", seconds(wall.Seconds())},
		{"CPU time of all tries, where it was measured", seconds(cpu)}}
	if memory > 0 {
		list = append(list, Setting{"most memory of a try", fmt.Sprintf("%.1f MiB", float64(memory)/(1<<20))})
	}
	if unknown > 0 {
		list = append(list, Setting{"tries whose end is not known, in none of these sums", fmt.Sprint(unknown)})
	}
	return slices.DeleteFunc(list, func(s Setting) bool { return s.Value == "" })
}

func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}
