package sweeps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"harness/metrics"
	"harness/model/spec"
	"harness/sweeps/keys"
)

// PlanVersion is the version of a plan's encoding.
const PlanVersion = 2

// Plan is what an experiment file expands to, as one value: which trials there are, where each stands in the table, and
// how the table is printed. The registry stores all of it; code that prints a sweep reads the plan and never the file. It survives
// JSON exactly (Encode, Decode).
type Plan struct {
	Version     int      `json:"version"`
	Name        string   `json:"name"`
	Handle      string   `json:"handle,omitzero"` // names the sweep in the registry: Name, unless another file has that name
	File        string   `json:"file,omitzero"`
	FileDigest  string   `json:"file_digest,omitzero"` // of the file's contents when it was planned
	Description string   `json:"description,omitzero"`
	Options     []string `json:"options,omitzero"` // of the command line: "--preset nano", "--set a=1"
	Harness     string   `json:"harness,omitzero"` // the version that planned
	Command     bool     `json:"command,omitzero"` // a program of the user instead of the built-in trainer
	Preset      string   `json:"preset,omitzero"`

	Axes      []Axis    `json:"axes,omitzero"` // in the order of the file; ablations are the axis AblationPath
	Seeds     []int64   `json:"seeds"`
	Rows      []Row     `json:"rows"`   // models in the order of the file, then controls
	Trials    []Trial   `json:"trials"` // each once, in the order in which they run
	Metrics   []Metric  `json:"metrics,omitzero"`
	Report    Report    `json:"report"`
	Resources Resources `json:"resources"`
	Slurm     Slurm     `json:"slurm,omitzero"`
	Run       Run       `json:"run"`
	Search    Search    `json:"search,omitzero"` // how the settings were chosen, where the sweep does not try them all

	Hypotheses []Hypothesis `json:"hypotheses,omitzero"` // in the order of the file
	Withdrawn  []Withdrawn  `json:"withdrawn,omitzero"`  // hypotheses that stood there while results came in, oldest first
}

// Axis is one dimension of the grid.
type Axis struct {
	Path    string   `json:"path"`  // dotted path, or AblationPath
	Label   string   `json:"label"` // heading of its column
	Options []Option `json:"options"`
}

// Option is one value of an axis.
type Option struct {
	Text     string `json:"text"`              // as printed: its label, or the value itself
	Value    any    `json:"value"`             // as JSON: json.Number, string, bool, nil, []any, map[string]any; the label for ablations
	Labelled bool   `json:"labelled,omitzero"` // Text is a label of the file: it names a row without the axis
}

// Row is one setting: the trials of a row differ in the seed only.
type Row struct {
	Name     string   `json:"name"`              // unique
	Baseline string   `json:"baseline,omitzero"` // the row that this one is compared with; empty for the baseline itself
	Params   []Param  `json:"params,omitzero"`   // what distinguishes it from the other rows, without the seed
	Control  string   `json:"control,omitzero"`  // ControlUntrained, or empty for a model
	Of       []string `json:"of,omitzero"`       // the rows that a control stands beside
	Trials   []string `json:"trials"`            // ID by seed, as Plan.Seeds; "" where the seed is excluded
}

// Trial is one training run. Rows whose settings come to the same training share it.
type Trial struct {
	ID    string     `json:"id"`
	Label string     `json:"label"` // row and seed, for people
	Row   string     `json:"row"`   // the first row that it stands in
	Seed  int64      `json:"seed"`
	Spec  spec.Trial `json:"spec"`
}

// Param is one value that distinguishes rows.
type Param struct {
	Path  string `json:"path"`
	Value any    `json:"value"` // as Option.Value
	Text  string `json:"text"`  // as printed: control characters are escaped
}

// Metric is one column of the table.
type Metric struct {
	Key    string       `json:"key"`
	Label  string       `json:"label"`
	Unit   string       `json:"unit,omitzero"`
	Goal   metrics.Goal `json:"goal"`
	Digits int          `json:"digits"`
	Scale  float64      `json:"scale"` // printed value = recorded value × Scale
	At     string       `json:"at"`    // which point counts: last (default), best, min or max
	// Primary says that comparisons in this column count in the family of tests.
	Primary bool `json:"primary,omitzero"`
}

