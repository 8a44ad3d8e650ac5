package wandbfile

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"harness/internal/protofields"
)

// Record is a record of a file; what it does not say is zero.
type Record struct {
	History *History
	Summary []Item // final values
	Config  []Item // hyperparameters
	Run     *Run
	Exit    *Exit
}

// Item is a key with its value as JSON. Nested keys are joined by dots.
type Item struct {
	Key  string
	JSON []byte
}

// History is what was logged at a step.
type History struct {
	Step  int64
	Items []Item
}

// Run says what is run.
type Run struct {
	ID, Entity, Project, Group, JobType, Name, Notes, Sweep, Host, Commit string
	Tags                                                                  []string
	Start                                                                 float64 // seconds since 1970; 0 = not told
}

// Exit says how a run ended.
type Exit struct {
	Code    int32
	Runtime int32 // seconds
}

// Number is the value of an item where it is a number. W&B writes NaN and the infinities as texts or as Python does.
func (i Item) Number() (float64, bool) {
	switch strings.Trim(string(i.JSON), `"`) {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	if len(i.JSON) == 0 || i.JSON[0] == '"' || !json.Valid(i.JSON) {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(i.JSON), 64)
	return v, err == nil
}

// decode reads wandb_internal.Record.
func (r *Record) decode(message []byte) bool {
	return protofields.Each(message, func(number protowire.Number, _ uint64, data []byte) bool {
		switch number {
		case 2:
			r.History = &History{}
			return r.History.decode(data)
		case 3:
			return items(data, 1, &r.Summary)
		case 5:
			return items(data, 1, &r.Config)
		case 17:
			r.Run = &Run{}
			return r.Run.decode(data, &r.Config)
		case 18:
			r.Exit = &Exit{}
			return r.Exit.decode(data)
		}
		return true
	})
}

// items reads the repeated items that stand at one number of a message.
func items(message []byte, at protowire.Number, into *[]Item) bool {
	return protofields.Each(message, func(number protowire.Number, _ uint64, data []byte) bool {
		if number != at {
			return true
		}
		item, ok := decodeItem(data)
		*into = append(*into, item)
		return ok
	})
}

// decodeItem reads HistoryItem, SummaryItem or ConfigItem, which are alike.
func decodeItem(message []byte) (item Item, ok bool) {
	var nested []string
	ok = protofields.Each(message, func(number protowire.Number, _ uint64, data []byte) bool {
		switch number {
		case 1:
			item.Key = string(data)
		case 2:
			nested = append(nested, string(data))
		case 16:
			item.JSON = data
		}
		return true
	})
	if item.Key == "" {
		item.Key = strings.Join(nested, ".")
	}
	return item, ok
}

func (h *History) decode(message []byte) bool {
	ok := items(message, 1, &h.Items) && protofields.Each(message, func(number protowire.Number, _ uint64, data []byte) bool {
		return number != 2 || protofields.Each(data, func(number protowire.Number, value uint64, _ []byte) bool {
			if number == 1 {
				h.Step = int64(value)
			}
			return true
		})
	})
	for _, item := range h.Items {
		if item.Key == "_step" {
			if step, err := strconv.ParseInt(string(item.JSON), 10, 64); err == nil {
				h.Step = step
			}
		}
	}
	return ok
}

func (r *Run) decode(message []byte, config *[]Item) bool {
	return protofields.Each(message, func(number protowire.Number, _ uint64, data []byte) bool {
		switch number {
		case 1:
			r.ID = string(data)
		case 2:
			r.Entity = string(data)
		case 3:
			r.Project = string(data)
		case 4:
			return items(data, 1, config)
		case 6:
			r.Group = string(data)
		case 7:
			r.JobType = string(data)
		case 8:
			r.Name = string(data)
		case 9:
			r.Notes = string(data)
		case 10:
			r.Tags = append(r.Tags, string(data))
		case 12:
			r.Sweep = string(data)
		case 13:
			r.Host = string(data)
		case 17:
			return r.decodeStart(data)
		case 21:
			return protofields.Each(data, func(number protowire.Number, _ uint64, data []byte) bool {
				if number == 2 {
					r.Commit = string(data)
				}
				return true
			})
		}
		return true
	})
}

// decodeStart reads google.protobuf.Timestamp.
func (r *Run) decodeStart(message []byte) bool {
	return protofields.Each(message, func(number protowire.Number, value uint64, _ []byte) bool {
		switch number {
		case 1:
			r.Start += float64(int64(value))
		case 2:
			r.Start += float64(int32(value)) / 1e9
		}
		return true
	})
}

func (x *Exit) decode(message []byte) bool {
	return protofields.Each(message, func(number protowire.Number, value uint64, _ []byte) bool {
		switch number {
		case 1:
			x.Code = int32(value)
		case 2:
			x.Runtime = int32(value)
		}
		return true
	})
}
