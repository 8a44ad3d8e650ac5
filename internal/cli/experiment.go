package cli

import (
	"bytes"
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

// planned is what the registry is told of the trials.
func planned(plan *sweeps.Plan) ([]registry.Planned, error) {
	list := make([]registry.Planned, len(plan.Trials))
	params := plan.Params()
	control := map[string]string{}
	for _, row := range plan.Rows {
		control[row.Name] = row.Control
	}
	for i, t := range plan.Trials {
		m := registry.Member{Label: t.Label, Row: t.Row, Control: control[t.Row], Seed: t.Seed}
		for _, p := range params[i] {
			value, err := json.Marshal(p.Value)
			if err != nil {
				return nil, fmt.Errorf("plan %s: %s: %w", t.Label, p.Path, err)
			}
			m.Params = append(m.Params, registry.Param{Path: p.Path, Value: value, Text: p.Text})
		}
		list[i] = registry.Planned{ID: t.ID, Spec: t.Spec, Member: m}
	}
	return list, nil
}

// printPlan lists the trials of an experiment.
func printPlan(w io.Writer, plan *sweeps.Plan, asJSON bool) error {
	if asJSON {
		type shown struct {
			ID      string        `json:"id"`
			Label   string        `json:"label"`
			Params  orderedParams `json:"params"`
			Row     string        `json:"row"`
			Seed    int64         `json:"seed"`
			Control string        `json:"control,omitempty"`
		}
		registered, err := planned(plan)
		if err != nil {
			return err
		}
		list := make([]shown, len(registered))
		for i, t := range registered {
			list[i] = shown{t.ID, t.Member.Label, t.Member.Params, t.Member.Row, t.Member.Seed, t.Member.Control}
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

// orderedParams is a JSON object whose keys stay in their order.
type orderedParams []registry.Param

// MarshalJSON writes the object.
func (p orderedParams) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, param := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(param.Path)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(param.Value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
