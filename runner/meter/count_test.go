package meter

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestCounterFollowsFamilies plays random families of processes that compute, fork, end and are waited for, read at random moments, and
// compares the sum with the truth.
func TestCounterFollowsFamilies(t *testing.T) {
	const families = 300
	for seed := range uint64(families) {
		random := rand.New(rand.NewPCG(seed, 1))
		all := map[int]process{1: {started: 1}}
		var c counter
		truth, counted := 0.0, 0.0
		next := 2
		for range 400 {
			pids := make([]int, 0, len(all))
			for pid := range next {
				if _, ok := all[pid]; ok {
					pids = append(pids, pid)
				}
			}
			pid := pids[random.IntN(len(pids))]
			p := all[pid]
			switch what := random.IntN(10); {
			case what < 5:
				spent := random.Float64()
				p.own += spent
				truth += spent
				all[pid] = p
			case what < 7 && len(all) < 12:
				all[next] = process{parent: pid, started: uint64(next)}
				next++
			case what < 9 && pid != 1 && childless(all, pid): // it ends and its parent waits for it
				parent := all[p.parent]
				parent.waited += p.own + p.waited
				all[p.parent] = parent
				delete(all, pid)
			default:
				now := map[int]process{}
				for pid, p := range all {
					now[pid] = p
				}
				counted += c.count(now).cpu
			}
		}
		counted += c.count(all).cpu
		if math.Abs(counted-truth) > 1e-6 {
			t.Fatalf("family %d: %.6f s are counted of %.6f", seed, counted, truth)
		}
	}
}

func childless(all map[int]process, pid int) bool {
	for _, p := range all {
		if p.parent == pid {
			return false
		}
	}
	return true
}

// TestParentsAreReadFirst: a child that ends between the reading of its parent and its own is not counted twice.
func TestParentsAreReadFirst(t *testing.T) {
	var c counter
	sum := c.count(map[int]process{1: {started: 1, own: 1}, 2: {parent: 1, started: 2, own: 5}}).cpu
	sum += c.count(map[int]process{1: {started: 1, own: 1}}).cpu              // 2 has ended since 1 was read
	sum += c.count(map[int]process{1: {started: 1, own: 2, waited: 5.5}}).cpu // now it shows
	if sum != 7.5 {
		t.Errorf("%v s, want 7.5", sum)
	}
}

// TestNumbersAreUsedAgain: another process with the number of one that has ended is another.
func TestNumbersAreUsedAgain(t *testing.T) {
	var c counter
	sum := c.count(map[int]process{1: {started: 1}, 2: {parent: 1, started: 2, own: 5}}).cpu
	sum += c.count(map[int]process{1: {started: 1, waited: 6}, 2: {parent: 1, started: 9, own: 1}}).cpu
	if sum != 7 {
		t.Errorf("%v s, want 7", sum)
	}
}

// TestNobodyWaited: what was seen of a process that nobody waited for stays counted, and what others compute meanwhile is, too.
func TestNobodyWaited(t *testing.T) {
	var c counter
	sum := c.count(map[int]process{1: {started: 1}, 2: {parent: 1, started: 2, own: 5}}).cpu
	for own := range 4 {
		sum += c.count(map[int]process{1: {started: 1, own: float64(own + 1)}}).cpu
	}
	if sum != 9 {
		t.Errorf("%v s, want 9", sum)
	}
}
