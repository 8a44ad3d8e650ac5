package trackers

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var golden = filepath.Join("..", "..", "testdata", "trackers")

// brief is a run in a few lines.
func brief(r Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q %q %s", r.ID, r.Name, r.Group, r.State)
	if r.Error != "" {
		fmt.Fprintf(&b, " (%s)", r.Error)
	}
	for _, p := range r.Params {
		fmt.Fprintf(&b, " %s=%s", p.Name, p.Value)
	}
	for _, c := range r.Curves {
		last := c.Points[len(c.Points)-1]
		fmt.Fprintf(&b, "; %s: %d points, %.7g at %d", c.Metric, len(c.Points), last.Value, last.Step)
	}
	return b.String()
}

// TestRecorded reads what the real code of each tool has written.
func TestRecorded(t *testing.T) {
	const curves = "; train/loss: 7 points, 0.35 at 6; val/acc: 7 points, 0.6078125 at 6"
	for _, test := range []struct {
		tool    Tool
		folder  string
		want    []string
		remarks []string
	}{
		{TensorBoard, "tensorboard", []string{`tensorboard "tensorboard" "" done` + curves}, nil},
		{TensorBoard, "tensorboard2", []string{`tensorboard2 "tensorboard2" "" done lr=0.1 nesterov=true opt="adam" seed=1` + curves}, nil},
		{TensorBoard, "tensorboardx", []string{`tensorboardx "tensorboardx" "" done lr=0.1 seed=1; final/acc: 1 points, 0.6 at 0` + curves}, nil},
		{WandB, "wandb", []string{`r0.1-1 "lr 0.1" "p" done lr=0.1 model={"width":8} seed=1; best: 1 points, 0.6 at 6; train.loss: 7 points, 0.35 at 6; ` +
			`train.nested: 7 points, 6 at 6; val.acc: 7 points, 0.6078125 at 6`}, nil},
		{MLflow, "mlruns", []string{
			`08a25e58d6e74016bd3f38d6929850e7 "lr 0.2" "p" done lr=0.2 nesterov=true opt="adam" seed=0; train/loss: 7 points, 0.45 at 6; val/acc: 7 points, 0.7 at 6`,
			`21dbc5c4e65c48fab86b624f6961b9c8 "lr 0.1" "p" done lr=0.1 nesterov=true opt="adam" seed=0; train/loss: 7 points, 0.35 at 6; val/acc: 7 points, 0.6 at 6`,
			`fb577642f6b6437ba3fef9cd3b7f9655 "lr 0.1" "p" done lr=0.1 nesterov=true opt="adam" seed=1` + curves,
		}, nil},
		{Neptune, "neptune", []string{
			`RUN-0.1-0 "lr 0.1" "team/p" done nesterov=true opt="adam" parameters/lr=0.1 seed=0; train/loss: 7 points, 0.35 at 6; val/acc: 7 points, 0.6 at 6`,
			`RUN-0.1-1 "lr 0.1" "team/p" done nesterov=true opt="adam" parameters/lr=0.1 seed=1` + curves,
			`RUN-0.2-2 "lr 0.2" "team/p" failed (failed, as Neptune says) nesterov=true opt="adam" parameters/lr=0.2 seed=2; train/loss: 7 points, 0.45 at 6; val/acc: 7 points, 0.715625 at 6`,
		}, []string{
			"run RUN-0.1-0: half has steps that are no whole numbers: it was left out",
			"run RUN-0.1-1: half has steps that are no whole numbers: it was left out",
			"run RUN-0.2-2: half has steps that are no whole numbers: it was left out",
			"3 values of the type string_series were left out: they are no parameters and no numbers of the run",
			"3 values of the type file were left out: they are no parameters and no numbers of the run",
		}},
	} {
		found, err := Read(test.tool, filepath.Join(golden, test.folder))
		if err != nil || len(found.Mistakes) > 0 {
			t.Errorf("%s: %v %q", test.folder, err, found.Mistakes)
			continue
		}
		var got []string
		for _, r := range found.Runs {
			got = append(got, brief(r))
			for _, c := range r.Curves {
				for _, p := range c.Points {
					if strings.HasSuffix(c.Metric, "acc") && p.Step == 5 && !math.IsInf(p.Value, 1) || strings.HasSuffix(c.Metric, "loss") && p.Step == 5 && !math.IsNaN(p.Value) {
						t.Errorf("%s: %s at step 5 is %v", test.folder, c.Metric, p.Value)
					}
				}
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.folder, diff)
		}
		if diff := cmp.Diff(test.remarks, found.Remarks); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.folder, diff)
		}
	}
	found, _ := Read(TensorBoard, filepath.Join(golden, "tensorboard2"))
	if r := found.Runs[0]; r.Started.Unix() != 1700000000 || r.Ended.Unix() < 1700000010 || len(r.Notes) != 0 {
		t.Errorf("from %v to %v, %v", r.Started, r.Ended, r.Notes)
	}
}

