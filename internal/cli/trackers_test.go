package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"harness/internal/view"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestTrackers holds the harness against the real code of other trackers, in the Python that HARNESS_TRACKERS_PYTHON names: make
// check-trackers. Programs that log with each tool are swept as they are; the sweep is written for MLflow, TensorBoard and Arrow, and read with
// their code; what MLflow and W&B have written is imported.
func TestTrackers(t *testing.T) {
	python := os.Getenv("HARNESS_TRACKERS_PYTHON")
	if python == "" {
		t.Skip("make check-trackers")
	}
	scripts, err := filepath.Abs(filepath.Join(root, "testdata", "trackers"))
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{T: t, python: python, scripts: scripts, dir: t.TempDir()}
	for _, tool := range []struct {
		name, loss, acc string
		every           int
		tolerance       float64
	}{
		{"tensorboard", "train/loss", "val/acc", 1, 1e-7}, {"tensorboard2", "train/loss", "val/acc", 1, 1e-7}, {"tensorboardx", "train/loss", "val/acc", 1, 1e-7},
		{"lightning", "train/loss", "val/acc", 2, 0}, {"trainer", "loss", "eval_acc", 1, 0}, {"wandb", "train.loss", "val.acc", 1, 0},
	} {
		t.Run(tool.name, func(t *testing.T) { p.in(t).sweep(tool.name, tool.loss, tool.acc, tool.every, tool.tolerance) })
	}
	for _, format := range []string{"mlflow", "mlflow_files", "tensorboard", "tensorboard_server", "parquet"} {
		t.Run("export "+format, func(t *testing.T) { p.in(t).export(format) })
	}
	for _, tool := range []string{"mlflow", "mlflow_files", "wandb", "neptune"} {
		t.Run("import "+tool, func(t *testing.T) { p.in(t).imports(tool) })
	}
}

type peer struct {
	*testing.T
	python, scripts, dir string
}

func (p peer) in(t *testing.T) peer {
	p.T = t
	return p
}

// harness runs a command, and returns what it prints on standard output.
func (p peer) harness(args ...string) string {
	p.Helper()
	cmd := harness(p.dir, args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		p.Fatalf("harness %s: %v\n%s%s", strings.Join(args, " "), err, &log, &out)
	}
	return out.String()
}

// run runs a script in Python.
func (p peer) run(script string, args ...string) []byte {
	p.Helper()
	cmd := exec.Command(p.python, append([]string{filepath.Join(p.scripts, script)}, args...)...)
	var log bytes.Buffer
	cmd.Dir, cmd.Stderr = p.dir, &log
	out, err := cmd.Output()
	if err != nil {
		p.Fatalf("%s %s: %v\n%s", script, strings.Join(args, " "), err, &log)
	}
	return out
}

// logged is what write.py logs at a step.
func logged(lr float64, seed, step int) (loss, acc float64) {
	switch step {
	case 5:
		return math.NaN(), math.Inf(1)
	case 6:
		return 0.25 + lr, 0.5 + lr + float64(seed)/128
	}
	loss = 1/(1+lr*float64(step)) + float64(seed)/64
	return loss, 1 - loss/2
}

// points reads the points of a sweep, or of all: label and metric -> step -> value.
func (p peer) points(sweep string) map[string]map[int]float64 {
	p.Helper()
	rows, err := csv.NewReader(strings.NewReader(p.harness("export", sweep))).ReadAll()
	if err != nil {
		p.Fatal(err)
	}
	all := map[string]map[int]float64{}
	for _, row := range rows[1:] {
		key := row[2] + " " + row[5]
		if all[key] == nil {
			all[key] = map[int]float64{}
		}
		step, err := strconv.Atoi(row[6])
		if err != nil {
			p.Fatal(err)
		}
		if all[key][step], err = strconv.ParseFloat(row[7], 64); err != nil {
			p.Fatal(err)
		}
	}
	return all
}

func near(a, b, tolerance float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= tolerance*math.Abs(b)
}

// holds compares the points of a sweep of two rows and two seeds with what the program logs.
func (p peer) holds(sweep, axis, loss, acc string, every int, tolerance float64) {
	p.Helper()
	got := p.points(sweep)
	compared := 0
	for _, lr := range []float64{0.1, 0.2} {
		for seed := range 2 {
			label := fmt.Sprintf("%s=%v, seed=%d ", axis, lr, seed)
			if n, m := len(got[label+loss]), len(got[label+acc]); n != 7 || m != 6/every+1 {
				p.Errorf("%s%d losses and %d accuracies", label, n, m)
			}
			for step := range 7 {
				wantLoss, wantAcc := logged(lr, seed, step)
				for metric, want := range map[string]float64{loss: wantLoss, acc: wantAcc} {
					if v, there := got[label+metric][step]; there {
						if compared++; !near(v, want, tolerance) {
							p.Errorf("%s%s at step %d is %v, want %v", label, metric, step, v, want)
						}
					}
				}
			}
		}
	}
	p.Logf("%d numbers agree", compared)
}

