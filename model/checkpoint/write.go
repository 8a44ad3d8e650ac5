package checkpoint

import (
	"fmt"
	"io"
)

// WriteFile writes data beside path, syncs it and renames it to path: whole or not at all, as Save does.
func WriteFile(path string, data []byte) error {
	err := replaceFile(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return nil
}
