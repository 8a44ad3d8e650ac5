package browsertest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"harness/internal/web/fixture"
)

// theHome is the small home of all tests that change nothing in it.
var theHome struct {
	once sync.Once
	home *fixture.Home
	dir  string
	err  error
}

// home is the small home, made once.
func home(t testing.TB) *fixture.Home {
	t.Helper()
	if *harness == "" {
		t.Skip("make page-check")
	}
	theHome.once.Do(func() {
		if theHome.dir, theHome.err = os.MkdirTemp("", "harness-page"); theHome.err == nil {
			theHome.home, theHome.err = fixture.Small(context.Background(), *harness, theHome.dir)
		}
	})
	if theHome.err != nil {
		t.Fatal(theHome.err)
	}
	return theHome.home
}

// ownHome is a copy of the small home that the test may change.
func ownHome(t testing.TB) *fixture.Home {
	t.Helper()
	h, dir := home(t), t.TempDir()
	if out, err := exec.Command("cp", "-r", filepath.Dir(h.Path)+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return &fixture.Home{Path: filepath.Join(dir, "home"), Folder: filepath.Join(dir, "work", "small"), Harness: h.Harness}
}

// server is a running harness serve.
type server struct {
	base string // http://127.0.0.1:PORT
	line string // the first that it printed
	cmd  *exec.Cmd
	log  *logged
}

// logged is what a process says on standard error.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serve starts harness serve on a home, and ends it with the test, which fails where the server does not end well.
func serve(t testing.TB, h *fixture.Home, args ...string) *server {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "--addr") {
		args = append(args, "--addr", "127.0.0.1:0")
	}
	s := &server{cmd: h.Command(context.Background(), append([]string{"serve"}, args...)...), log: &logged{}}
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Signal(syscall.SIGTERM)
		go io.Copy(io.Discard, out)
		if err := s.cmd.Wait(); err != nil {
			if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() > 0 {
				t.Errorf("serve: %v: %s", err, s.log)
			}
		}
		if strings.Contains(s.log.String(), "panic") {
			t.Errorf("serve: %s", s.log)
		}
	})
	s.line, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("serve: %v: %s", err, s.log)
	}
	_, address, found := strings.Cut(strings.TrimSpace(s.line), " at ")
	u, err := url.Parse(address)
	if !found || err != nil {
		t.Fatalf("serve: first line %q", s.line)
	}
	s.base = u.Scheme + "://" + u.Host
	return s
}