// sample are runs with everything that a format may fail to keep.
func sample() []Run {
	began := time.UnixMilli(1700000000000).UTC()
	return []Run{
		{ID: "0123456789abcdef", Name: "lr=0.1, opt=a/b, seed=0", Group: "s", Row: "lr=0.1, opt=a/b", State: Done, Started: began, Ended: began.Add(time.Minute),
			Params: []Setting{{"lr", json.RawMessage("0.1")}, {"n", json.RawMessage("3")}, {"on", json.RawMessage("true")}, {"opt", json.RawMessage(`"=a/b"`)}, {"seed", json.RawMessage("0")}},
			Curves: []Curve{
				{"acc", []Point{{0, began, 0.25}, {7, began.Add(time.Second), 0.1}}},
				{"train/loss", []Point{{0, began, math.NaN()}, {1, began, math.Inf(1)}, {2, began, math.Inf(-1)}}},
			}},
		{ID: "fedcba9876543210", Name: "other", Group: "s", Row: "other", Seed: -1, State: Failed, Error: "it broke", Started: began.Add(time.Hour),
			Params: []Setting{{"lr", json.RawMessage("1")}, {"n", json.RawMessage("null")}, {"opt", json.RawMessage("[1,2]")}, {"seed", json.RawMessage("-1")}}},
	}
}

func write(t *testing.T, format Format, runs []Run) (dir string, remarks []string) {
	t.Helper()
	dir = t.TempDir()
	w, err := Create(format, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if remarks, err = w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, remarks
}

// TestRoundTrip writes runs and reads them again.
func TestRoundTrip(t *testing.T) {
	for format, tool := range map[Format]Tool{ToMLflow: MLflow, ToMLflowFiles: MLflow, ToTensorBoard: TensorBoard} {
		dir, remarks := write(t, format, sample())
		found, err := Read(tool, dir)
		if err != nil || len(found.Mistakes)+len(found.Remarks)+len(remarks) > 0 {
			t.Fatalf("%s: %v %q %q %q", format, err, found.Mistakes, found.Remarks, remarks)
		}
		if len(found.Runs) != 2 || found.Runs[0].State != Done || found.Runs[1].State != Failed {
			t.Fatalf("%s: %+v", format, found.Runs)
		}
		want := sample()[0].Curves
		if format == ToTensorBoard {
			want[0].Points[1].Value = float64(float32(0.1))
		}
		if diff := cmp.Diff(want, found.Runs[0].Curves, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", format, diff)
		}
		if got := found.Runs[0].Started; !got.Equal(sample()[0].Started) {
			t.Errorf("%s: it began at %v", format, got)
		}
		got := brief(found.Runs[0])
		for _, want := range []string{" lr=0.1 ", ` n=3 `, ` on=true `, ` opt="=a/b"`, ` seed=0`} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s lacks %s", format, got, want)
			}
		}
	}
}

