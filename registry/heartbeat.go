package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"harness/internal/filelock"
)

// Where attempts run on other machines, no lock tells that they do: many network file systems keep locks to one machine. The
// one who runs such an attempt writes the file heartbeat in its folder again and again, and removes it at the end.

// HeartbeatName is the name of that file.
const HeartbeatName = "heartbeat"

// A heart beats every Beat; one that is older than Silence has stopped.
const (
	Beat    = 10 * time.Second
	Silence = 60 * time.Second
)

// Beater says who runs an attempt, in its heartbeat.
type Beater struct {
	Host  string `json:"host"`
	PID   int    `json:"pid"`
	Since int64  `json:"since"`         // when the process was started, in the words of its kernel; 0 = not known
	Job   string `json:"job,omitempty"` // in the scheduler's words, such as 4711_3
}

// Heartbeat is the file of an attempt that we run.
type Heartbeat struct {
	file *os.File
	text []byte
}

// StartHeartbeat makes the heartbeat of the attempt whose folder is dir.
func StartHeartbeat(dir string, who Beater) (*Heartbeat, error) {
	text, err := json.Marshal(who)
	if err != nil {
		return nil, fmt.Errorf("start heartbeat: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, HeartbeatName), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start heartbeat: %w", err)
	}
	h := &Heartbeat{file, append(text, '\n')}
	if err := h.Beat(); err != nil {
		file.Close()
		return nil, err
	}
	return h, nil
}

// Beat makes the file as old as now, by the clock of the file server.
func (h *Heartbeat) Beat() error {
	if _, err := h.file.WriteAt(h.text, 0); err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	if err := h.file.Sync(); err != nil { // else a network file system keeps it on this machine for a while
		return fmt.Errorf("heartbeat: %w", err)
	}
	return nil
}

// Now is the time of the last beat, by the clock of the file server.
func (h *Heartbeat) Now() (time.Time, error) {
	info, err := h.file.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// Stop removes the file.
func (h *Heartbeat) Stop() {
	if errors.Is(h.file.Close(), os.ErrClosed) {
		return // what lies there by now may be another's
	}
	os.Remove(h.file.Name())
}

// LastBeat reads the heartbeat in an attempt's folder: when its heart last beat, and whose it is. Where there is none, since the
// attempt has ended or never had one, the time is zero.
func LastBeat(dir string) (at time.Time, who Beater, err error) {
	file, err := os.Open(filepath.Join(dir, HeartbeatName)) // opened, since a network file system looks again then
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, Beater{}, nil
	}
	if err != nil {
		return time.Time{}, Beater{}, fmt.Errorf("read heartbeat: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return time.Time{}, Beater{}, fmt.Errorf("read heartbeat: %w", err)
	}
	_ = json.NewDecoder(file).Decode(&who) // one that is just being made is empty
	return info.ModTime(), who, nil
}

func (db *DB) runs(id string) bool { return Runs(db.Home, id) }

// Beats reports whether the heart of a trial's newest attempt beats. The clocks of its machine and of this one may differ by half of Silence.
func Beats(home, id string) (bool, error) {
	numbers, err := AttemptNumbers(home, id)
	if err != nil || len(numbers) == 0 {
		return false, err
	}
	at, _, err := LastBeat(filepath.Join(home, "trials", id, strconv.Itoa(numbers[len(numbers)-1])))
	return !at.IsZero() && time.Since(at) < Silence+Silence/2, err
}

// Runs reports whether something runs a trial of a home: it holds the lock, or, on another machine, the heart of the newest attempt beats.
func Runs(home, id string) bool {
	if filelock.Held(filepath.Join(home, "trials", id, "lock")) {
		return true
	}
	beats, err := Beats(home, id)
	return err == nil && beats
}
