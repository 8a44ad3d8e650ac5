package collect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
)

// readTrainerState reads trainer_state.json of transformers' Trainer: log_history is a list of objects, each with the step and what was
// logged there. The state holds all that the trainer has logged, what it took over from a checkpoint too, and is written anew each time.
func readTrainerState(f *file, _ bool, take func(string, int64, float64), say func(string)) error {
	data, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	var state struct {
		History []map[string]json.RawMessage `json:"log_history"`
	}
	if err := json.Unmarshal(bareNumbers(data), &state); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) { // it is being written, most likely
			return tornError(fmt.Sprintf("byte %d: not whole JSON: %v", syntax.Offset, err))
		}
		return fmt.Errorf("not a trainer's state: %w", err)
	}
	for i, entry := range state.History {
		step, ok := wholeNumber(string(entry["step"]))
		if !ok {
			say(fmt.Sprintf("log_history[%d] has no step: it is not recorded", i))
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(entry)) {
			if value, ok := jsonNumber(entry[name]); ok && name != "step" && name != "epoch" {
				take(name, step, value)
			}
		}
	}
	return nil
}

// The words that Python writes for numbers that JSON lacks, as bareNumbers keeps them.
const (
	wordNaN      = `"\u0000NaN"`
	wordInf      = `"\u0000Infinity"`
	wordNegative = `"\u0000-Infinity"`
	marks        = len(`"\u0000"`) // of a word, beside its letters
)

// bareNumbers makes texts that no text is of NaN, Infinity and -Infinity where they stand as values.
func bareNumbers(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	out := make([]byte, 0, len(data)+64)
	quoted := false
	for i := 0; i < len(data); i++ {
		rest := data[i:]
		word := ""
		switch {
		case quoted && data[i] == '\\' && i+1 < len(data):
			out = append(out, data[i])
			i++
		case data[i] == '"':
			quoted = !quoted
		case quoted:
		case bytes.HasPrefix(rest, []byte("NaN")):
			word = wordNaN
		case bytes.HasPrefix(rest, []byte("Infinity")):
			word = wordInf
		case bytes.HasPrefix(rest, []byte("-Infinity")):
			word = wordNegative
		}
		if word == "" {
			out = append(out, data[i])
			continue
		}
		out = append(out, word...)
		i += len(word) - marks - 1 // the loop steps on
	}
	return out
}

// jsonNumber is a number of JSON, or one of the words of [bareNumbers].
func jsonNumber(raw json.RawMessage) (float64, bool) {
	switch string(raw) {
	case wordNaN:
		return math.NaN(), true
	case wordInf:
		return math.Inf(1), true
	case wordNegative:
		return math.Inf(-1), true
	}
	if len(raw) == 0 || raw[0] == '"' {
		return 0, false
	}
	value, err := strconv.ParseFloat(string(raw), 64)
	return value, err == nil
}