// Resources is what one trial needs.
type Resources struct {
	GPUs    int           `json:"gpus,omitzero"`
	PerGPU  int           `json:"per_gpu,omitzero"` // trials that share one GPU
	CPUs    int           `json:"cpus,omitzero"`
	Timeout time.Duration `json:"timeout_ns,omitzero"` // 0: none
}

// Run says how the trials are run.
type Run struct {
	Parallel    int      `json:"parallel,omitzero"` // 0: as many as there is room for
	Retries     int      `json:"retries,omitzero"`
	RetryOn     []string `json:"retry_on,omitzero"`     // the failure reasons that are tried again: some of RetryReasons
	MaxFailures int      `json:"max_failures,omitzero"` // stop the sweep after so many failed trials; 0: never
	Stop        *Stop    `json:"stop,omitzero"`         // nil: every trial runs to its end
	Collect     Collect  `json:"collect,omitzero"`      // which files of a program are read for numbers
}

// RetryReasons are the failure reasons that run.retry_on may name.
var RetryReasons = keys.Choices("run.retry_on")

// Report says how the table is printed.
type Report struct {
	Caption   string   `json:"caption,omitzero"`
	Rows      []string `json:"rows,omitzero"`    // paths of the axes that stand as columns on the left; empty: all
	Columns   []string `json:"columns,omitzero"` // keys of metrics; empty: all
	Show      []string `json:"show,omitzero"`    // of mean, std, ci, n, delta, p
	Bold      Bold     `json:"bold"`
	Published []string `json:"published,omitzero"` // tables of published.csv whose rows are printed below
	Cases     int      `json:"cases,omitzero"`     // how many test pairs "harness examples" shows
	Family    Family   `json:"family"`
}

// Bold says what a table prints bold.
type Bold string

// What may be bold.
const (
	BoldBest Bold = "best" // the best of a column and what no test tells from it, where tests are possible
	BoldMean Bold = "mean" // the best mean of a column, tested or not
	BoldNone Bold = "none"
)

// Family says which comparisons are judged together by Holm's correction.
type Family string

// The families: those of the primary columns, of all columns, of each column by itself, or no tests at all.
const (
	FamilyPrimary Family = "primary"
	FamilyTable   Family = "table"
	FamilyColumn  Family = "column"
	FamilyNone    Family = "none"
)

// defaultReport is how a table is printed where the file says nothing.
func defaultReport() Report {
	return Report{Show: []string{"mean", "std"}, Bold: BoldBest, Family: FamilyPrimary}
}

// Encode writes the plan as one line of JSON.
func (p *Plan) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		return nil, fmt.Errorf("encode plan %s: %w", p.Name, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Decode reads a plan. One of a newer version, or whose rows do not fit its seeds and trials, is an error.
func Decode(data []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // numbers keep their digits
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("decode plan: %w", err)
	}
	if d.More() {
		return nil, fmt.Errorf("decode plan: more than one value")
	}
	if p.Version < 1 || p.Version > PlanVersion {
		return nil, fmt.Errorf("decode plan %s: version %d: this program reads versions up to %d", p.Name, p.Version, PlanVersion)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("decode plan %s: %w", p.Name, err)
	}
	if p.Version == 1 {
		return &p, p.upgrade(data)
	}
	return &p, nil
}

// upgrade reads what a plan of version 1 says in another way: bold was yes or no, and all columns were one family.
func (p *Plan) upgrade(data []byte) error {
	var old struct {
		Report struct {
			BoldBest bool `json:"bold_best"`
		} `json:"report"`
	}
	if err := json.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("decode plan %s: %w", p.Name, err)
	}
	p.Version, p.Report.Bold = PlanVersion, BoldNone
	if old.Report.BoldBest {
		p.Report.Bold = BoldBest
	}
	if p.Report.Family != FamilyColumn {
		p.Report.Family = FamilyPrimary
	}
	for i := range p.Metrics {
		m := &p.Metrics[i]
		known := DefaultMetric(m.Key, p.Command)
		m.Unit, m.Primary = known.Unit, known.Primary || p.Command
	}
	return nil
}

// check refuses rows that do not fit.
func (p *Plan) check() error {
	known := map[string]bool{"": true}
	for _, t := range p.Trials {
		known[t.ID] = true
	}
	for _, r := range p.Rows {
		if len(r.Trials) != len(p.Seeds) {
			return fmt.Errorf("row %q has %d trials for %d seeds", r.Name, len(r.Trials), len(p.Seeds))
		}
		for _, id := range r.Trials {
			if !known[id] {
				return fmt.Errorf("row %q: trial %s is not among the trials", r.Name, id)
			}
		}
	}
	return nil
}

