package eta

import (
	"math"
	"slices"
	"strings"
	"time"

	"harness/registry"
)

// comparer tells durations of trials from those of others.
type comparer struct {
	ended     []reference            // newest first, the newest only
	projected []reference            // running trials, as they will have ended
	older     map[string][]reference // the others that have ended, by setting
	wholes    map[string]answer      // of trials that wait, by setting
	slopes    map[string]slopes      // by stages, once they are asked for
}

// answer is a guess, and how many trials tell it: of the same setting, and of others.
type answer struct {
	guess
	same, like int
}

func (a answer) known() bool { return a.same+a.like > 0 }

// reference is a trial that others are compared with.
type reference struct {
	Timing
	weight float64 // by how many have ended since, and by how far it came
	own    float64 // the same among those of its setting
	sigma  float64 // of its duration
	kin    bool    // of another sweep
	log    float64 // of its duration, by its settings
	part   float64 // of a running trial, how far it is; 0 = it has ended
	stages string  // Timing.stages
}

// share is how much a reference tells of durations.
func (r reference) share() float64 {
	if r.part == 0 {
		return 1
	}
	return r.part
}

const (
	kept     = 64 // newest references; of its own setting a trial has all
	halfAge  = 3  // trials that ended since, until a reference counts half
	differ   = 1.5
	kinship  = 0.02 // what another setting of another sweep counts
	sameKin  = 0.5  // what the same setting of another sweep counts
	least    = 0.1  // relative error of the best estimate
	perParam = 0.3  // and what another setting adds to it, for each difference
	perHome  = 0.15 // and another time
	perStage = 3    // differences that a stage counts which only one of two trials has: one that trains nothing tells next to nothing of one that does
)

func newComparer(s Sweep) *comparer {
	c := &comparer{older: map[string][]reference{}, wholes: map[string]answer{}}
	for i, list := range [][]Timing{s.Trials, s.Earlier} {
		for _, t := range list {
			if (t.State == registry.Done || t.State == registry.Stopped) && t.Took > 0 {
				c.ended = append(c.ended, reference{Timing: t, sigma: least, kin: i == 1, stages: t.stages()})
			}
		}
	}
	slices.SortStableFunc(c.ended, func(a, b reference) int { return b.Ended.Compare(a.Ended) })
	count := map[string]int{}
	for i := range c.ended {
		r := &c.ended[i]
		r.weight, r.own = faded(i), faded(count[r.Setting])
		count[r.Setting]++
	}
	if len(c.ended) > kept {
		for _, r := range c.ended[kept:] {
			c.older[r.Setting] = append(c.older[r.Setting], r)
		}
		c.ended = c.ended[:kept]
	}
	return c
}

// faded is what counts of a reference since which so many others have ended.
func faded(since int) float64 { return math.Exp2(-float64(min(since, 8*halfAge)) / halfAge) }

// projects makes a running trial a reference: it will have taken what it has and what is left.
func (c *comparer) projects(t Timing, elapsed time.Duration, g guess) {
	if t.Resumed {
		return // it has not taken all of it now
	}
	total := elapsed.Seconds() + g.seconds
	t.Took = seconds(total)
	share := elapsed.Seconds() / total
	c.projected = append(c.projected, reference{Timing: t, weight: share, own: share, part: share, sigma: least + g.sigma*(1-share), stages: t.stages()})
}

// likeness is how much a reference tells of a trial, and how much the settings between them may change.
func likeness(t Timing, r reference) (weight, sigma float64) {
	same := t.Setting == r.Setting
	switch {
	case same && !r.kin:
		return 1, 0
	case same:
		return sameKin, perHome
	case r.kin:
		return kinship, 2 * perParam
	}
	others := 0
	for path, value := range t.Params {
		if r.Params[path] != value {
			others++
		}
	}
	for path := range r.Params {
		if _, has := t.Params[path]; !has {
			others++
		}
	}
	if t.Resumes && r.Resumes {
		others += perStage * t.Announced.apart(r.Announced)
	}
	others = max(1, others)
	return math.Exp(-differ * float64(others)), perParam * math.Sqrt(float64(others))
}

