package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// digests collects what the data hash is made of, each list in the order of the tables, so that the hash does not depend on
// the order in which files were read.
type digests struct {
	tables  []string // content of each CSV file
	images  []string // "ID SIZE ENDS" of each frontal image that is there; radiograph.Info says what ENDS covers
	reports []string // content of each report
	scenes  []string // content of each scene graph
}

// DigestRule is the version of what goes into a Hash: hashes of two versions say nothing about one another.
const DigestRule = "dataset v2"

// readingRule is the version of what is made of the files: where boxes, captions and pairs of the same files change with it, results
// of one version are not another's. A synthetic set that is as it was written reads the same under all versions.
const readingRule = "reading 2"

// needsReadingRule reports whether the version of the reading counts in the hash.
func (l *loader) needsReadingRule() bool {
	if l.synthetic == "" {
		return true
	}
	f := &l.faults
	changed := f.Other.Resized.N + f.Images.OtherAspect.N + f.Other.OffImageScenes.N
	for _, c := range f.Pairs.BadRows.Causes {
		if c.Cause == contradiction || c.Cause == selfPair {
			changed += c.N
		}
	}
	return changed > 0
}

// hash combines the digests.
func (l *loader) hash() string {
	h := sha256.New()
	io.WriteString(h, DigestRule+"\n")
	if l.needsReadingRule() {
		io.WriteString(h, readingRule+"\n")
	}
	for _, list := range [][]string{l.digests.tables, l.digests.images, l.digests.reports, l.digests.scenes} {
		fmt.Fprintln(h, len(list))
		for _, d := range list {
			fmt.Fprintln(h, d)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return string(sum[:])
}

// digestFile adds the content of a file that is read later to the digests; a file that is not there adds nothing.
func (r *tableResult) digestFile(path string) {
	if r.err != nil {
		return
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		defer f.Close()
		h := sha256.New()
		if _, err = io.Copy(h, f); err == nil {
			r.digests = append(r.digests, string(h.Sum(nil)))
		}
	}
	r.err = err
}
