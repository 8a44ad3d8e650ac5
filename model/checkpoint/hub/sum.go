package hub

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"regexp"
)

var hexadecimal = regexp.MustCompile(`^[0-9a-f]+$`)

// newSum returns the hash whose value an ETag states: the SHA-256 of a file in Git LFS, or Git's SHA-1 of a blob, which begins with
// the length. It is nil for an ETag that is neither.
func newSum(etag string, size int64) hash.Hash {
	switch {
	case !hexadecimal.MatchString(etag):
		return nil
	case len(etag) == 2*sha256.Size:
		return sha256.New()
	case len(etag) == 2*sha1.Size:
		h := sha1.New()
		fmt.Fprintf(h, "blob %d\x00", size)
		return h
	}
	return nil
}
