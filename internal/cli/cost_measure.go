package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/hostmemory"
	"harness/model"
	"harness/model/spec"
	"harness/runner/forecast"
)

// measuredTrial is what the hidden command "trial measure" prints.
type measuredTrial struct {
	Phases  []spec.PhaseTime `json:"phases"`
	Memory  int64            `json:"memory"`
	Seconds float64          `json:"seconds"` // in all
	Problem string           `json:"problem,omitempty"`
}

// newTrialMeasureCommand is the process that sweep --dry-run starts to see how fast this machine is at a trial, in the conditions of a trial.
func newTrialMeasureCommand() *cobra.Command {
	var env model.Env
	cmd := &cobra.Command{
		Use:    "measure",
		Short:  "Do a little of each phase of the trial that standard input describes",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			env.Home = homeOf(cmd)
			return measureTrial(cmd.Context(), cmd.OutOrStdout(), cmd.InOrStdin(), env)
		},
	}
	cmd.Flags().IntVar(&env.Threads, "threads", 0, "threads; 0 = all cores")
	return cmd
}

func measureTrial(ctx context.Context, w io.Writer, in io.Reader, env model.Env) error {
	began := time.Now()
	var asked struct {
		Spec    spec.Trial
		Planned model.Planned
		Phases  []spec.Phase // that are wanted
	}
	if err := json.NewDecoder(in).Decode(&asked); err != nil {
		return usageError("measure trial: %w", err)
	}
	phases, err := model.Measure(ctx, asked.Spec, env, &asked.Planned, asked.Phases)
	m := measuredTrial{Phases: phases, Memory: hostmemory.Peak(), Seconds: time.Since(began).Seconds()}
	if err != nil {
		m.Problem = err.Error()
	}
	return printJSON(w, m)
}

// toMeasure is a setting and those of its phases of which nothing is known.
type toMeasure struct {
	group  *costGroup
	phases []spec.Phase
}

// unmeasured lists what earlier trials do not tell: of phases of the same sizes, one.
func (c *costs) unmeasured(o sweepOptions, known forecast.History) []toMeasure {
	var todo []toMeasure
	seen := map[string]bool{}
	for _, g := range c.groups {
		conditions := c.conditions(g.spec, o.engine)
		if g.planned == nil || g.planned.Bound || conditions.Engine != "" || g.done == g.count {
			continue
		}
		one := toMeasure{group: g}
		for _, p := range known.Of(phasesOf(g.planned.Phases, g.spec), conditions).Missing {
			if shape := g.spec.PhaseShape(p); !seen[shape] {
				seen[shape] = true
				one.phases = append(one.phases, p)
			}
		}
		if len(one.phases) > 0 {
			todo = append(todo, one)
		}
	}
	return todo
}

// measured measures what earlier trials do not tell, as many settings at a time as trials will run.
func (c *costs) measured(ctx context.Context, log io.Writer, o sweepOptions, known forecast.History, planner *model.Planner) (forecast.History, error) {
	todo := c.unmeasured(o, known)
	if len(todo) == 0 {
		return nil, nil
	}
	if interactive(log) {
		fmt.Fprintf(log, "measuring %s of which no earlier trial of this machine tells (--measure=false does not)\n", counted(len(todo), "setting"))
	}
	var history forecast.History
	for side := c.parallel; len(todo) > 0; {
		batch := make([]toMeasure, side) // as many as will run beside one another, also where fewer are to be measured
		for i := range batch {
			batch[i] = todo[min(i, len(todo)-1)]
		}
		todo = todo[min(side, len(todo)):]
		records, errs := make([]*forecast.Record, side), make([]error, side)
		var all sync.WaitGroup
		for i, one := range batch {
			all.Go(func() { records[i], errs[i] = c.measure(ctx, o, one, planner.Texts(one.group.spec)) })
		}
		all.Wait()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for i, one := range batch {
			if errs[i] != nil {
				one.group.unmeasured = fmt.Sprintf("%s: not measured: %v", one.group.row, errs[i])
			}
		}
		for i, r := range records {
			if r != nil {
				batch[i].group.unmeasured, history = "", append(history, r)
			}
		}
	}
	return history.Levelled(), nil
}

// measure measures phases of a setting in a process of its own. Where that fails, what it takes stays unknown, and the trial itself would say more.
func (c *costs) measure(ctx context.Context, o sweepOptions, one toMeasure, home string) (*forecast.Record, error) {
	g := one.group
	asked, err := json.Marshal(struct {
		Spec    spec.Trial
		Planned *model.Planned
		Phases  []spec.Phase
	}{g.spec, g.planned, one.phases})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, self(), "trial", "measure", "--home", home, "--threads", strconv.Itoa(c.threads))
	cmd.Args[0] = os.Args[0] // as the process of a trial
	cmd.Stdin, cmd.Stderr = bytes.NewReader(asked), &said
	out, err := cmd.Output()
	m, err := readMeasured(out, said.String(), err)
	if err != nil {
		return nil, err
	}
	rest := spec.PhaseTime{Phase: spec.PhaseRest, Seconds: max(0, time.Since(began).Seconds()-m.Seconds), Work: 1}
	return &forecast.Record{Spec: g.spec, Conditions: c.conditions(g.spec, o.engine), Phases: append(m.Phases, rest), Memory: m.Memory, Measured: true}, nil
}

// readMeasured reads what a process that measures has printed. Of one that died, the first line of what it said is told.
func readMeasured(out []byte, said string, err error) (m measuredTrial, _ error) {
	if err == nil {
		err = json.Unmarshal(out, &m)
	}
	switch first, _, _ := strings.Cut(strings.TrimSpace(said), "\n"); {
	case err != nil && first != "":
		return m, fmt.Errorf("%w: %s", err, first)
	case err != nil:
		return m, err
	case m.Problem != "":
		return m, errors.New(m.Problem)
	}
	return m, nil
}
