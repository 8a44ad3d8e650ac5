package collect

import (
	"time"

	"harness/internal/tfevents"
)

// readEvents reads what was added to an event file.
func readEvents(f *file, _ bool, take func(string, int64, float64), say func(string)) error {
	if f.events == nil {
		f.events = &tfevents.Reader{Path: f.path, Offset: f.offset}
	}
	passed := f.events.Passed
	err := f.events.Read(func(e *tfevents.Event) error {
		for _, s := range e.Scalars {
			take(s.Tag, e.Step, s.Value)
		}
		return nil
	})
	if f.events.Passed > passed {
		say("a record of more than 64 MiB was passed over")
	}
	if err == nil && f.events.Offset < f.size {
		return errTorn
	}
	return err
}

// created is when an event file was begun, as its first event says; the time of its last change where it does not.
func created(f found) time.Time {
	r := tfevents.Reader{Path: f.path}
	at := f.modified
	_ = r.Read(func(e *tfevents.Event) error {
		if e.Wall > 0 && e.Wall < 1<<40 {
			at = time.UnixMicro(int64(e.Wall * 1e6))
		}
		return errFound
	})
	return at
}