// sweep sweeps the program of a tool, which knows nothing of the harness.
func (p peer) sweep(tool, loss, acc string, every int, tolerance float64) {
	text := fmt.Sprintf("version: 1\nname: %s\ncommand: [%q, %q, %s, \"${args}\", --out, \"${trial_dir}\"]\n", tool, p.python, filepath.Join(p.scripts, "write.py"), tool) +
		fmt.Sprintf("parameters: {lr: {values: [0.1, 0.2]}}\nseeds: [0, 1]\nmetrics: {%s: {goal: minimize}, %s: {goal: maximize}}\n", loss, acc)
	if err := os.WriteFile(filepath.Join(p.dir, tool+".yaml"), []byte(text), 0o644); err != nil {
		p.Fatal(err)
	}
	p.harness("sweep", tool+".yaml", "--quiet")
	p.holds(tool, "lr", loss, acc, every, tolerance)
}

// export writes a sweep for a tool, whose own code then has to say the same as the table's numbers.
func (p peer) export(reader string) {
	format, server := strings.CutSuffix(reader, "_server")
	format = strings.ReplaceAll(format, "_", "-")
	dir := filepath.Join(p.dir, "for-"+reader)
	p.harness("export", "wandb", "--to", format, "-o", dir)
	var found map[string]struct {
		Curves map[string][][2]any
		Params map[string]any
	}
	encoded := bytes.NewReader(bareWords(p.run("check.py", reader, dir)))
	if err := json.NewDecoder(encoded).Decode(&found); err != nil {
		p.Fatal(err)
	}
	var trials []view.Listed
	if err := json.Unmarshal([]byte(p.harness("ls", "wandb", "--json")), &trials); err != nil {
		p.Fatal(err)
	}
	want, compared := p.points("wandb"), 0
	tolerance := 0.0
	if format == "tensorboard" { // it holds float32
		tolerance = 1e-7
	}
	for _, trial := range trials {
		for name, run := range found {
			if name != trial.ID && !strings.HasSuffix(name, "-"+trial.ID[:8]) {
				continue
			}
			if !server && fmt.Sprint(run.Params["seed"]) != fmt.Sprint(trial.Seed) {
				p.Errorf("%s: %v", trial.Label, run.Params)
			}
			for metric := range trial.Metrics {
				points := want[trial.Label+" "+metric]
				if len(run.Curves[metric]) != len(points) {
					p.Errorf("%s: %d points of %s, want %d", trial.Label, len(run.Curves[metric]), metric, len(points))
				}
				for _, point := range run.Curves[metric] {
					step, value := int(floatOf(point[0])), floatOf(point[1])
					if compared++; !near(fromMLflow(value), points[step], tolerance) {
						p.Errorf("%s: %s at step %d is %v, want %v", trial.Label, metric, step, value, points[step])
					}
				}
			}
		}
	}
	if compared != 4*2*7 {
		p.Errorf("%d numbers were compared", compared)
	}
	p.Logf("%d numbers agree", compared)
}

// fromMLflow is a number as MLflow has it: the largest is an infinity.
func fromMLflow(v float64) float64 {
	if math.Abs(v) == math.MaxFloat64 {
		return math.Copysign(math.Inf(1), v)
	}
	return v
}

// bareWords quotes the numbers that JSON lacks, as Python writes them.
func bareWords(data []byte) []byte {
	for _, word := range []string{"NaN", "Infinity"} {
		data = bytes.ReplaceAll(data, []byte(" "+word), []byte(` "`+word+`"`))
		data = bytes.ReplaceAll(data, []byte(" -"+word), []byte(` "-`+word+`"`))
	}
	return data
}

func floatOf(value any) float64 {
	v, err := strconv.ParseFloat(fmt.Sprint(value), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// imports imports what a tool has written.
func (p peer) imports(tool string) {
	dir := filepath.Join(p.dir, "of-"+tool)
	for _, lr := range []string{"0.1", "0.2"} {
		for _, seed := range []string{"0", "1"} {
			p.run("write.py", tool, "--lr", lr, "--seed", seed, "--out", dir)
		}
	}
	kind, _, _ := strings.Cut(tool, "_")
	axis, loss, acc := "lr", "train/loss", "val/acc"
	switch tool {
	case "wandb":
		loss, acc = "train.loss", "val.acc"
	case "neptune":
		axis = "parameters/lr"
	}
	p.harness("import", kind, dir, "--name", "of-"+tool)
	p.holds("of-"+tool, axis, loss, acc, 1, 0)
}