// TestNarrow says what a format cannot hold.
func TestNarrow(t *testing.T) {
	runs := []Run{{ID: "0123456789abcdef", State: Done, Curves: []Curve{{"a (b)//../c", []Point{{0, time.Time{}, 1e300}, {1, time.Time{}, 1}}}}}}
	_, remarks := write(t, ToMLflow, runs)
	if got := fmt.Sprint(remarks); got != `["a (b)//../c" is called "a _b_/_/_/c" in MLflow, which does not take the name]` {
		t.Error(got)
	}
	runs[0].Curves = append(runs[0].Curves, Curve{"b", []Point{{0, time.Time{}, 1}}}, Curve{"b/c", []Point{{0, time.Time{}, 2}}}, Curve{"d/e", []Point{{0, time.Time{}, 3}}}, Curve{"d", []Point{{0, time.Time{}, 3}}})
	dir, remarks := write(t, ToMLflowFiles, runs)
	const why = " was left out: MLflow's file store holds no name that is the beginning of another's path"
	if got := fmt.Sprint(remarks[1:]); got != "[metrics: b/c"+why+" metrics: d"+why+"]" {
		t.Error(got)
	}
	if found, err := Read(MLflow, dir); err != nil || len(found.Mistakes) > 0 || len(found.Runs) != 1 || len(found.Runs[0].Curves) != 3 {
		t.Errorf("%v %+v", err, found)
	}
	runs[0].Curves = runs[0].Curves[:1]
	dir, remarks = write(t, ToTensorBoard, runs)
	if got := fmt.Sprint(remarks); got != `[1 values are too large for a float32, which event files hold: they were left out]` {
		t.Error(got)
	}
	if found, err := Read(TensorBoard, dir); err != nil || len(found.Runs[0].Curves[0].Points) != 1 {
		t.Errorf("%v %+v", err, found)
	}
}

