package registry

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"harness/model/spec"
)

// Sweep is what was planned under one handle.
type Sweep struct {
	Handle  string          `json:"handle"` // names the sweep in this home
	Name    string          `json:"name"`
	File    string          `json:"file,omitzero"`
	Options string          `json:"options,omitzero"`
	Harness string          `json:"harness,omitzero"` // version of the harness that planned it
	Plan    json.RawMessage `json:"plan,omitempty"`   // the whole plan; empty where the sweep is older than plans
	Planned time.Time       `json:"planned"`          // zero = now
	Members []Member        `json:"members"`          // in the order in which they are run
}

// Member is a trial as a row of a sweep's table.
type Member struct {
	ID      string          `json:"id"`
	Spec    spec.Trial      `json:"spec"`
	Label   string          `json:"label"`            // names the trial for people
	Row     string          `json:"row"`              // trials of one row differ in the seed only
	Control string          `json:"control,omitzero"` // name of the control that the trial is; empty for a model
	Seed    int64           `json:"seed"`             // of the sweep; paired over rows
	Params  json.RawMessage `json:"params,omitempty"` // what the sweep varies: an object in the sweep's order
}

// Plan records a sweep in place of what was planned under its handle before. Trials that are new are queued; those that
// another sweep has planned or run are shared, and their spec becomes this one: data may have moved. Members that the
// sweep no longer wants stay as its former members, with their labels. What is planned already is left as it is.
func (db *DB) Plan(ctx context.Context, s Sweep) error {
	if err := s.normalize(); err != nil {
		return fmt.Errorf("plan %s: %w", s.Handle, err)
	}
	specs, err := encodeSpecs(s.Members)
	if err != nil {
		return fmt.Errorf("plan %s: %w", s.Handle, err)
	}
	digest := s.digest(specs)
	var known string
	err = db.readOne(ctx, `SELECT digest FROM sweep WHERE handle = ?`, []any{s.Handle}, &known)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("plan %s: %w", s.Handle, err)
	}
	if _, err := os.Stat(planPath(db.Home, s.Handle)); err == nil && known == digest {
		return nil
	}
	if s.Planned.IsZero() {
		s.Planned = db.Now()
	}
	s.Planned = s.Planned.UTC().Truncate(time.Millisecond)
	err = db.write(ctx, func(t tx) error {
		former, err := formerMembers(t, s)
		if err != nil {
			return err
		}
		if err := writePlanFile(db.Home, planFile{Version: planVersion, Sweep: s, Former: former}); err != nil {
			return err
		}
		return insertPlan(t, s, specs, former, digest)
	})
	if err != nil {
		return fmt.Errorf("plan %s: %w", s.Handle, err)
	}
	return nil
}

// normalize brings the JSON of the sweep into the form that is stored.
func (s *Sweep) normalize() error {
	if s.Handle == "" {
		return errors.New("a sweep needs a handle")
	}
	compact := func(what string, raw json.RawMessage) (json.RawMessage, error) {
		if len(raw) == 0 {
			return nil, nil
		}
		var v json.RawMessage
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		return compactJSON(raw), nil
	}
	var err error
	if s.Plan, err = compact("plan", s.Plan); err != nil {
		return err
	}
	members := make([]Member, len(s.Members))
	for i, m := range s.Members {
		if m.Params, err = compact("parameters of "+m.Label, m.Params); err != nil {
			return err
		}
		members[i] = m
	}
	s.Members = members
	return nil
}

// encodeSpecs is what the table trial holds of the members' specs.
func encodeSpecs(members []Member) ([]string, error) {
	specs := make([]string, len(members))
	for i, m := range members {
		encoded, err := json.Marshal(m.Spec)
		if err != nil {
			return nil, err
		}
		specs[i] = string(encoded)
	}
	return specs, nil
}

