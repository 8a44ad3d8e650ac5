package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// background is the context of statements: a context that may end costs a goroutine a statement in the driver. What can
// take long looks at the caller's context between statements.
var background = context.Background()

// writer is the one connection that writes. Its statements stay prepared as long as the DB is open.
type writer struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

func (w *writer) close() {
	if w == nil {
		return
	}
	for _, s := range w.statements {
		s.Close()
	}
	w.conn.Close()
}

func (w *writer) prepare(statement string) (*sql.Stmt, error) {
	if s, ok := w.statements[statement]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(background, statement)
	if err != nil {
		return nil, err
	}
	w.statements[statement] = s
	return s, nil
}

// tx is an open transaction.
type tx struct{ w *writer }

// exec runs a statement and returns how many rows it changed.
func (t tx) exec(statement string, args ...any) (changed int64, err error) {
	s, err := t.w.prepare(statement)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(background, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// do is exec for those who do not count.
func (t tx) do(statement string, args ...any) error {
	_, err := t.exec(statement, args...)
	return err
}

// insert runs a statement and returns the number of the new row.
func (t tx) insert(statement string, args ...any) (no int64, err error) {
	s, err := t.w.prepare(statement)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(background, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// get reads one row, or returns sql.ErrNoRows.
func (t tx) get(statement string, args []any, into ...any) error {
	s, err := t.w.prepare(statement)
	if err != nil {
		return err
	}
	return s.QueryRowContext(background, args...).Scan(into...)
}

// each calls fn with every row.
func (t tx) each(statement string, args []any, fn func(*sql.Rows) error) error {
	s, err := t.w.prepare(statement)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(background, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, fn)
}

func eachRow(rows *sql.Rows, fn func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// write runs fn in one transaction.
func (db *DB) write(ctx context.Context, fn func(tx) error) (err error) {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := db.follow(ctx); err != nil {
		return err
	}
	if db.writer == nil {
		conn, err := db.sql.Conn(background)
		if err != nil {
			return fmt.Errorf("write registry: %w", err)
		}
		db.writer = &writer{conn, map[string]*sql.Stmt{}}
		// A checkpoint waits for the disk: rather every 16 MiB than every 4.
		if _, err := conn.ExecContext(background, `PRAGMA wal_autocheckpoint = 4000`); err != nil {
			return damaged(db.path(), fmt.Errorf("write registry: %w", err))
		}
	}
	t := tx{db.writer}
	db.fresh = db.fresh[:0]
	if err := t.do(`BEGIN IMMEDIATE`); err != nil {
		return fmt.Errorf("write registry: %w", err)
	}
	err = fn(t)
	if err == nil {
		if err = t.do(`COMMIT`); err == nil {
			return nil
		}
		err = fmt.Errorf("write registry: %w", err)
	}
	_ = t.do(`ROLLBACK`) // it fails where the database has rolled back by itself
	for _, name := range db.fresh {
		delete(db.keys, name)
	}
	return damaged(db.path(), err)
}

// read runs a query whose text is one of few, with a statement that stays prepared.
func (db *DB) read(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s, frozen, err := db.prepare(query)
	if frozen {
		db.one.Lock()
		defer db.one.Unlock()
	}
	if err == nil {
		var rows *sql.Rows
		if rows, err = s.QueryContext(background, args...); err == nil {
			err = eachRow(rows, fn)
		}
	}
	return damaged(db.path(), err)
}

// readOne reads one row, or returns sql.ErrNoRows.
func (db *DB) readOne(ctx context.Context, query string, args []any, into ...any) error {
	found := false
	err := db.read(ctx, query, args, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(into...)
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// prepare is the statement of a query; frozen tells whether it is one of the connection that all share.
func (db *DB) prepare(query string) (s *sql.Stmt, frozen bool, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	frozen = db.frozen != nil
	if s, ok := db.statements[query]; ok {
		return s, frozen, nil
	}
	prepare := db.sql.PrepareContext
	if frozen {
		prepare = db.frozen.PrepareContext
	}
	if s, err = prepare(background, query); err != nil {
		return nil, frozen, err
	}
	db.statements[query] = s
	return s, frozen, nil
}

// Freeze makes all that is read from now on be as it is now, whatever others write meanwhile: a trial and its numbers are read one after
// the other, and belong together. It is for those who only read, and not for long. Reading goes through one connection then, one query
// after the other: two that run the same statement of a connection at a time take each other's rows.
func (db *DB) Freeze() error {
	conn, err := db.sql.Conn(background)
	if err != nil {
		return fmt.Errorf("read registry: %w", err)
	}
	var n int
	_, err = conn.ExecContext(background, `BEGIN`)
	if err == nil { // what is read first fixes the moment
		err = conn.QueryRowContext(background, `SELECT COUNT(*) FROM sweep`).Scan(&n)
	}
	if err != nil {
		conn.Close()
		return damaged(db.path(), fmt.Errorf("read registry: %w", err))
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.frozen, db.statements = conn, map[string]*sql.Stmt{}
	return nil
}

// readStrings reads rows of one text.
func (db *DB) readStrings(ctx context.Context, query string, args ...any) ([]string, error) {
	var list []string
	err := db.read(ctx, query, args, scanInto(&list))
	return list, err
}

// scanInto appends rows of one text to list.
func scanInto(list *[]string) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		*list = append(*list, s)
		return err
	}
}

// trialNo is the number of a trial in the tables.
func trialNo(t tx, id string) (no int64, err error) {
	err = t.get(`SELECT no FROM trial WHERE id = ?`, []any{id}, &no)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("trial %s: %w", id, ErrUnknown)
	}
	return no, err
}
