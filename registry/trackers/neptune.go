package trackers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// readNeptune reads what Neptune's exporter writes: Parquet files with a row for each value. Its columns are project_id, run_id,
// attribute_path, attribute_type, step (a decimal of six places), timestamp (milliseconds) and a value column for each type. Source:
// src/neptune_exporter/model.py of github.com/neptune-ai/neptune-exporter.
func (f *Found) readNeptune(root string) error {
	files, err := filesBelow(root, func(name string) bool { return strings.HasSuffix(name, ".parquet") })
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("no Parquet files of Neptune's exporter below it")
	}
	slices.Sort(files)
	n := neptune{found: f, runs: map[string]*neptuneRun{}}
	for _, path := range files {
		if err := n.read(path); err != nil {
			f.mistake("%s: %v", path, err)
		}
	}
	n.finish()
	return nil
}

// neptune puts runs together from the rows of many files.
type neptune struct {
	found *Found
	runs  map[string]*neptuneRun
	order []string
	other map[string]int // values that have no place, by type
}

type neptuneRun struct {
	Run
	curves   curves
	fraction map[string]bool // metrics whose steps are no whole numbers
}

// neptuneColumns are the columns that are read.
var neptuneColumns = [...]string{"project_id", "run_id", "attribute_path", "attribute_type", "step", "timestamp", "int_value", "float_value",
	"string_value", "bool_value", "datetime_value"}

func (n *neptune) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	p, err := openParquet(file, info.Size())
	if err != nil {
		return err
	}
	at := map[int]string{} // name of a column that is read, by its index
	for _, name := range neptuneColumns {
		column, ok := p.Schema().Lookup(name)
		if !ok {
			return fmt.Errorf("it has no column %s: not a file of Neptune's exporter", name)
		}
		at[column.ColumnIndex] = name
	}
	for _, group := range p.RowGroups() {
		if err := n.readGroup(group, at, path); err != nil {
			return err
		}
	}
	return nil
}

// openParquet opens a Parquet file; the library panics at some damaged ones.
func openParquet(file io.ReaderAt, size int64) (p *parquet.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a damaged Parquet file: %v", r)
		}
	}()
	return parquet.OpenFile(file, size)
}

