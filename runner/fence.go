package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"harness/registry"
	"harness/registry/journal"
)

// A scheduler may run a trial twice at once: it has lost sight of a machine and started the task again elsewhere, while the first
// goes on. No lock is trusted to keep the two apart. The one that makes the folder of the next attempt has the trial. The older
// one looks for that folder once a second, ends its process and its heartbeat; the newer waits until the older is silent,
// and cuts off its journal, before it starts.

const (
	fenceEvery = time.Second     // how often each looks
	fenceWait  = 5 * time.Minute // bounds how long the newer waits for one that does not give way
)

// errNotAlone means that the attempt before goes on and on.
var errNotAlone = errors.New("the attempt before still runs, and does not give way")

// superseded reports whether a newer attempt of the trial than number was made.
func superseded(trial string, number int) bool {
	_, err := os.Stat(filepath.Join(trial, strconv.Itoa(number+1)))
	return err == nil
}

// awaitSilence returns once none of the attempts before number runs any more. Its errors are the cause of ctx, journal.ErrSuperseded and
// errNotAlone.
func awaitSilence(ctx context.Context, home, id string, number int, own *registry.Heartbeat) error {
	trial := filepath.Join(home, "trials", id)
	for began := time.Now(); ; {
		numbers, err := registry.AttemptNumbers(home, id)
		if err != nil {
			return err
		}
		alone := true
		for _, n := range numbers {
			if n < number && beats(filepath.Join(trial, strconv.Itoa(n)), own) {
				alone = false
			}
		}
		switch {
		case alone:
			return nil
		case superseded(trial, number):
			return journal.ErrSuperseded
		case time.Since(began) > fenceWait:
			return errNotAlone
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(fenceEvery):
		}
	}
}

// beats reports whether the heart of the attempt in dir still beats, by the clock of the file server. One whose process was on
// this machine, and is gone, does not.
func beats(dir string, own *registry.Heartbeat) bool {
	at, who, err := registry.LastBeat(dir)
	if err != nil {
		return true // what cannot be known is no reason to go on
	}
	if at.IsZero() {
		return false
	}
	if host, _ := os.Hostname(); host == who.Host && who.PID > 0 && gone(who) {
		return false
	}
	if own.Beat() != nil {
		return true
	}
	now, err := own.Now()
	return err != nil || now.Sub(at) < registry.Silence
}

// gone reports whether a process of this machine has ended.
func gone(who registry.Beater) bool {
	if errors.Is(syscall.Kill(who.PID, 0), syscall.ESRCH) {
		return true
	}
	return who.Since != 0 && startOfProcess(who.PID) != who.Since
}

// cutOff closes the journals of earlier attempts that nobody will close any more.
func cutOff(home, id string, earlier []past, number int) error {
	for _, p := range earlier {
		if p.over || p.purpose == "" || p.number >= number {
			continue
		}
		dir := filepath.Join(home, "trials", id, strconv.Itoa(p.number))
		exit := journal.Exit{Code: -1, Class: journal.ClassInterrupted, Error: fmt.Sprintf("superseded by attempt %d", number)}
		if err := journal.Cut(dir, exit); err != nil {
			return err
		}
		os.Remove(filepath.Join(dir, registry.HeartbeatName))
	}
	return nil
}
