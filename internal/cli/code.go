package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"harness/model/spec"
	"harness/registry/provenance"
)

// lookAgain is how long a look at a program's files holds: attempts that start within it share one.
const lookAgain = 200 * time.Millisecond

// programCode keeps account of a program's files while its trials run.
type programCode struct {
	ctx    context.Context
	home   string
	words  []string
	first  *provenance.Code // before the first attempt; nil = none has started
	last   provenance.Snapshot
	looked time.Time
	dir    string
}

func newProgramCode(ctx context.Context, home string, command spec.Words) *programCode {
	return &programCode{ctx: context.WithoutCancel(ctx), home: home, words: command.List()}
}

// take is the code that an attempt in the folder dir starts from, now. What cannot be looked at has no code.
func (c *programCode) take(dir string) (digest, commit, diff string) {
	if dir == c.dir && time.Since(c.looked) < lookAgain {
		return c.last.Digest, c.last.Commit, c.last.Diff
	}
	if c.first != nil && c.dir == dir {
		_, _ = c.first.Settle(c.ctx, dir) // what trials write is not their code
	}
	s, err := provenance.Take(c.ctx, c.home, dir, c.words)
	if err != nil {
		return "", "", ""
	}
	if c.first == nil || c.dir != dir {
		c.first, _ = provenance.Load(c.home, s.Digest)
	}
	c.last, c.dir, c.looked = s, dir, time.Now()
	return s.Digest, s.Commit, s.Diff
}

// settle notes, when all attempts have ended, which files they wrote, and tells of those that are new to it.
func (c *programCode) settle(log io.Writer) {
	if c.first == nil {
		return
	}
	written, err := c.first.Settle(c.ctx, c.dir)
	if err == nil && len(written) > 0 {
		fmt.Fprintf(log, "taken for results, since they changed while trials ran: %s\n", someTexts(written, 5))
	}
}
