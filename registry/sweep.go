package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrNoSweep is the sweep that nobody has planned here.
var ErrNoSweep = errors.New("no such sweep")

// Sweep reads what was planned under a handle; Members in their order, without former ones. The error is ErrNoSweep where
// there is none.
func (db *DB) Sweep(ctx context.Context, handle string) (Sweep, error) {
	s, err := db.planOf(ctx, handle)
	if err != nil {
		return s, err
	}
	return s, db.readMembers(ctx, &s)
}

// SweepPlan is Sweep without the members, whom the plan names; of a sweep that is older than plans it has them.
func (db *DB) SweepPlan(ctx context.Context, handle string) (Sweep, error) {
	s, err := db.planOf(ctx, handle)
	if err != nil || len(s.Plan) > 0 {
		return s, err
	}
	return s, db.readMembers(ctx, &s)
}

// PlannedAt is when a sweep was planned: another time is another plan. The error is ErrNoSweep where there is none.
func (db *DB) PlannedAt(ctx context.Context, handle string) (time.Time, error) {
	var planned int64
	err := db.readOne(ctx, `SELECT planned FROM sweep WHERE handle = ?`, []any{handle}, &planned)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("sweep %s: %w", handle, ErrNoSweep)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read sweep %s: %w", handle, err)
	}
	return time.UnixMilli(planned).UTC(), nil
}

// planOf reads a sweep without its members.
func (db *DB) planOf(ctx context.Context, handle string) (Sweep, error) {
	s := Sweep{Handle: handle}
	var plan string
	var planned int64
	err := db.readOne(ctx, sweepQuery, []any{handle}, &s.Name, &s.File, &s.Options, &s.Harness, &plan, &planned)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("sweep %s: %w", handle, ErrNoSweep)
	}
	if err != nil {
		return s, fmt.Errorf("read sweep %s: %w", handle, err)
	}
	s.Planned = time.UnixMilli(planned).UTC()
	if plan != "" {
		s.Plan = json.RawMessage(plan)
	}
	return s, nil
}

func (db *DB) readMembers(ctx context.Context, s *Sweep) error {
	err := db.read(ctx, memberQuery+` AND m.former = 0 ORDER BY m.position`, []any{s.Handle}, func(rows *sql.Rows) error {
		m, _, err := scanMember(rows)
		s.Members = append(s.Members, m)
		return err
	})
	if err != nil {
		return fmt.Errorf("read sweep %s: %w", s.Handle, err)
	}
	return nil
}

// SweepInfo is a sweep as a list shows it.
type SweepInfo struct {
	Handle, Name, File, Options string
	Planned                     time.Time
	Counts                      map[State]int // of its members, by LiveState
	Former                      int           // members that it no longer wants
	Runs                        int64         // grows with every run of a member, and when its result is there
	Legacy                      bool          // planned by a version that kept no plans
}

// Sweeps lists all sweeps, the one that was planned last first.
func (db *DB) Sweeps(ctx context.Context) ([]SweepInfo, error) {
	var list []SweepInfo
	places := map[int64]int{}
	err := db.read(ctx, `SELECT no, handle, name, file, options, planned, plan = '' FROM sweep ORDER BY planned DESC, no DESC`, nil,
		func(rows *sql.Rows) error {
			info := SweepInfo{Counts: map[State]int{}}
			var no, planned int64
			if err := rows.Scan(&no, &info.Handle, &info.Name, &info.File, &info.Options, &planned, &info.Legacy); err != nil {
				return err
			}
			info.Planned = time.UnixMilli(planned).UTC()
			places[no] = len(list)
			list = append(list, info)
			return nil
		})
	if err == nil {
		err = db.read(ctx, `SELECT m.sweep, m.former, t.state, COUNT(*), SUM(t.attempt + t.result) FROM member m JOIN trial t ON t.no = m.trial
			GROUP BY m.sweep, m.former, t.state`, nil, func(rows *sql.Rows) error {
			var no int64
			var former bool
			var state State
			var n int
			var runs int64
			if err := rows.Scan(&no, &former, &state, &n, &runs); err != nil {
				return err
			}
			if i, ok := places[no]; ok && former {
				list[i].Former += n
			} else if ok {
				list[i].Counts[state] += n
				list[i].Runs += runs
			}
			return nil
		})
	}
	if err == nil {
		err = db.read(ctx, `SELECT m.sweep, t.id FROM member m JOIN trial t ON t.no = m.trial WHERE t.state = ? AND NOT m.former`, []any{Running},
			func(rows *sql.Rows) error {
				var no int64
				t := Trial{State: Running}
				if err := rows.Scan(&no, &t.ID); err != nil {
					return err
				}
				if i, ok := places[no]; ok {
					list[i].Counts[Running]--
					list[i].Counts[db.LiveState(t)]++
				}
				return nil
			})
	}
	if err != nil {
		return nil, fmt.Errorf("read sweeps: %w", err)
	}
	return list, nil
}

// SweepsOf lists the handles of the sweeps that the trial is a member of, the one that was planned last first; those of
// which it is a former member stand behind.
func (db *DB) SweepsOf(ctx context.Context, id string) ([]string, error) {
	handles, err := db.readStrings(ctx, `SELECT s.handle FROM trial t JOIN member m ON m.trial = t.no
		JOIN sweep s ON s.no = m.sweep WHERE t.id = ? GROUP BY s.no ORDER BY MIN(m.former), s.planned DESC, s.no DESC`, id)
	if err != nil {
		return nil, fmt.Errorf("read sweeps: %w", err)
	}
	return handles, nil
}
