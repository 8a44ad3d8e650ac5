package meter

// process is one process of a tree at a moment.
type process struct {
	parent  int
	started uint64  // in the kernel's count: numbers of processes are used again
	own     float64 // seconds that it has computed
	waited  float64 // and those of its descendants that have ended and were waited for
	read    float64 // bytes from and to disks, those descendants included
	written float64
	io      bool
}

func (p process) total() cost { return cost{p.own + p.waited, p.read, p.written} }

// cost is what can be added up.
type cost struct{ cpu, read, written float64 }

func (c cost) plus(o cost) cost { return cost{c.cpu + o.cpu, c.read + o.read, c.written + o.written} }

// counter adds up what a tree has used although its processes come and go.
//
// What a process has used is known as long as it lives. When it has ended and its parent has waited for it, all of it turns up in the
// parent's counts, of which the part that was seen before is a debt: it has been counted. A debt is paid at the reading in which the
// process is missed or at the one after, since parents are read before their children. What ends and is not waited for has been counted
// up to the last reading.
type counter struct {
	known map[int]process
	debts map[int]debt // by the process that will have the counts
}

type debt struct{ now, before cost }

// count takes the processes that are there now, and returns what was used since they were counted last.
func (c *counter) count(now map[int]process) cost {
	c.addDebts(now)
	var used cost
	for pid, p := range now {
		before := c.known[pid]
		if before.started != p.started {
			before = process{}
		}
		d := c.debts[pid]
		used.cpu += max(0, p.own-before.own) + d.pay(p.waited-before.waited, func(c *cost) *float64 { return &c.cpu })
		used.read += d.pay(p.read-before.read, func(c *cost) *float64 { return &c.read })
		used.written += d.pay(p.written-before.written, func(c *cost) *float64 { return &c.written })
		if d == (debt{}) {
			delete(c.debts, pid)
		} else {
			c.debts[pid] = d
		}
	}
	c.known = now
	return used
}

// addDebts turns what is known of processes that are gone into debts of those who may have waited for them.
func (c *counter) addDebts(now map[int]process) {
	old := c.debts
	c.debts = map[int]debt{}
	for pid, d := range old {
		if c.lives(pid, now) && d.now != (cost{}) {
			c.debts[pid] = debt{before: d.now}
		}
	}
	for pid, p := range c.known {
		if c.lives(pid, now) {
			continue
		}
		heir := p.parent
		for range len(c.known) {
			parent, known := c.known[heir]
			if !known || c.lives(heir, now) {
				break
			}
			heir = parent.parent
		}
		if c.lives(heir, now) {
			d := c.debts[heir]
			d.now = d.now.plus(p.total())
			c.debts[heir] = d
		}
	}
}

// lives reports whether a process that is known is still there.
func (c *counter) lives(pid int, now map[int]process) bool {
	p, there := now[pid]
	before, known := c.known[pid]
	return there && known && p.started == before.started
}

// pay takes debts out of what a count has grown by.
func (d *debt) pay(grown float64, of func(*cost) *float64) float64 {
	for _, c := range [...]*cost{&d.before, &d.now} {
		owed := of(c)
		paid := min(*owed, max(0, grown))
		*owed -= paid
		grown -= paid
	}
	return max(0, grown)
}
