package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// digests collects what the data hash is made of, each list in the order of the tables, so that the hash does not depend on
// the order in which files were read.
type digests struct {
	tables  []string // content of each table
	images  []string // "ID SIZE" of each frontal image that is there
	reports []string // content of each report
	scenes  []string // content of each scene graph
}

// hash combines the digests; the version changes when what goes in does.
func (l *loader) hash() string {
	h := sha256.New()
	io.WriteString(h, "dataset v1\n")
	for _, list := range [][]string{l.digests.tables, l.digests.images, l.digests.reports, l.digests.scenes} {
		fmt.Fprintln(h, len(list))
		for _, d := range list {
			fmt.Fprintln(h, d)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return string(sum[:])
}

// sum returns the digest of the table's content; call it at the end of the file.
func (t *table) sum() string { return string(t.digest.Sum(nil)) }
