package collect

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// readLightning reads metrics.csv, as Lightning's CSVLogger writes it: a column a metric, a row for each call that logged, empty where it did
// not have the metric; the columns step and epoch say where. It is written anew when a metric is added, so that all of it is read each time.
// A last line without its end may hold half a number, and is not taken.
func readLightning(f *file, final bool, take func(string, int64, float64), say func(string)) error {
	data, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	if err := readRows(data[:whole], take, say); err != nil {
		return err
	}
	if whole < len(data) {
		return errTorn
	}
	return nil
}

func readRows(data []byte, take func(string, int64, float64), say func(string)) error {
	rows := csv.NewReader(bytes.NewReader(data))
	rows.ReuseRecord, rows.FieldsPerRecord = true, -1
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return badCSV(err)
	}
	names := slices.Clone(header)
	at := slices.Index(names, "step")
	if at < 0 {
		say(`it has no column "step", as Lightning writes it: it is not read`)
		return nil
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badCSV(err)
		}
		if len(row) > len(names) || len(row) <= at {
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("line %d: %d values for %d columns", line, len(row), len(names))
		}
		step, ok := wholeNumber(row[at])
		if !ok {
			line, _ := rows.FieldPos(at)
			say(fmt.Sprintf("line %d: the step is no whole number: the line is not recorded", line))
			continue
		}
		for i, text := range row {
			if i == at || text == "" || names[i] == "epoch" {
				continue
			}
			value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				say(fmt.Sprintf("column %s has values that are no numbers: they are not recorded", strconv.Quote(clip(names[i]))))
				continue
			}
			take(names[i], step, value)
		}
	}
}

// badCSV is an error of package csv on one line.
func badCSV(err error) error {
	var at *csv.ParseError
	if errors.As(err, &at) {
		return fmt.Errorf("line %d: %w", at.Line, at.Err)
	}
	return err
}

// wholeNumber reads a step; pandas writes whole numbers of a column with holes as 10.0.
func wholeNumber(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	if step, err := strconv.ParseInt(text, 10, 64); err == nil {
		return step, true
	}
	step, err := strconv.ParseFloat(text, 64)
	if err != nil || step != math.Trunc(step) || math.Abs(step) >= 1<<53 {
		return 0, false
	}
	return int64(step), true
}

// clip is the beginning of a text, for messages.
func clip(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