// each calls fn with the references that tell something of a trial.
func (c *comparer) each(t Timing, fn func(r reference, weight, sigma float64), lists ...[]reference) {
	for _, list := range lists {
		for _, r := range list {
			weight, sigma := likeness(t, r)
			age := r.weight
			if r.Setting == t.Setting {
				age = r.own
			}
			fn(r, weight*age, math.Hypot(sigma, r.sigma))
		}
	}
}

// rest is how long a running trial takes from now on.
func (c *comparer) rest(t Timing, elapsed time.Duration) (guess, bool) {
	var m mean
	kin := false // others of the sweep tell nothing
	add := func(r reference, weight, sigma float64) {
		left, ok := t.leftBy(r.Timing, elapsed)
		if !ok || r.kin && t.Setting != r.Setting && !kin {
			return
		}
		m.add(left, sigma, weight)
	}
	c.each(t, add, c.ended, c.older[t.Setting])
	if m.weight == 0 {
		kin = true
		c.each(t, add, c.ended, c.older[t.Setting])
	}
	own, ok := t.announcedLeft(elapsed)
	if ok && m.weight == 0 {
		return own, true
	}
	if m.weight == 0 {
		return c.byTime(t, elapsed)
	}
	return m.guess(), true
}

// byTime is how long a running trial takes from now on, where nothing tells how far it is: as long as others that took longer. Who has
// taken longer than all of them takes longer.
func (c *comparer) byTime(t Timing, elapsed time.Duration) (guess, bool) {
	var m mean
	some := false
	c.each(t, func(r reference, weight, sigma float64) {
		if r.kin && r.Setting != t.Setting {
			return
		}
		some = true
		if took := r.tookAs(t); took > elapsed {
			m.add((took - elapsed).Seconds(), math.Hypot(sigma, 0.5), weight)
		}
	}, c.ended, c.older[t.Setting])
	if m.weight > 0 {
		return m.guess(), true
	}
	return guess{0.1 * elapsed.Seconds(), 1}, some
}

// tookAs is how long r would have taken with the steps that t has announced.
func (r reference) tookAs(t Timing) time.Duration {
	took := r.Took
	if t.Announced == nil {
		return took
	}
	for i, a := range r.Announced {
		k := r.Course.find(r.Announced, i)
		if k < 0 || a.Total <= 0 {
			continue
		}
		ratio := 0.0
		if j := t.Announced.find(r.Announced, i); j >= 0 {
			ratio = float64(t.Announced[j].Total) / float64(a.Total)
		}
		took += time.Duration((ratio - 1) * float64(r.Course.end(k, r.Took)-r.Course[k].Began))
	}
	return max(0, took)
}

// leftBy is how long a running trial takes from now on, if it goes as r went.
func (t Timing) leftBy(r Timing, elapsed time.Duration) (float64, bool) {
	if len(t.Course) == 0 || len(r.Course) == 0 {
		at := elapsed
		if len(r.Course) > 0 {
			at = min(at, r.Course[0].Began)
		}
		return (r.Took - at).Seconds(), r.Took > at
	}
	i := len(t.Course) - 1
	k := r.Course.find(t.Course, i)
	if k < 0 {
		return 0, false
	}
	now := t.Course[i]
	at, ok := r.Course.at(k, now.share(now.Last), r.Took)
	if !ok {
		return 0, false
	}
	if now.Total <= 0 {
		at = min(r.Course.end(k, r.Took), at+now.Heard-now.Began)
	}
	pace, own := t.Course.pace(r.Course, r.Took)
	sure := own / (own + 1 + 0.01*r.Took.Seconds())
	silent := (elapsed - now.Heard).Seconds()
	left := (r.Took-at).Seconds()*math.Pow(pace, sure) - silent
	return math.Max(left, 0.05*silent), true
}