// Adopt gives trials other IDs, those under which the registry has their results: old -> new.
func (p *Plan) Adopt(ids map[string]string) {
	for i := range p.Trials {
		if id, ok := ids[p.Trials[i].ID]; ok {
			p.Trials[i].ID = id
		}
	}
	for _, r := range p.Rows {
		for i := range r.Trials {
			if id, ok := ids[r.Trials[i]]; ok {
				r.Trials[i] = id
			}
		}
	}
}

// IDs lists the trials in the order in which they run.
func (p *Plan) IDs() []string {
	ids := make([]string, len(p.Trials))
	for i, t := range p.Trials {
		ids[i] = t.ID
	}
	return ids
}

// Metric is a metric as the file declares it, else as DefaultMetric has it.
func (p *Plan) Metric(key string) Metric { return metricOf(p.Metrics, key, p.Command) }

func metricOf(declared []Metric, key string, command bool) Metric {
	if i := slices.IndexFunc(declared, func(m Metric) bool { return m.Key == key }); i >= 0 {
		return declared[i]
	}
	return DefaultMetric(key, command)
}

// Row returns the row of the given name, or nil.
func (p *Plan) Row(name string) *Row {
	if i := slices.IndexFunc(p.Rows, func(r Row) bool { return r.Name == name }); i >= 0 {
		return &p.Rows[i]
	}
	return nil
}

// Trial returns the trial of the given ID, or nil.
func (p *Plan) Trial(id string) *Trial {
	if i := slices.IndexFunc(p.Trials, func(t Trial) bool { return t.ID == id }); i >= 0 {
		return &p.Trials[i]
	}
	return nil
}

// Params lists what the sweep varies, for each of Trials: the parameters of its first row, then the seed.
func (p *Plan) Params() [][]Param {
	of := make(map[string][]Param, len(p.Rows))
	for _, r := range p.Rows {
		of[r.Name] = r.Params
	}
	all := make([][]Param, len(p.Trials))
	for i, t := range p.Trials {
		all[i] = append(slices.Clone(of[t.Row]), seedParam(t.Seed))
	}
	return all
}

// maxLabels bounds the rows that the label of a shared trial names.
const maxLabels = 3

// label names each trial by the rows that it stands in.
func (p *Plan) label() {
	labels := make(map[string][]string, len(p.Trials))
	first := make(map[string]string, len(p.Trials))
	for _, r := range p.Rows {
		for i, id := range r.Trials {
			if id == "" {
				continue
			}
			label := r.Name
			if len(p.Seeds) > 1 {
				label += ", seed=" + strconv.FormatInt(p.Seeds[i], 10)
			}
			if labels[id] = append(labels[id], label); len(labels[id]) == 1 {
				first[id] = r.Name
			}
		}
	}
	for i := range p.Trials {
		t := &p.Trials[i]
		all := labels[t.ID]
		if len(all) > maxLabels {
			all = append(all[:maxLabels:maxLabels], "…")
		}
		t.Label, t.Row = strings.Join(all, "; "), first[t.ID]
	}
}

func seedParam(seed int64) Param {
	text := strconv.FormatInt(seed, 10)
	return Param{Path: "seed", Value: json.Number(text), Text: text}
}

// Get returns the parameter of the given path.
func (r Row) Get(path string) (Param, bool) {
	for _, param := range r.Params {
		if param.Path == path {
			return param, true
		}
	}
	return Param{}, false
}

// Object is the parameters as a JSON object whose keys stay in their order.
func Object(params []Param) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, param := range params {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(param.Path); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // the encoder's line end
		b.WriteByte(':')
		if err := e.Encode(param.Value); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", param.Path, err)
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// ParamsOf reads what Object wrote; Text is the value as it prints, since labels are not part of the object.
func ParamsOf(object json.RawMessage) ([]Param, error) {
	if len(object) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("read parameters: want an object: %s is none", object)
	}
	var params []Param
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read parameters: %w", err)
		}
		param := Param{Path: key.(string)} // the decoder lets nothing else stand there
		if err := d.Decode(&param.Value); err != nil {
			return nil, fmt.Errorf("read parameters: %w", err)
		}
		param.Text = shownValue(param.Value)
		params = append(params, param)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("read parameters: %w", err)
	}
	return params, nil
}
