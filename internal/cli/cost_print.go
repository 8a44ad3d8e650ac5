package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"harness/internal/escape"
	"harness/model"
	"harness/model/spec"
	"harness/runner/eta"
	"harness/runner/forecast"
)

// print writes what the settings and the whole sweep take.
func (c *costs) print(w io.Writer, now time.Time) error {
	fmt.Fprintln(w)
	stages := c.stageNames()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := []string{"SETTING", "TRIALS"}
	trainer := slices.ContainsFunc(c.groups, func(g *costGroup) bool { return g.planned != nil })
	if trainer {
		head = append(head, "ENCODER")
		for _, s := range stages {
			head = append(head, strings.ToUpper(string(s)))
		}
		head = append(head, "MEMORY")
	}
	fmt.Fprintln(t, strings.Join(append(head, "TIME OF ONE", "KNOWN FROM"), "\t"))
	for _, g := range c.groups {
		cells := []string{escape.Line(g.row), g.trials()}
		if trainer {
			cells = append(cells, g.sizes(stages)...)
		}
		took, from := "", ""
		if g.done < g.count {
			took, from = timeText(c.typical(g)), fromText(g.from)
		}
		fmt.Fprintln(t, strings.Join(append(cells, took, from), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	c.printNotes(w, stages)
	fmt.Fprintln(w, c.summary(now))
	return nil
}

// trials is how many trials a setting has, and how many of them are done.
func (g *costGroup) trials() string {
	if g.done > 0 {
		return fmt.Sprintf("%d, %d done", g.count, g.done)
	}
	return fmt.Sprint(g.count)
}

// sizes are the parameters of the encoder, parameters and operations of each stage, and memory.
func (g *costGroup) sizes(stages []spec.Phase) []string {
	if g.planned == nil {
		return make([]string, len(stages)+2)
	}
	cells := []string{millions(g.planned.Encoder)}
	for _, name := range stages {
		cell := ""
		if p := g.stage(name); p != nil {
			cell = millions(p.Parameters) + ", " + g.operations(p)
		}
		cells = append(cells, cell)
	}
	return append(cells, model.Bytes(g.memory)+" "+string(g.kind))
}

// operations is the work of a stage in words, or of a step where their number is not known.
func (g *costGroup) operations(p *model.PlannedPhase) string {
	switch {
	case p.Uncounted:
		return "at most " + model.Operations(p.Step) + " a step"
	case g.planned.Bound:
		return "at most " + model.Operations(p.Work)
	case !g.planned.Exact:
		return "~" + model.Operations(p.Work)
	}
	return model.Operations(p.Work)
}

// millions is a number of parameters for people.
func millions(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2fB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0fk", float64(n)/1e3)
}

// timeText is an estimate with its range.
func timeText(s forecast.Sweep) string {
	if !s.Known {
		if s.Seconds < 1 {
			return "unknown"
		}
		return ">" + rough(s.Seconds)
	}
	text := "~" + rough(s.Seconds)
	if low, high := rough(s.Low), rough(s.High); low != high {
		text += " (" + low + "–" + high + ")"
	}
	return text
}

func rough(seconds float64) string { return eta.Rough(time.Duration(seconds * float64(time.Second))) }

// fromText says where an estimate comes from.
func fromText(f forecast.From) string {
	var parts []string
	if f.Trials > 0 {
		parts = append(parts, counted(f.Trials, "trial")+" of this setting")
	}
	if f.Like > 0 {
		parts = append(parts, counted(f.Like, "trial")+" like it")
	}
	if f.Measured {
		text := "measured now"
		if f.Rate > 0 {
			text += fmt.Sprintf(": %.2g GFLOP/s in training", f.Rate/1e9)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// printNotes explains the figures of the table: each sentence once.
func (c *costs) printNotes(w io.Writer, stages []spec.Phase) {
	var notes []string
	add := func(text string) {
		if text != "" && !slices.Contains(notes, text) {
			notes = append(notes, text)
		}
	}
	if len(stages) > 0 {
		add("Of each stage: parameters of the whole model, and operations of all its steps, for the first seed. Stages that trials share are trained once.")
	}
	for _, g := range c.groups {
		if g.problem != "" {
			add(escape.Line(g.row) + ": not counted: " + escape.Line(g.problem))
		}
		add(escape.Line(g.unmeasured))
		if g.planned == nil {
			continue
		}
		if g.planned.About != "" {
			add("About: " + g.planned.About + ".")
		}
		if g.kind == memoryComputed {
			add("Memory computed: parameters, gradients, moments, features and pixels; activations come on top.")
		}
	}
	missing := map[spec.Phase]bool{}
	var names []string
	for _, i := range c.left {
		for _, p := range c.guesses[i].Missing {
			if !missing[p] && p != wholeTrial {
				missing[p] = true
				names = append(names, string(p))
			}
		}
	}
	if len(names) > 0 && c.together.Seconds >= 1 { // else all is unknown
		add("How long these take is not known: " + strings.Join(names, ", ") + ".")
	}
	for _, note := range notes {
		fmt.Fprintln(w, note)
	}
}

// summary is what the sweep takes as a whole.
func (c *costs) summary(now time.Time) string {
	text := counted(len(c.left), "trial") + " to run"
	if c.on != "" {
		text += " on " + c.on
	}
	if c.done > 0 {
		text += fmt.Sprintf(", %d done", c.done)
	}
	if len(c.left) == 0 {
		return text
	}
	if c.on == "" {
		text += fmt.Sprintf("; %d at a time on %s each", c.parallel, counted(c.threads, "thread"))
	}
	text += "; "
	switch {
	case !c.together.Known && c.together.Seconds < 1:
		return text + "how long is not known"
	case !c.together.Known:
		return text + "at least " + rough(c.together.Seconds)
	}
	end := c.ends(now)
	layout := "15:04"
	if end.Sub(now) > 12*time.Hour || end.YearDay() != now.YearDay() {
		layout = "Mon 2 Jan 15:04"
	}
	return text + timeText(c.together) + ", until about " + end.Format(layout)
}
