package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"harness/internal/atomicfile"
	"harness/model/spec"
)

// planVersion is the form in which plan files are written.
const planVersion = 2

// planFile is what HOME/plans/HANDLE.json holds.
type planFile struct {
	Version int `json:"version"`
	Sweep
	Former []Member `json:"former,omitempty"`
	Sum    string   `json:"sha256,omitempty"` // of the file without this field; empty where an earlier version has written it
}

// encode writes the file with its checksum.
func (p planFile) encode() ([]byte, error) {
	p.Sum = ""
	plain, err := encodeJSON(p)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain)
	p.Sum = hex.EncodeToString(sum[:])
	return encodeJSON(p)
}

// CheckPlan looks at the plan file at path; summed is false for one without a checksum, of which nothing else is known than that it
// can be read.
func CheckPlan(path string) (summed bool, err error) {
	p, err := readPlanFile(path)
	return p.Sum != "", err
}

// planPath is the file of a sweep. Two handles never share one.
func planPath(home, handle string) string {
	return filepath.Join(home, "plans", planName(handle)+".json")
}

// planName is a file name for a handle: escaped as in URLs, and shortened with a hash where it is too long.
func planName(handle string) string {
	name := strings.ReplaceAll(url.PathEscape(handle), "~", "%7E")
	if rest, dotted := strings.CutPrefix(name, "."); dotted {
		name = "%2E" + rest
	}
	const most, kept = 150, 100
	if len(name) > most {
		sum := sha256.Sum256([]byte(handle))
		name = name[:kept] + "~" + hex.EncodeToString(sum[:16])
	}
	return name
}

func writePlanFile(home string, p planFile) error {
	encoded, err := p.encode()
	if err != nil {
		return err
	}
	path := planPath(home, p.Handle)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, encoded)
}

// PlanFile is the file of a sweep as another home can take it, and its name: without the members that the sweep no longer wants.
func (db *DB) PlanFile(ctx context.Context, handle string) (name string, data []byte, err error) {
	for _, name := range [...]string{planName(handle) + ".json", handle + ".json"} { // the second is how version 1 called it
		raw, err := os.ReadFile(filepath.Join(db.Home, "plans", name))
		if err == nil && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
			return name, raw, nil
		}
	}
	s, err := db.Sweep(ctx, handle)
	if err != nil {
		return "", nil, err
	}
	data, err = planFile{Version: planVersion, Sweep: s}.encode()
	return planName(handle) + ".json", data, err
}

// encodeJSON leaves what is JSON already as it is.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// compactJSON takes the spaces out of sound JSON.
func compactJSON(raw []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

// readPlanFile reads a plan file in either form.
func readPlanFile(path string) (planFile, error) {
	var p planFile
	data, err := os.ReadFile(path)
	if err != nil {
		return p, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return readOldPlan(path, data)
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("not a whole plan: %w", err)
	}
	if p.Version > planVersion {
		return p, fmt.Errorf("its version is %d, this program knows %d", p.Version, planVersion)
	}
	if p.Version < planVersion || p.Handle == "" {
		return p, errors.New("not a plan")
	}
	if p.Sum != "" && !p.sound(data) {
		return p, errors.New("its contents are not those of its checksum")
	}
	if planName(p.Handle)+".json" != filepath.Base(path) {
		return p, fmt.Errorf("a copy of the plan of %s", p.Handle)
	}
	for _, list := range [...][]Member{p.Members, p.Former} {
		for _, m := range list {
			if m.ID == "" {
				return p, errors.New("a trial without an ID")
			}
		}
	}
	if err := p.normalize(); err != nil {
		return p, err
	}
	return p, nil
}

// sound compares the file with its checksum, which is its last field.
func (p planFile) sound(data []byte) bool {
	plain, ok := bytes.CutSuffix(data, []byte(`,"sha256":"`+p.Sum+"\"}\n"))
	if !ok {
		return false
	}
	sum := sha256.Sum256(append(bytes.Clone(plain), "}\n"...))
	return hex.EncodeToString(sum[:]) == p.Sum
}

// readOldPlan reads the form of version 1, a list of trials; the sweep is called as the file.
func readOldPlan(path string, data []byte) (planFile, error) {
	var old []struct {
		ID     string
		Spec   spec.Trial
		Member struct {
			Label, Row, Control string
			Seed                int64
			Params              []struct {
				Path  string
				Value json.RawMessage
			}
		}
	}
	var p planFile
	if err := json.Unmarshal(data, &old); err != nil {
		return p, fmt.Errorf("not a whole plan: %w", err)
	}
	p.Version = planVersion
	p.Handle = strings.TrimSuffix(filepath.Base(path), ".json")
	p.Name = p.Handle
	if info, err := os.Stat(path); err == nil {
		p.Planned = info.ModTime().UTC()
	}
	for _, t := range old {
		if t.ID == "" {
			return p, errors.New("a trial without an ID")
		}
		var params bytes.Buffer
		params.WriteByte('{')
		for i, param := range t.Member.Params {
			if i > 0 {
				params.WriteByte(',')
			}
			key, err := json.Marshal(param.Path)
			if err != nil {
				return p, err
			}
			params.Write(key)
			params.WriteByte(':')
			params.Write(param.Value)
		}
		params.WriteByte('}')
		p.Members = append(p.Members, Member{ID: t.ID, Spec: t.Spec, Label: t.Member.Label, Row: t.Member.Row,
			Control: t.Member.Control, Seed: t.Member.Seed, Params: params.Bytes()})
	}
	return p, p.normalize()
}
