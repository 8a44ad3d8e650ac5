package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"harness/internal/atomicfile"
)

// Cut closes the journal of an attempt whose writer was not heard of for long, and may still be there: it puts a copy of what
// stands there now, with exit behind it, in the journal's place. What that writer writes from then on goes into a file that
// nobody finds. A journal that is closed already, or was never begun, is left as it is.
func Cut(dir string, exit Exit) error {
	path := filepath.Join(dir, FileName)
	closed := false
	at, err := Read(path, Position{}, func(e *Event) error {
		closed = closed || e.Kind == KindEnd || e.Kind == KindExit
		return nil
	})
	var bad *BadLineError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil && !errors.As(err, &bad):
		return fmt.Errorf("cut journal: %w", err)
	case closed || at.Seq == 0:
		return nil
	}
	old, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cut journal: %w", err)
	}
	defer old.Close()
	file, err := atomicfile.Create(path)
	if err != nil {
		return fmt.Errorf("cut journal: %w", err)
	}
	defer file.Abort()
	if _, err := io.Copy(file, io.NewSectionReader(old, 0, at.Offset)); err != nil {
		return fmt.Errorf("cut journal: %w", err)
	}
	w := Writer{seq: at.Seq}
	w.add(KindExit, "exit", exit)
	if _, err := file.Write(w.buffer); err != nil {
		return fmt.Errorf("cut journal: %w", err)
	}
	if err := file.Commit(); err != nil {
		return fmt.Errorf("cut journal: %w", err)
	}
	return nil
}
