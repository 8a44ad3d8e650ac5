package homes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Record is what a bundle says about itself, beside its files: bundle.json in it, and HOME/bundles/NAME.json where it was unpacked.
type Record struct {
	Sweeps  []string      `json:"sweeps"` // handles
	Trials  []TrialRecord `json:"trials"` // by ID
	LeftOut []LeftOut     `json:"left_out"`
	Backup  bool          `json:"backup,omitempty"` // a copy of a whole home, which is to be the same home where it is unpacked
}

// TrialRecord is what the home that the bundle comes from said of a trial.
type TrialRecord struct {
	ID     string `json:"id"`
	Result int    `json:"result,omitempty"` // the attempt whose numbers count; 0 = none
	UUID   string `json:"uuid,omitempty"`   // of that attempt
	Stale  string `json:"stale,omitempty"`  // in what its code or data differ from those that were there then
}

// LeftOut is something that the trials read and that is not in the bundle.
type LeftOut struct {
	Kind   InputKind `json:"kind"`
	Key    string    `json:"key"`              // setting, or path in the program's folder
	Path   string    `json:"path,omitempty"`   // where it lay
	Digest string    `json:"digest,omitempty"` // of its contents
	Size   int64     `json:"size,omitempty"`   // bytes; of files
	Why    string    `json:"why,omitempty"`
}

// InputKind says what was left out.
type InputKind string

const (
	Input       InputKind = "input"        // data or weights of a built-in trial
	ProgramFile InputKind = "program file" // of a program's folder
	HomeFile    InputKind = "file"         // of the home
)

const (
	recordFile   = "bundle.json" // in the bundle
	bundlesDir   = "bundles"     // in a home
	readmeFile   = "README.md"
	homeFolder   = "home/" // what goes into the home
	recordSuffix = ".json"
)

func recordPath(home, name string) string { return filepath.Join(home, bundlesDir, name+recordSuffix) }

// ReadRecord reads what a bundle that was unpacked in a home said about itself.
func ReadRecord(home, name string) (*Record, error) {
	data, err := os.ReadFile(recordPath(home, name))
	if err != nil {
		return nil, err
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", recordPath(home, name), err)
	}
	return &r, nil
}

// Came returns what is known of the trials that came into a home in bundles, by ID. A record that cannot be read is passed over: the
// trials are then like any others.
func Came(home string) (map[string]TrialRecord, error) {
	entries, err := os.ReadDir(filepath.Join(home, bundlesDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list bundles: %w", err)
	}
	came := map[string]TrialRecord{}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), recordSuffix)
		if !ok {
			continue
		}
		r, err := ReadRecord(home, name)
		if err != nil {
			continue
		}
		for _, t := range r.Trials {
			came[t.ID] = t
		}
	}
	return came, nil
}
