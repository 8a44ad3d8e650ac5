package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/registry"
	"harness/runner/live"
)

// topOrder is how the trials of a sweep are sorted.
type topOrder string

const (
	byStart topOrder = "start"
	byLeft  topOrder = "what is left"
	byLabel topOrder = "label"
)

// next is the order that follows.
func (o topOrder) next() topOrder {
	switch o {
	case byStart:
		return byLeft
	case byLeft:
		return byLabel
	}
	return byStart
}

// sorted are the trials in that order; those of which nothing is known stand last.
func (o topOrder) sorted(trials []live.Row) []live.Row {
	list := slices.Clone(trials)
	switch o {
	case byLeft:
		left := func(t live.Row) time.Duration {
			if t.Left == nil {
				return math.MaxInt64
			}
			return t.Left.Left
		}
		slices.SortStableFunc(list, func(a, b live.Row) int { return int(max(-1, min(1, left(a)-left(b)))) })
	case byLabel:
		slices.SortStableFunc(list, func(a, b live.Row) int { return strings.Compare(a.Label, b.Label) })
	default:
		slices.SortStableFunc(list, func(a, b live.Row) int { return int(max(-1, min(1, b.Elapsed-a.Elapsed))) })
	}
	return list
}

// noTrial selects none.
const noTrial = ""

// topFrame is what top shows at a moment.
type topFrame struct {
	sweeps        []view.LiveSweep
	handle        string // of the sweep that was asked for; "" = all
	now           time.Time
	width, height int // height is 0 where there is room for all
	order         topOrder
	selected      string // ID of a trial
	paint         live.Paint
}

// selectable lists the trials as they are shown.
func (f topFrame) selectable() (list []live.Row) {
	for _, s := range f.sweeps {
		list = append(list, f.order.sorted(s.Shown)...)
	}
	return list
}

// body are the lines about the sweeps.
func (f topFrame) body() []string {
	if len(f.sweeps) == 0 {
		if f.handle != "" {
			return []string{live.Clip(escape.Line(fmt.Sprintf("sweep %s is not running", f.handle)), f.width-1)}
		}
		return []string{live.Clip("no sweep is running here", f.width-1)}
	}
	var lines []string
	for i, s := range f.sweeps {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, f.sweep(s)...)
	}
	return lines
}

// sweep are the lines about one sweep.
func (f topFrame) sweep(s view.LiveSweep) []string {
	head := []string{view.CountsText(s.Counts)}
	if e := s.Estimate.String(); e != "" {
		head = append(head, e)
	}
	head = append(head, "running for "+live.Duration(f.now.Sub(s.Started))+" "+s.Where())
	lines := []string{live.Clip(escape.Line(s.Sweep)+": "+strings.Join(head, "; "), f.width-1)}
	for _, a := range s.Aside {
		lines = append(lines, live.Clip("  GPU "+a.GPU+" is set aside: "+escape.Line(a.Why), f.width-1))
	}
	trials := f.order.sorted(s.Shown)
	for i, line := range live.Lines(trials, f.width-2) {
		if trials[i].ID == f.selected {
			lines = append(lines, "> "+line)
		} else {
			lines = append(lines, "  "+line)
		}
	}
	for _, k := range s.Failures {
		state := "  " + string(registry.Failed)
		line := live.Clip(fmt.Sprintf("%s  %s  %s: %s", state, k.ID[:min(8, len(k.ID))], escape.Line(k.Label), escape.Line(k.Reason)), f.width-1)
		if rest, whole := strings.CutPrefix(line, state); whole {
			line = f.paint.State(registry.Failed, state) + rest
		}
		lines = append(lines, line)
	}
	return lines
}

// screen are the lines of a terminal: as many as it has, with the selected trial among them, and the keys in the last one.
func (f topFrame) screen() []string {
	lines := f.body()
	room := max(1, f.height-1)
	if len(lines) > room {
		at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "> ") })
		from := min(max(0, at-room/2), len(lines)-room+1)
		hidden := len(lines) - (room - 1)
		lines = append(slices.Clone(lines[from:from+room-1]), live.Clip(fmt.Sprintf("and %s more", counted(hidden, "line")), f.width-1))
	}
	for len(lines) < room {
		lines = append(lines, "")
	}
	keys := fmt.Sprintf("q quit  up/down select  l log  s sort (by %s)", f.order)
	return append(lines[:room], f.paint.Faint(live.Clip(f.now.Format("15:04:05")+"  "+keys, f.width-1)))
}
