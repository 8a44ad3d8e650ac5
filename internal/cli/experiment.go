package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"harness/experiments"
	"harness/model/spec"
	"harness/registry"
	"harness/sweeps"
)

// experimentOptions are the flags by which an experiment is changed.
type experimentOptions struct {
	preset string
	set    []string
}

func (o *experimentOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.preset, "preset", "", "run the experiment at another size: smoke, nano, tiny, small or paper")
	cmd.Flags().StringArrayVar(&o.set, "set", nil, "set a field of every trial, such as pretrain.steps=100; may be repeated")
}

// loadExperiment reads a built-in experiment or a file and expands it.
func loadExperiment(name string, o experimentOptions) (*sweeps.Sweep, *sweeps.Plan, error) {
	file, data, err := readExperiment(name)
	if err != nil {
		return nil, nil, err
	}
	s, err := sweeps.Parse(file, data)
	if err != nil {
		return nil, nil, usageError("%w", err)
	}
	if err := s.Override(spec.Preset(o.preset), o.set); err != nil {
		return nil, nil, usageError("%w", err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		return nil, nil, usageError("%w", err)
	}
	return s, plan, nil
}

// readExperiment finds an experiment by its name, else by its path.
func readExperiment(name string) (file string, data []byte, err error) {
	full, unknown := experiments.Find(name)
	if unknown == nil {
		data, err = experiments.Read(full)
		return full + ".yaml", data, err
	}
	data, err = os.ReadFile(name)
	switch {
	case err == nil:
		return name, data, nil
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, "./"):
		return "", nil, usageError("%w", unknown)
	}
	err = usageError("read experiment: %w", err)
	if full, unknown := experiments.Find(strings.TrimSuffix(name, ".yaml")); unknown == nil {
		err = withHint(err, fmt.Sprintf("the built-in experiment is called %s, without .yaml", full))
	}
	return "", nil, err
}

// planned is what the registry is told of a sweep.
func planned(plan *sweeps.Plan) (registry.Sweep, error) {
	s := registry.Sweep{Handle: plan.Handle, Name: plan.Name, File: plan.File, Options: strings.Join(plan.Options, " "),
		Harness: plan.Harness}
	var err error
	if s.Plan, err = plan.Encode(); err != nil {
		return s, err
	}
	params := plan.Params()
	control := map[string]string{}
	for _, row := range plan.Rows {
		control[row.Name] = row.Control
	}
	for i, t := range plan.Trials {
		object, err := sweeps.Object(params[i])
		if err != nil {
			return s, fmt.Errorf("plan %s: %w", t.Label, err)
		}
		s.Members = append(s.Members, registry.Member{ID: t.ID, Spec: t.Spec, Label: t.Label, Row: t.Row, Control: control[t.Row],
			Seed: t.Seed, Params: object})
	}
	return s, nil
}

// printPlan lists the trials of an experiment.
func printPlan(w io.Writer, plan *sweeps.Plan, asJSON bool) error {
	if asJSON {
		type shown struct {
			ID      string          `json:"id"`
			Label   string          `json:"label"`
			Params  json.RawMessage `json:"params"`
			Row     string          `json:"row"`
			Seed    int64           `json:"seed"`
			Control string          `json:"control,omitempty"`
		}
		registered, err := planned(plan)
		if err != nil {
			return err
		}
		list := make([]shown, len(registered.Members))
		for i, m := range registered.Members {
			list[i] = shown{m.ID, m.Label, m.Params, m.Row, m.Seed, m.Control}
		}
		return printJSON(w, list)
	}
	for _, t := range plan.Trials {
		fmt.Fprintf(w, "%s  %s\n", t.ID[:8], t.Label)
	}
	fmt.Fprintf(w, "%d trials\n", len(plan.Trials))
	for _, shared := range plan.Shared() {
		fmt.Fprintf(w, "%s: %s\n", shared.Row, shared)
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
