package patch

import (
	"fmt"
	"strings"
)

// maxLines bounds how far into a text a patch may reach that is compared without that text.
const maxLines = 1 << 20

// unknownLine starts a line that stands for one that no patch has. Texts do not hold it.
const unknownLine = "\x00"

// Between is the difference of two texts that came from one by the patches a and b. A File without hunks left it as it was. The text itself is
// not needed: what no patch has is the same in both, and lies further from a difference than its context reaches. Patches that are not
// of one text are ErrMismatch.
func Between(a, b File, oldName, newName string) (string, error) {
	base, err := known(a, b)
	if err != nil {
		return "", err
	}
	old, err := a.Apply(base)
	if err != nil {
		return "", err
	}
	new, err := b.Apply(base)
	if err != nil {
		return "", err
	}
	unified := Of(oldName, old, newName, new)
	if strings.Contains(unified, unknownLine) {
		return "", fmt.Errorf("%w: it has fewer lines around a difference than are needed", ErrMismatch)
	}
	return unified, nil
}

// known is the text before the patches, as far as they have it.
func known(patches ...File) ([]byte, error) {
	lines := map[int]string{}
	end := 0
	for _, f := range patches {
		for _, h := range f.hunks {
			at := h.oldStart
			for _, line := range h.lines {
				if line[0] == '+' {
					continue
				}
				if had, ok := lines[at]; ok && had != line[1:] {
					return nil, fmt.Errorf("%w: line %d differs", ErrMismatch, at)
				}
				lines[at] = line[1:]
				at++
			}
			end = max(end, h.oldStart, at-1)
		}
	}
	if end > maxLines {
		return nil, fmt.Errorf("%w: it has %d lines", ErrMismatch, end)
	}
	var base strings.Builder
	for at := 1; at <= end; at++ {
		if line, ok := lines[at]; ok {
			base.WriteString(line)
		} else {
			fmt.Fprintf(&base, "%s%d\n", unknownLine, at)
		}
	}
	return []byte(base.String()), nil
}
