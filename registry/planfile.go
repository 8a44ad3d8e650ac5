package registry

import (
	"bytes"
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
	encoded, err := encodeJSON(p)
	if err != nil {
		return err
	}
	path := planPath(home, p.Handle)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, encoded)
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
