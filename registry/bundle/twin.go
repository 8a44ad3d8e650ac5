package bundle

import (
	"archive/tar"
	"bytes"
)

// twin writes the archive that is being read once more, as Write would, and compares the two: so that there is nothing in an
// archive, such as padding, that could be other than it is.
type twin struct {
	read, want bytes.Buffer // what was not compared yet
	tar        *tar.Writer
	differs    bool
}

func newTwin() *twin {
	t := &twin{}
	t.tar = tar.NewWriter(&t.want)
	return t
}

// begin starts an entry; its contents are written to the twin then.
func (t *twin) begin(e Entry) {
	if t.tar.WriteHeader(e.header()) != nil { // it has read the same, so that it can write it
		t.differs = true
	}
}

func (t *twin) Write(p []byte) (int, error) {
	if _, err := t.tar.Write(p); err != nil {
		t.differs = true
	}
	t.agrees()
	return len(p), nil
}

// agrees compares what both have by now.
func (t *twin) agrees() bool {
	n := min(t.read.Len(), t.want.Len())
	if !bytes.Equal(t.read.Next(n), t.want.Next(n)) {
		t.differs = true
	}
	return !t.differs
}

// ends compares the two when the last entry was read.
func (t *twin) ends() bool {
	if t.tar.Close() != nil {
		return false
	}
	return t.agrees() && t.read.Len() == 0 && t.want.Len() == 0
}
