package eta

import (
	"math"
	"time"
)

// Course is how far an attempt came and when: its stages in order.
type Course []Stage

// Stage is a part of an attempt, as the trial has named it.
type Stage struct {
	Name         string
	Total        int           // steps; 0 = not known
	First, Last  int           // the steps that were heard of first and last
	Began, Heard time.Duration // when that was, since the attempt started
}

// Hear adds what an attempt has said, so long after its start.
func (c *Course) Hear(at time.Duration, name string, step, total int) {
	if name == "" && total <= 0 {
		return // it has said nothing yet
	}
	if n := len(*c); n > 0 {
		if last := &(*c)[n-1]; last.Name == name && step >= last.Last {
			if step > last.Last {
				last.Last, last.Heard = step, at
			}
			last.Total = total
			return
		}
	}
	*c = append(*c, Stage{Name: name, Total: total, First: step, Last: step, Began: at, Heard: at})
}

// share is the part of its steps that a stage has done up to a step.
func (s Stage) share(step int) float64 {
	if s.Total <= 0 {
		return 0
	}
	return math.Min(1, math.Max(0, float64(step)/float64(s.Total)))
}

// find is the index of the stage that has the same name, and comes as often before, as stage i of o; -1 = none.
func (c Course) find(o Course, i int) int {
	nth := 0
	for _, s := range o[:i] {
		if s.Name == o[i].Name {
			nth++
		}
	}
	for k, s := range c {
		if s.Name == o[i].Name {
			if nth == 0 {
				return k
			}
			nth--
		}
	}
	return -1
}

// end is when stage k ended in an attempt that took so long.
func (c Course) end(k int, took time.Duration) time.Duration {
	if k+1 < len(c) {
		return c[k+1].Began
	}
	return max(took, c[k].Heard)
}

// at is when stage k had done a share of its steps, in an attempt that took so long. It is false where the attempt did not come so far.
func (c Course) at(k int, share float64, took time.Duration) (time.Duration, bool) {
	s := c[k]
	first, last := s.share(s.First), s.share(s.Last)
	if k+1 < len(c) || s.Total <= 0 {
		last = 1 // it went on to the next
	}
	if share > last {
		return 0, false
	}
	until := c.end(k, took)
	if k+1 == len(c) && last < 1 { // it was stopped there
		until = s.Heard
	}
	if last <= first {
		return until, true
	}
	part := math.Max(0, (share-first)/(last-first))
	return s.Began + time.Duration(part*float64(until-s.Began)), true
}

// pace is how much longer c takes than o for the same steps, o having taken so long in all; own is the time that this was seen over,
// in seconds. What lies back counts less: machines change.
func (c Course) pace(o Course, took time.Duration) (pace, own float64) {
	var ours, theirs, weight float64 = 0, 0, 1
	for i := len(c) - 1; i >= 0; i-- {
		k := o.find(c, i)
		if k < 0 || c[i].Total <= 0 {
			continue
		}
		from, ok := o.at(k, c[i].share(c[i].First), took)
		to, reached := o.at(k, c[i].share(c[i].Last), took)
		if !ok || !reached || to <= from {
			continue
		}
		spent := c[i].Heard - c[i].Began
		if i+1 < len(c) && c[i].Last >= c[i].Total { // the steps are done, but not what comes behind them
			to = max(to, o.end(k, took))
			spent = c[i+1].Began - c[i].Began
		}
		own += spent.Seconds()
		ours, theirs = ours+weight*spent.Seconds(), theirs+weight*(to-from).Seconds()
		weight /= 2
	}
	if ours <= 0 || theirs <= 0 {
		return 1, 0
	}
	return ours / theirs, own
}

// stageLeft is how long the stage takes that an attempt is in, which runs for so long.
func (c Course) stageLeft(elapsed time.Duration) (time.Duration, bool) {
	if len(c) == 0 {
		return 0, false
	}
	s := c[len(c)-1]
	if s.Last <= s.First || s.Total <= s.Last || s.Heard <= s.Began {
		return 0, false
	}
	step := float64(s.Heard-s.Began) / float64(s.Last-s.First)
	return max(0, time.Duration(step*float64(s.Total-s.Last))-(elapsed-s.Heard)), true
}

// apart is how many stages only one of two trials has.
func (c Course) apart(o Course) int {
	return c.without(o) + o.without(c)
}

func (c Course) without(o Course) (n int) {
	for i := range c {
		if o.find(c, i) < 0 {
			n++
		}
	}
	return n
}
