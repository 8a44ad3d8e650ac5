package cli

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A shell runs the commands of one document, one after the other: folders, variables and processes in the background stay.
type shell struct {
	dir    string // of what the commands print
	n      int    // of commands
	input  io.Writer
	status *bufio.Reader // a line with the exit code after each command
	addr   string        // stands for pageAddr
}

// pageAddr is where documents serve the page; tests take a free port instead.
const pageAddr = "127.0.0.1:8088"

// commandLimit is how long one command of a document may take.
const commandLimit = 10 * time.Minute

// startShell starts a shell in dir whose python3 is the given one. It ends with the test, and what it has started with it.
func startShell(t *testing.T, dir, python string) *shell {
	t.Helper()
	home := t.TempDir()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close() })
	cmd := exec.Command("sh")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+home, "HARNESS_HOME=", "NO_COLOR=1", "TERM=dumb", "COLUMNS=140")
	if python != "" {
		cmd.Env = append(cmd.Env, "PATH="+filepath.SplitList(os.Getenv("PATH"))[0]+":"+filepath.Dir(python)+":"+os.Getenv("PATH"))
	}
	cmd.ExtraFiles = []*os.File{write}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		input.Close()
		cmd.Wait()
	})
	return &shell{dir: home, input: input, status: bufio.NewReader(read), addr: freeAddr(t)}
}

// freeAddr returns an address of this machine on which nothing listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// run runs a command and returns what it and its processes printed until it ended, and its exit code.
func (s *shell) run(t *testing.T, command string) (out string, code int) {
	t.Helper()
	s.n++
	file := filepath.Join(s.dir, fmt.Sprintf("output-%d", s.n))
	command = strings.ReplaceAll(command, pageAddr, s.addr)
	fmt.Fprintf(s.input, "{ %s\n} >'%s' 2>&1 </dev/null; echo $? >&3\n", command, file)
	line := make(chan string, 1)
	go func() {
		text, _ := s.status.ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		data, err := os.ReadFile(file)
		if err != nil || text == "" {
			t.Fatalf("the shell ended at %s", command)
		}
		return strings.ReplaceAll(string(data), s.addr, pageAddr), number(t, strings.TrimSpace(text))
	case <-time.After(commandLimit):
		t.Fatalf("%s did not end in %v", command, commandLimit)
		return "", 0
	}
}

func number(t *testing.T, digits string) int {
	t.Helper()
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What may be different each time, and what stands for it in a comparison.
var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?Z?`), "DATE"},
	{regexp.MustCompile(`\b(\d+h)?(\d+m)?\d+(\.\d+)? ?(m|µ|n)?s\b`), "TIME"},
	{regexp.MustCompile(`\bpid \d+`), "pid PID"},
	{regexp.MustCompile(`[─━]+`), "─"},
}

// measured is what a training with torch computes otherwise on another processor: numbers with a point, and the marks that follow from them.
var measured = regexp.MustCompile(`[-+−]?\d+\.\d+(e[-+]\d+)?(\s*[~*])*`)

// outputMatches says whether a document shows what a command has printed. "…" stands for any characters of a line, or alone for any
// number of lines; blanks, empty lines, times and dates are not compared, and where measures is set no measured numbers.
func outputMatches(want []string, got string, measures bool) bool {
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for _, line := range plainLines(want, measures) {
		if line == "…" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + `\n`)
	}
	pattern.WriteString(`\z`)
	lines := plainLines(strings.Split(got, "\n"), measures)
	text := strings.Join(lines, "\n")
	if text != "" {
		text += "\n"
	}
	return regexp.MustCompile(pattern.String()).MatchString(text)
}

// plainLines are lines without what is not compared.
func plainLines(lines []string, measures bool) (plain []string) {
	for _, line := range lines {
		for _, v := range varying {
			line = v.pattern.ReplaceAllString(line, v.name)
		}
		if measures {
			line = measured.ReplaceAllString(line, "NUMBER")
		}
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			plain = append(plain, line)
		}
	}
	return plain
}

// TestOutputMatches holds what counts as the same output.
func TestOutputMatches(t *testing.T) {
	for _, c := range []struct {
		want, got string
		measures  bool
		same      bool
	}{
		{"a: 2 done", "a: 2 done\n", false, true},
		{"a: 2 done", "a: 3 done\n", false, false},
		{"a: 2 done", "a: 2 done\nb\n", false, false},
		{"a: 2 done\n…", "a: 2 done\nb\nc\n", false, true},
		{"…\nc", "a\nb\nc\n", false, true},
		{"…\nd", "a\nb\nc\n", false, false},
		{"b\na", "a\nb\n", false, false},
		{"name …", "name 1e25a2\n", false, true},
		{"name …", "names\n", false, false},
		{"took 1.2s at 2026-11-26 13:28", "took  2m41.45s at 2027-01-02 03:04\n", false, true},
		{"acc 0.512 ~", "acc 0.498\n", false, false},
		{"acc 0.512 ~", "acc 0.498\n", true, true},
		{"acc 0.512", "loss 0.498\n", true, false},
		{"27 done", "26 done\n", true, false},
		{"a (b) [c]", "a (b) [c]\n", false, true},
		{"", "a\n", false, false},
	} {
		if outputMatches(strings.Split(c.want, "\n"), c.got, c.measures) != c.same {
			t.Errorf("%q and %q: want same = %v", c.want, c.got, c.same)
		}
	}
}
