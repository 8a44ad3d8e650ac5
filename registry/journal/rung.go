package journal

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"harness/internal/jsonfloat"
)

// Rung is what a rule for early stopping said of an attempt when it had come to a rung, which is a step of a metric.
// Package runner/earlystop has the rules. What they say depends on how far the other trials were: hence all of it is kept.
type Rung struct {
	Rule      string           `json:"rule"` // median or asha
	Metric    string           `json:"metric"`
	Goal      string           `json:"goal"` // maximize or minimize
	Rung      int64            `json:"rung"`
	Step      int64            `json:"step"`           // of the first point from the rung on
	Value     jsonfloat.Float  `json:"value"`          // of median the best up to Step, of asha the one at Step; NaN or infinite where that at Step is
	Threshold *jsonfloat.Float `json:"threshold"`      // the worst value that goes on; null where there was too little to compare with
	Compared  int              `json:"compared"`       // values: of median those of the other trials, of asha the own one, too
	Kept      int              `json:"kept,omitempty"` // of asha: how many of them go on
	Stop      bool             `json:"stop"`
}

const stoppedPrefix = "stopped early at step "

// String says it to people: "stopped early at step 200: acc 0.41 at best, below the median 0.56 of 7 trials".
func (r Rung) String() string {
	head := "goes on at step "
	if r.Stop {
		head = stoppedPrefix
	}
	return fmt.Sprintf("%s%d: %s %s", head, r.Step, r.Metric, r.why())
}

func (r Rung) why() string {
	value := short(float64(r.Value))
	beyond, among := "below", "among"
	if r.Goal == "minimize" {
		beyond = "above"
	}
	switch {
	case math.IsNaN(float64(r.Value)) || math.IsInf(float64(r.Value), 0):
		return "is " + value
	case r.Rule == "median" && r.Threshold == nil:
		return fmt.Sprintf("%s at best; too few other trials are done to compare with (%d)", value, r.Compared)
	case r.Rule == "median":
		if !r.Stop {
			beyond = "not " + beyond
		}
		return fmt.Sprintf("%s at best, %s the median %s of %s", value, beyond, short(float64(*r.Threshold)), trials(r.Compared))
	case r.Threshold == nil: // of a rule that is not known here
		return value
	}
	if r.Stop {
		among = "not among"
	}
	return fmt.Sprintf("%s, %s the best %d of %s, which begin at %s", value, among, r.Kept, trials(r.Compared), short(float64(*r.Threshold)))
}

// StoppedAt is the step at which an attempt was stopped early, read from the reason that is recorded of it.
func StoppedAt(reason string) (step int64, ok bool) {
	rest, ok := strings.CutPrefix(reason, stoppedPrefix)
	number, _, found := strings.Cut(rest, ":")
	if !ok || !found {
		return 0, false
	}
	step, err := strconv.ParseInt(number, 10, 64)
	return step, err == nil
}

const rungPrefix = "rung/"

// RungKey is the key of the note that tells what was said at a rung.
func RungKey(rung int64) string { return rungPrefix + strconv.FormatInt(rung, 10) }

// short is a number with four digits.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func trials(n int) string {
	if n == 1 {
		return "1 trial"
	}
	return fmt.Sprintf("%d trials", n)
}