// digest tells plans apart by all but their time.
func (s *Sweep) digest(specs []string) string {
	h := sha256.New()
	put := func(parts ...string) {
		for _, part := range parts {
			fmt.Fprintf(h, "%d:", len(part))
			h.Write([]byte(part))
		}
	}
	put(s.Handle, s.Name, s.File, s.Options, s.Harness, string(s.Plan))
	for i, m := range s.Members {
		put(m.ID, specs[i], m.Label, m.Row, m.Control, fmt.Sprint(m.Seed), string(m.Params))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// formerMembers are the members that the sweep has had, and that it no longer wants.
func formerMembers(t tx, s Sweep) ([]Member, error) {
	wanted := make(map[string]bool, len(s.Members))
	for _, m := range s.Members {
		wanted[m.ID] = true
	}
	var former []Member
	err := eachMember(t, s.Handle, func(m Member, _ bool) {
		if !wanted[m.ID] {
			wanted[m.ID] = true
			former = append(former, m)
		}
	})
	return former, err
}

// readPlan is the plan file that says what the tables say.
func readPlan(t tx, handle string) (planFile, error) {
	p := planFile{Version: planVersion, Sweep: Sweep{Handle: handle}}
	var plan string
	var planned int64
	if err := t.get(sweepQuery, []any{handle}, &p.Name, &p.File, &p.Options, &p.Harness, &plan, &planned); err != nil {
		return p, err
	}
	p.Plan, p.Planned = json.RawMessage(plan), time.UnixMilli(planned).UTC()
	err := eachMember(t, handle, func(m Member, former bool) {
		if former {
			p.Former = append(p.Former, m)
		} else {
			p.Members = append(p.Members, m)
		}
	})
	return p, err
}

func eachMember(t tx, handle string, fn func(m Member, former bool)) error {
	return t.each(memberQuery+` ORDER BY m.position`, []any{handle}, func(rows *sql.Rows) error {
		m, former, err := scanMember(rows)
		if err == nil {
			fn(m, former)
		}
		return err
	})
}

const sweepQuery = `SELECT name, file, options, harness, plan, planned FROM sweep WHERE handle = ?`

// insertPlan puts a sweep into the tables.
func insertPlan(t tx, s Sweep, specs []string, former []Member, digest string) error {
	now := s.Planned.UnixMilli()
	var no int64
	err := t.get(`INSERT INTO sweep (handle, name, file, options, harness, plan, planned, digest)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (handle) DO UPDATE SET name = excluded.name, file = excluded.file,
		options = excluded.options, harness = excluded.harness, plan = excluded.plan, planned = excluded.planned,
		digest = excluded.digest RETURNING no`,
		[]any{s.Handle, s.Name, s.File, s.Options, s.Harness, string(s.Plan), now, digest}, &no)
	if err != nil {
		return err
	}
	if err := t.do(`DELETE FROM member WHERE sweep = ?`, no); err != nil {
		return err
	}
	oldSpecs, err := encodeSpecs(former)
	if err != nil {
		return err
	}
	for i, m := range append(s.Members[:len(s.Members):len(s.Members)], former...) {
		isFormer := i >= len(s.Members)
		if isFormer { // what became of it since is known better
			err = t.do(`INSERT INTO trial (id, spec, created) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`,
				m.ID, oldSpecs[i-len(s.Members)], now)
		} else {
			err = t.do(`INSERT INTO trial (id, spec, created) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE
				SET spec = excluded.spec WHERE spec <> excluded.spec`, m.ID, specs[i], now)
		}
		if err == nil {
			err = t.do(`INSERT INTO member (sweep, position, trial, label, row, control, seed, params, former)
				SELECT ?, ?, no, ?, ?, ?, ?, ?, ? FROM trial WHERE id = ?`,
				no, i, m.Label, m.Row, m.Control, m.Seed, paramsText(m.Params), isFormer, m.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func paramsText(params json.RawMessage) string {
	if len(params) == 0 {
		return "{}"
	}
	return string(params)
}

// memberQuery reads members of one sweep for scanMember.
const memberQuery = `SELECT t.id, t.spec, m.label, m.row, m.control, m.seed, m.params, m.former
	FROM sweep s JOIN member m ON m.sweep = s.no JOIN trial t ON t.no = m.trial WHERE s.handle = ?`

func scanMember(rows *sql.Rows) (m Member, former bool, err error) {
	var encoded, params string
	if err := rows.Scan(&m.ID, &encoded, &m.Label, &m.Row, &m.Control, &m.Seed, &params, &former); err != nil {
		return m, false, err
	}
	m.Params = json.RawMessage(params)
	if err := json.Unmarshal([]byte(encoded), &m.Spec); err != nil {
		return m, false, fmt.Errorf("trial %s: spec: %w", m.ID, err)
	}
	return m, former, nil
}