// TestTables compares CSV with a golden text, and Parquet with it.
func TestTables(t *testing.T) {
	dir, _ := write(t, ToCSV, sample())
	for name, want := range map[string]string{
		"points.csv": `trial,sweep,label,row,seed,state,metric,step,time,value
0123456789abcdef,s,"lr=0.1, opt=a/b, seed=0","lr=0.1, opt=a/b",0,done,acc,0,2023-11-14T22:13:20Z,0.25
0123456789abcdef,s,"lr=0.1, opt=a/b, seed=0","lr=0.1, opt=a/b",0,done,acc,7,2023-11-14T22:13:21Z,0.1
0123456789abcdef,s,"lr=0.1, opt=a/b, seed=0","lr=0.1, opt=a/b",0,done,train/loss,0,2023-11-14T22:13:20Z,NaN
0123456789abcdef,s,"lr=0.1, opt=a/b, seed=0","lr=0.1, opt=a/b",0,done,train/loss,1,2023-11-14T22:13:20Z,+Inf
0123456789abcdef,s,"lr=0.1, opt=a/b, seed=0","lr=0.1, opt=a/b",0,done,train/loss,2,2023-11-14T22:13:20Z,-Inf
`,
		"trials.csv": `trial,sweep,label,row,seed,state,started,ended,params.lr,params.n,params.on,params.opt,params.seed,metrics.acc,metrics.train/loss
0123456789abcdef,s,"lr=0.1, opt=a/b, seed=0","lr=0.1, opt=a/b",0,done,2023-11-14T22:13:20Z,2023-11-14T22:14:20Z,0.1,3,true,'=a/b,0,0.1,-Inf
fedcba9876543210,s,other,other,-1,failed,2023-11-14T23:13:20Z,,1,,,"[1,2]",-1,,
`,
	} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
	dir, _ = write(t, ToParquet, sample())
	for name, want := range map[string]string{
		"points.parquet": "5 rows, 10 columns: acc 0.25, acc 0.1, train/loss NaN, train/loss +Inf, train/loss -Inf",
		"trials.parquet": "2 rows, 15 columns: 0.1 3 true =a/b, 1 <null> <null> [1,2]",
	} {
		if got := parquetText(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
}

// TestMistakes lists all that is wrong in a folder, and reads the rest.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.CopyFS(dir, os.DirFS(filepath.Join(golden, "mlruns"))))
	runs, err := filepath.Glob(filepath.Join(dir, "5*", "*", "meta.yaml"))
	must(err)
	must(os.WriteFile(runs[0], []byte("a: ["), 0o644))
	must(os.WriteFile(filepath.Join(filepath.Dir(runs[1]), "metrics", "val", "acc"), []byte("1700 0.5 0\n1700 x 1\n"), 0o644))
	must(os.WriteFile(runs[2], []byte("run_name: x\n"), 0o644))
	found, err := Read(MLflow, dir)
	must(err)
	got := strings.ReplaceAll(strings.Join(found.Mistakes, "\n"), dir, "D")
	for _, want := range []string{"meta.yaml: line 1: did not find", "val/acc: line 2: want time, value and step as numbers", "meta.yaml: no run_id"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	damaged := func(tool Tool, folder, pattern string, want string) {
		t.Helper()
		dir := t.TempDir()
		must(os.CopyFS(dir, os.DirFS(filepath.Join(golden, folder))))
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		must(err)
		data, err := os.ReadFile(files[0])
		must(err)
		data[len(data)/2] ^= 0x55
		must(os.WriteFile(files[0], data, 0o644))
		found, err := Read(tool, dir)
		must(err)
		if got := strings.Join(found.Mistakes, "\n"); len(found.Mistakes) != 1 || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %s", folder, got, want)
		}
	}
	damaged(TensorBoard, "tensorboard", "*", "the checksum")
	damaged(WandB, "wandb", "*/*.wandb", "the checksum is wrong")
	for tool, want := range map[Tool]string{
		MLflow: "neither mlflow.db nor the runs of a file store", TensorBoard: "no event files", WandB: "no runs of W&B", Neptune: "no Parquet files",
	} {
		if _, err := Read(tool, t.TempDir()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", tool, err)
		}
	}
	other := filepath.Join(t.TempDir(), "x.db")
	must(os.WriteFile(other, []byte("no database, but long enough for a look at what it begins with"), 0o644))
	if _, err := Read(MLflow, other); err == nil || !strings.Contains(err.Error(), "not a database of MLflow that can be read") {
		t.Error(err)
	}
}

// TestDatabaseIsLeftAlone reads a database in WAL mode as MLflow leaves it: nothing is written beside it, and what stands in the log is read.
func TestDatabaseIsLeftAlone(t *testing.T) {
	dir, _ := write(t, ToMLflow, sample())
	path := filepath.Join(dir, "mlflow.db")
	db, err := sql.Open("sqlite3", path+"?_journal_mode=WAL")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE runs SET name = 'closed'`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	found, err := Read(MLflow, dir)
	if entries, _ := os.ReadDir(dir); err != nil || len(found.Runs) != 2 || len(entries) != 1 {
		t.Errorf("%v, %d runs, files %v", err, len(found.Runs), entries)
	}
	if db, err = sql.Open("sqlite3", path); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`DELETE FROM runs WHERE name = 'closed' AND status = 'FAILED'`); err != nil { // it stays in the log while db is open
		t.Fatal(err)
	}
	if found, err := Read(MLflow, dir); err != nil || len(found.Runs) != 1 {
		t.Errorf("%v, %d runs", err, len(found.Runs))
	}
}

func FuzzNeptune(f *testing.F) {
	data, err := os.ReadFile(filepath.Join(golden, "neptune", "team_p", "RUN-0.1-0_part_0.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.parquet")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(Neptune, path); err != nil {
			t.Error(err)
		}
	})
}

func FuzzMLflowRun(f *testing.F) {
	f.Add([]byte("run_id: a\nstart_time: 1\nstatus: 3\n"), []byte("1 0.5 0\n"))
	f.Fuzz(func(t *testing.T, meta, metric []byte) {
		dir := filepath.Join(t.TempDir(), "a")
		if err := os.MkdirAll(filepath.Join(dir, "metrics"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{"meta.yaml": meta, "metrics/m": metric} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var found Found
		found.readMLflowRun(dir, "e")
		for _, mistake := range found.Mistakes {
			if strings.Contains(mistake, "\n") {
				t.Errorf("%q", mistake)
			}
		}
	})
}
