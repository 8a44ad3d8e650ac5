package sweeps

import "strings"

// fieldOf is the path of a field however a file or --set spells it: eval and what lies below it are test's, and pretrain.images is what
// pretrain.batch was called before. The keys of a program of one's own are as they are.
func (s *Sweep) fieldOf(path string) string {
	first, rest, below := strings.Cut(path, ".")
	switch {
	case s.Command != "":
		return path
	case path == "pretrain.images":
		return "pretrain.batch"
	case first == "eval" && below:
		return "test." + rest
	case first == "eval":
		return "test"
	}
	return path
}
