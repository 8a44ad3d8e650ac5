package sweeps

import "strings"

// fieldOf is the path of a field however a file or --set spells it: eval and what lies below it are test's. The keys of a program of
// one's own are as they are.
func (s *Sweep) fieldOf(path string) string {
	first, rest, below := strings.Cut(path, ".")
	switch {
	case s.Command != "" || first != "eval":
		return path
	case below:
		return "test." + rest
	}
	return "test"
}
