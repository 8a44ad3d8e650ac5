package runner

import (
	"regexp"
	"slices"
	"strings"

	"harness/registry/journal"
)

// reasonOf finds in the last lines of standard error and standard output why a program gave up: the class, and the line
// that says it. In order: the exception of the last Python traceback, a panic, a line that begins like an error, the last
// line of standard error, the last of standard output. Class is "" where the lines tell of none but an ordinary error.
func reasonOf(stderr, stdout []string) (journal.Class, string) {
	stderr, stdout = withoutOurs(stderr), withoutOurs(stdout)
	for _, lines := range [][]string{stderr, stdout} {
		if chain := exceptions(lines); len(chain) > 0 {
			for _, line := range slices.Backward(chain) {
				if class := classOf(line); class != "" {
					return class, oneLine(line)
				}
			}
			return "", oneLine(chain[len(chain)-1])
		}
	}
	for _, lines := range [][]string{stderr, stdout} {
		for _, line := range slices.Backward(lines[max(0, len(lines)-40):]) {
			if class := classOf(line); class != "" {
				return class, oneLine(strings.TrimPrefix(line, "harness: "))
			}
		}
	}
	for _, sign := range []*regexp.Regexp{panics, errorLine} {
		for _, lines := range [][]string{stderr, stdout} {
			if line := find(lines, sign); line != "" {
				return "", oneLine(strings.TrimPrefix(line, "harness: "))
			}
		}
	}
	for _, lines := range [][]string{stderr, stdout} {
		if line := ofHydra(lines); line != "" {
			return "", oneLine(line)
		}
		if len(lines) > 0 {
			return "", oneLine(strings.TrimPrefix(lines[len(lines)-1], "harness: "))
		}
	}
	return "", ""
}

// ofHydra returns the line with which Hydra says what is wrong with a configuration. It says that first, then what could be
// done about it, and last, always, how to get a traceback.
func ofHydra(lines []string) string {
	if len(lines) == 0 || !strings.Contains(lines[len(lines)-1], "HYDRA_FULL_ERROR=1") {
		return ""
	}
	for _, line := range lines[:len(lines)-1] {
		if strings.TrimSpace(line) != "" && line[0] != ' ' && line[0] != '\t' && !strings.Contains(strings.ToLower(line), "warn") {
			return line
		}
	}
	return ""
}

var (
	// panics are how Go and Rust begin the report of a crash; the first line counts.
	panics = regexp.MustCompile(`^(panic: |fatal error: |thread '.*' panicked at )`)
	// errorLine begins as programs, shells and launchers begin an error; the last line counts.
	errorLine = regexp.MustCompile(strings.Join([]string{
		`^([\w./-]+: )?(error|Error|ERROR|fatal|FATAL|Fatal error)(\[\w+\])?( in .*)?: `, // error: …, prog: Error: …, error[E0308]: …
		`: error: `,                           // train.py: error: …
		`^(\w+\.)*\w*(Error|Exception)(: |$)`, // SyntaxError: …, java.io.IOException: …
		`^Exception in thread `,
		`^terminate called `,
	}, "|"))
)

// find returns the last line that matches, or of panics the first.
func find(lines []string, sign *regexp.Regexp) string {
	for i := range lines {
		line := lines[len(lines)-1-i]
		if sign == panics {
			line = lines[i]
		}
		if !sign.MatchString(line) {
			continue
		}
		if sign == panics && strings.HasSuffix(line, ":") && i+1 < len(lines) { // Rust's message begins on the next line
			line += " " + lines[i+1]
		}
		return line
	}
	return ""
}

// withoutOurs leaves out hints, and what the harness itself has written into the log.
func withoutOurs(lines []string) []string {
	var kept []string
	for _, line := range lines {
		line = rank.ReplaceAllString(line, "")
		ours := strings.HasPrefix(line, "hint: ") || strings.HasPrefix(line, "harness: line ") && strings.Contains(line, " is not recorded: ")
		if ours || strings.HasPrefix(line, `{"`) { // a report
			continue
		}
		kept = append(kept, line)
	}
	return kept
}

