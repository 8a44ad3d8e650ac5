package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"harness/model"
	"harness/model/spec"
	"harness/sweeps"
)

// printPlanned prints what the sweep would run. On this machine an engine that the user names must be there, as for the sweep; that one is
// missing which the file names is a warning: another machine may have it.
func (o sweepOptions) printPlanned(ctx context.Context, w, log io.Writer, plan *sweeps.Plan) error {
	if !o.elsewhere() {
		switch engine, err := located(io.Discard, o.engine, unfinished(plan, nil)); {
		case err == nil:
			o.engine = engine
		case o.engine != "":
			return err
		default:
			fmt.Fprintf(log, "warning: %v\n", err)
		}
	}
	c, err := o.costOf(ctx, log, plan)
	if err != nil {
		return err
	}
	return printPlan(ctx, w, o.home, plan, c, o.json)
}

// printPlan lists the trials of an experiment, and what they take.
func printPlan(ctx context.Context, w io.Writer, home string, plan *sweeps.Plan, costs *costs, asJSON bool) error {
	if !asJSON {
		for _, t := range plan.Trials {
			fmt.Fprintf(w, "%s  %s\n", t.ID[:8], t.Label)
		}
		fmt.Fprintln(w, counted(len(plan.Trials), "trial"))
		return costs.print(w, time.Now())
	}
	list := []plannedTrial{}
	members, err := members(plan)
	if err != nil {
		return err
	}
	c := counter{ctx: ctx, home: home, images: map[spec.Data]int{}}
	for i, m := range members {
		one := plannedTrial{ID: m.ID, Label: m.Label, Params: m.Params, Row: m.Row, Seed: m.Seed, Control: m.Control, Cost: costs.json(i)}
		if err := c.count(&one, m.Spec); err != nil {
			return err
		}
		list = append(list, one)
	}
	return printJSON(w, list)
}

// plannedTrial is a trial of a plan as sweep --dry-run --json prints it.
type plannedTrial struct {
	ID      string          `json:"id"`
	Label   string          `json:"label"`
	Params  json.RawMessage `json:"params"`
	Row     string          `json:"row"`
	Seed    int64           `json:"seed"`
	Control string          `json:"control,omitempty"`
	// What pretraining of the built-in trainer will see: samples, which are images or sequences as Equal says, and sequences, the
	// texts predicted or compared. Null where the length is given in epochs of data that are not there.
	Samples   *int64 `json:"samples,omitempty"`
	Sequences *int64 `json:"sequences,omitempty"`
	Equal     string `json:"equal,omitempty"`
	Uncounted string `json:"uncounted,omitempty"` // why samples and sequences are not known

	Cost *trialCost `json:"cost"` // what it takes
}

// counter counts what trials will see.
type counter struct {
	ctx    context.Context
	home   string
	images map[spec.Data]int // training images
}

func (c counter) count(p *plannedTrial, t spec.Trial) error {
	if t.Command != "" {
		return nil
	}
	p.Equal = string(cmp.Or(t.Pretrain.Equal, spec.EqualImages))
	images := 0
	if t.Pretrains() && t.Pretrain.Steps == 0 {
		switch {
		case t.Data.Source == spec.SourceSynthetic:
			p.Uncounted = "an epoch of synthetic data is known once they are drawn: give pretrain.steps"
			return nil
		case t.Data.Digest == "":
			p.Uncounted = "an epoch of the data below data.root, which are not there"
			return nil
		}
		known, ok := c.images[t.Data]
		if !ok {
			var err error
			if known, err = model.TrainingImages(c.ctx, t, c.home); err != nil {
				return err
			}
			c.images[t.Data] = known
		}
		images = known
	}
	samples, sequences := t.Pretraining(images)
	p.Samples, p.Sequences = &samples, &sequences
	return nil
}