func (n *neptune) readGroup(group parquet.RowGroup, at map[int]string, path string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a damaged Parquet file: %v", r)
		}
	}()
	rows := group.Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, 512)
	for {
		read, err := rows.ReadRows(buffer)
		for _, row := range buffer[:read] {
			values := map[string]parquet.Value{}
			for _, v := range row {
				if name := at[v.Column()]; name != "" && !v.IsNull() {
					values[name] = v
				}
			}
			n.take(values, path)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// take takes a row.
func (n *neptune) take(row map[string]parquet.Value, path string) {
	project, id, attribute := text(row["project_id"]), text(row["run_id"]), text(row["attribute_path"])
	key := project + "\x00" + id
	run := n.runs[key]
	if run == nil {
		run = &neptuneRun{Run: Run{ID: id, Name: id, Group: project, Place: filepath.Dir(path), State: Done}, fraction: map[string]bool{}}
		n.runs[key], n.order = run, append(n.order, key)
	}
	system := strings.HasPrefix(attribute, "sys/") || strings.HasPrefix(attribute, "monitoring/") || strings.HasPrefix(attribute, "source_code/")
	kind := text(row["attribute_type"])
	switch {
	case kind == "float_series" && !system:
		run.point(attribute, row)
	case system:
		run.system(attribute, kind, row)
	case kind == "float_series", kind == "string_series", kind == "histogram_series", kind == "file", kind == "file_series", kind == "string_set":
		if n.other == nil {
			n.other = map[string]int{}
		}
		n.other[kind]++
	default:
		if value, ok := neptuneValue(kind, row); ok {
			run.Params = append(run.Params, Setting{attribute, value})
		}
	}
}

// neptuneValue is the value of an attribute as JSON.
func neptuneValue(kind string, row map[string]parquet.Value) (json.RawMessage, bool) {
	column := kind + "_value"
	v, ok := row[column]
	if !ok {
		return nil, false
	}
	switch kind {
	case "int":
		return strconv.AppendInt(nil, v.Int64(), 10), true
	case "float":
		encoded, err := json.Marshal(v.Double())
		if err != nil { // NaN and the infinities
			encoded, err = json.Marshal(strconv.FormatFloat(v.Double(), 'g', -1, 64))
		}
		return encoded, err == nil
	case "string":
		encoded, err := json.Marshal(text(v))
		return encoded, err == nil
	case "bool":
		return strconv.AppendBool(nil, v.Boolean()), true
	case "datetime":
		encoded, err := json.Marshal(milliseconds(v.Int64()).Format(time.RFC3339Nano))
		return encoded, err == nil
	}
	return nil, false
}

// point takes a value of a metric.
func (r *neptuneRun) point(metric string, row map[string]parquet.Value) {
	value, ok := row["float_value"]
	if !ok {
		return
	}
	step, whole := neptuneStep(row["step"])
	if !whole {
		r.fraction[metric] = true
		return
	}
	at := time.Time{}
	if v, ok := row["timestamp"]; ok {
		at = milliseconds(v.Int64())
	}
	if at.After(r.Ended) {
		r.Ended = at
	}
	if r.Started.IsZero() || !at.IsZero() && at.Before(r.Started) {
		r.Started = at
	}
	r.curves.add(metric, Point{step, at, value.Double()})
}

// neptuneStep is a decimal of six places as a whole number, if it is one.
func neptuneStep(v parquet.Value) (int64, bool) {
	const places = 1_000_000
	var unscaled *big.Int
	switch v.Kind() {
	case parquet.Int64, parquet.Int32:
		unscaled = big.NewInt(v.Int64())
	case parquet.FixedLenByteArray, parquet.ByteArray:
		data := v.ByteArray()
		unscaled = new(big.Int).SetBytes(data)
		if len(data) > 0 && data[0]&0x80 != 0 { // two's complement
			unscaled.Sub(unscaled, new(big.Int).Lsh(big.NewInt(1), uint(8*len(data))))
		}
	default:
		return 0, false
	}
	step, rest := new(big.Int).QuoRem(unscaled, big.NewInt(places), new(big.Int))
	return step.Int64(), rest.Sign() == 0 && step.IsInt64()
}

// system takes what Neptune itself says of a run.
func (r *neptuneRun) system(attribute, kind string, row map[string]parquet.Value) {
	switch attribute {
	case "sys/name":
		r.Name = text(row["string_value"])
		return
	case "sys/creation_time":
		if v, ok := row["datetime_value"]; ok {
			r.Started = milliseconds(v.Int64())
		}
		return
	case "sys/failed":
		if v, ok := row["bool_value"]; ok && v.Boolean() {
			r.State, r.Error = Failed, "failed, as Neptune says"
		}
		return
	case "sys/state":
		if s := text(row["string_value"]); s == "running" || s == "Active" {
			r.State, r.Error = Unfinished, "it was running when it was exported"
		}
		return
	case "source_code/git/commit_id", "source_code/commit":
		r.Commit = text(row["string_value"])
		return
	}
	if value, ok := neptuneValue(kind, row); ok && strings.HasPrefix(attribute, "sys/") && len(value) < 1000 {
		r.Notes = append(r.Notes, Note{"neptune/" + attribute, Setting{"", value}.Text()})
	}
}

// finish hands over the runs.
func (n *neptune) finish() {
	for _, key := range n.order {
		run := n.runs[key]
		run.Curves = run.curves.list
		for metric := range run.fraction {
			n.found.remark("run %s: %s has steps that are no whole numbers: it was left out", run.ID, metric)
			run.Curves = slices.DeleteFunc(run.Curves, func(c Curve) bool { return c.Metric == metric })
		}
		n.found.Runs = append(n.found.Runs, run.Run)
	}
	slices.Sort(n.found.Remarks)
	for _, kind := range []string{"float_series", "string_series", "histogram_series", "file", "file_series", "string_set"} {
		if count := n.other[kind]; count > 0 {
			n.found.remark("%d values of the type %s were left out: they are no parameters and no numbers of the run", count, kind)
		}
	}
}

// text is a value as text; "" for none.
func text(v parquet.Value) string {
	if v.IsNull() {
		return ""
	}
	return string(v.ByteArray())
}