// rank is what launchers put before each line: [rank0]: of PyTorch, (worker pid=7) of Ray.
var rank = regexp.MustCompile(`^(\[rank\d+\]: ?|\([\w.-]+ pid=\d+(, ip=[\d.]+)?\) )`)

var (
	traceback = regexp.MustCompile(`^[\s+|-]*(Exception Group )?Traceback \(most recent call last\):$`)
	// exception is the line that ends a traceback: a dotted name, then : and a message, or nothing.
	exception = regexp.MustCompile(`^([A-Za-z_]\w*(\.<?\w+>?)*)(:\s.*|:)?$`)
	// grouped is what stands before the lines of an exception group.
	grouped = regexp.MustCompile(`^\s*(\+-+ ?|\| ?)+`)
)

// exceptions lists the exceptions of the last chain of Python tracebacks, the one that ended the program last. What
// launchers raise because a process of theirs has failed is left out, where they show that process's own.
func exceptions(lines []string) []string {
	var chain []string
	for i := 0; i < len(lines); i++ {
		if !traceback.MatchString(lines[i]) {
			continue
		}
		line, at := raised(lines, i+1)
		if line == "" {
			continue
		}
		if isLauncher(line) && len(chain) > 0 {
			i = at
			continue
		}
		if !chained(lines[:i]) {
			chain = nil
		}
		chain = append(chain, line)
		i = at
	}
	return chain
}

// raised returns the line that ends the traceback whose frames start at i, and where it is.
func raised(lines []string, i int) (string, int) {
	for ; i < len(lines); i++ {
		line := lines[i]
		if !strings.HasPrefix(strings.TrimLeft(line, " "), "+-") {
			line = grouped.ReplaceAllString(line, "")
		}
		if line == "" || line[0] == ' ' || line[0] == '\t' {
			continue
		}
		if traceback.MatchString(line) {
			return "", i - 1
		}
		if exception.MatchString(line) {
			if strings.HasSuffix(line, ":") && i+1 < len(lines) { // the message begins on the next line
				line += " " + strings.TrimSpace(lines[i+1])
			}
			return line, i
		}
	}
	return "", i
}

// chained reports whether the lines before a traceback say that it goes on from the one before.
func chained(before []string) bool {
	for _, line := range before[max(0, len(before)-2):] {
		if strings.Contains(line, "The above exception was the direct cause") || strings.Contains(line, "During handling of the above exception") {
			return true
		}
	}
	return false
}

func isLauncher(line string) bool {
	name, _, _ := strings.Cut(line, ":")
	name = name[strings.LastIndexByte(name, '.')+1:]
	return slices.Contains([]string{"ChildFailedError", "CalledProcessError", "ProcessRaisedException", "ProcessExitedException"}, name)
}

// classOf recognises want of memory and of disk space.
func classOf(line string) journal.Class {
	for _, sign := range memorySigns {
		if strings.Contains(line, sign) {
			return journal.ClassMemory
		}
	}
	lower := strings.ToLower(line)
	for _, sign := range diskSigns {
		if strings.Contains(lower, sign) {
			return journal.ClassDisk
		}
	}
	return ""
}

var memorySigns = []string{
	"MemoryError", "OutOfMemoryError", "CUDA out of memory", "HIP out of memory", "MPS backend out of memory", // Python, PyTorch, Java
	"CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation", "CUDA error: out of memory", "hipErrorOutOfMemory",
	"CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "DefaultCPUAllocator: can't allocate memory",
	"RESOURCE_EXHAUSTED", "Out of memory while trying to allocate", "Out of memory allocating", // XLA, TensorFlow
	"std::bad_alloc", "runtime: out of memory", "runtime: cannot allocate memory", "Cannot allocate memory", // C++, Go, C
	"oom-kill", "oom_kill", // Slurm
	"out of memory before the first step", // our own trainer, of the memory of a device
}

var diskSigns = []string{"no space left on device", "disk quota exceeded", "enospc", "[errno 28]", "[errno 122]"}