// announcedLeft is how long a running trial takes from now on by what it has announced: steps, which take as long in later stages as they
// did until now.
func (t Timing) announcedLeft(elapsed time.Duration) (guess, bool) {
	for i := len(t.Course) - 1; i >= 0 && t.Announced != nil; i-- {
		k := t.Announced.find(t.Course, i)
		if k < 0 {
			continue
		}
		last := t.Announced[len(t.Announced)-1]
		took := last.Began + time.Duration(last.Total)*time.Second
		now := t.Course[i]
		share := now.share(now.Last)
		if i+1 < len(t.Course) {
			share = 1
		}
		at, ok := t.Announced.at(k, share, took)
		pace, own := t.Course.pace(t.Announced, took)
		if !ok || own == 0 {
			return guess{}, false
		}
		left := (took-at).Seconds()*pace - (elapsed - now.Heard).Seconds()
		sigma := least + 0.3*(1-share)
		if len(t.Announced) > 1 && k+1 < len(t.Announced) {
			sigma = 0.7
		}
		return guess{math.Max(left, 0.05*(elapsed-now.Heard).Seconds()), sigma}, true
	}
	return guess{}, false
}

// stages are the names of those that the settings of a trial of the built-in trainer tell of; what a program says of its own is known of those alone
// that have begun.
func (t Timing) stages() string {
	if !t.Resumes {
		return ""
	}
	var list []string
	for _, s := range t.Announced {
		list = append(list, s.Name)
	}
	return strings.Join(list, "\n")
}

// fit finds out how settings change durations, among trials of the same stages: that one trains and another does not is no matter of settings.
func (c *comparer) fit() {
	if c.slopes != nil {
		return
	}
	c.slopes = map[string]slopes{}
	like := map[string][]reference{}
	for _, r := range slices.Concat(c.ended, c.projected) {
		like[r.stages] = append(like[r.stages], r)
	}
	for stages, list := range like {
		c.slopes[stages] = fit(list)
	}
	for _, list := range [][]reference{c.ended, c.projected} {
		for i := range list {
			list[i].log = c.slopes[list[i].stages].log(list[i].Timing)
		}
	}
}

// whole is how long a trial takes that waits.
func (c *comparer) whole(t Timing) (a answer) {
	fresh := t.State == registry.Queued || !t.Resumes || len(t.Course) == 0
	if known, has := c.wholes[t.Setting]; has && fresh {
		return known
	}
	c.fit()
	stages := t.stages()
	own := c.slopes[stages].log(t)
	var m mean
	c.each(t, func(r reference, weight, sigma float64) {
		if weight == 0 || r.kin && r.Setting != t.Setting {
			return
		}
		took := r.tookAs(t).Seconds()
		if !r.kin && r.Setting != t.Setting && r.stages == stages {
			took *= factor(own, r.log)
		}
		if !fresh {
			if left, ok := t.leftBy(r.Timing, t.Course[len(t.Course)-1].Heard); ok {
				took = left
			}
		}
		m.add(took, sigma, weight)
		if r.Setting == t.Setting {
			a.same++
		} else {
			a.like++
		}
	}, c.ended, c.older[t.Setting], c.projected)
	if a.guess = m.guess(); fresh {
		c.wholes[t.Setting] = a
	}
	return a
}

// mean is a weighted mean of durations.
type mean struct{ weight, sum, square, sigma float64 }

func (m *mean) add(seconds, sigma, weight float64) {
	m.weight += weight
	m.sum += weight * seconds
	m.square += weight * seconds * seconds
	m.sigma += weight * sigma * sigma
}

func (m mean) guess() guess {
	if m.weight == 0 || m.sum <= 0 {
		return guess{0, 1}
	}
	middle := m.sum / m.weight
	spread := math.Max(0, m.square/m.weight-middle*middle) / middle / middle
	return guess{middle, math.Sqrt(spread + m.sigma/m.weight)}
}
