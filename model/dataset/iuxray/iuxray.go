// Package iuxray reads the two layouts in which IU X-Ray, the open set of Indiana University, is found (FACTS 1.5): R2Gen's
// annotation.json (annotation.go), and the reports of OpenI as XML (openi.go). Neither looks at an image.
package iuxray

import (
	"fmt"
	"io"
	"os"
)

// readAll returns the contents of a file of at most limit bytes.
func readAll(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("over %d bytes", limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return raw, nil
}
