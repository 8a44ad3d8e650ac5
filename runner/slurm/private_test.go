package slurm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// private is a Slurm of two nodes that both are this machine: munged, slurmctld and two slurmd, which are our children and are known by
// the process that we have started, never by a name.
type private struct {
	t       *testing.T
	root    string
	daemons map[string]*exec.Cmd
}

// startPrivate brings the daemons up, and down again when the test ends.
func startPrivate(t *testing.T) *private {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: a private Slurm needs root")
	}
	if out, err := exec.Command("testdata/install.sh").CombinedOutput(); err != nil {
		t.Skipf("skipped: Slurm is not there and cannot be installed: %s", out)
	}
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	root, err := os.MkdirTemp("", "slurm-*") // short, for the socket
	if err != nil {
		t.Fatal(err)
	}
	p := &private{t: t, root: root, daemons: map[string]*exec.Cmd{}}
	t.Setenv("SLURM_CONF", filepath.Join(root, "slurm.conf"))
	t.Cleanup(p.stop)
	p.configure()
	munge := filepath.Join(root, "munge")
	p.start("munged", "munged", "--foreground", "--key-file="+munge+"/key", "--socket="+munge+"/socket", "--pid-file="+munge+"/pid",
		"--log-file="+munge+"/log", "--seed-file="+munge+"/seed")
	p.await("munged", func() bool { _, err := os.Stat(munge + "/socket"); return err == nil })
	p.startController()
	for _, node := range []string{"n1", "n2"} {
		p.startNode(node)
	}
	p.await("both nodes", func() bool { return p.run("sinfo", "-h", "-N", "-o", "%T") == "idle\nidle\n" })
	return p
}

// configure writes slurm.conf and the key, with ports that are free now.
func (p *private) configure() {
	p.t.Helper()
	host, err := os.Hostname()
	if err != nil {
		p.t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	text, err := os.ReadFile("testdata/slurm.conf")
	if err != nil {
		p.t.Fatal(err)
	}
	conf := strings.NewReplacer("ROOT", p.root, "HOST", host, "PORT0", freePort(p.t), "PORT1", freePort(p.t), "PORT2", freePort(p.t)).Replace(string(text))
	for _, dir := range []string{"munge", "state", "spool.n1", "spool.n2"} {
		if err := os.Mkdir(filepath.Join(p.root, dir), 0o755); err != nil {
			p.t.Fatal(err)
		}
	}
	key := []byte(strings.Repeat("a key that guards nothing ", 40))
	for name, data := range map[string][]byte{"slurm.conf": []byte(conf), "munge/key": key, "cgroup.conf": []byte("CgroupPlugin=cgroup/v1\n")} {
		if err := os.WriteFile(filepath.Join(p.root, name), data, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := os.Chmod(p.root, 0o755); err != nil {
		p.t.Fatal(err)
	}
}

// freePort finds a port that nothing listens on, below those that the kernel gives to connections.
func freePort(t *testing.T) string {
	for range 100 {
		port := strconv.Itoa(12000 + rand.IntN(18000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// start starts a daemon in the foreground, as our child.
func (p *private) start(name, program string, words ...string) {
	p.t.Helper()
	cmd := exec.Command(program, words...)
	log, err := os.OpenFile(filepath.Join(p.root, name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.daemons[name] = cmd
}

func (p *private) startController() {
	p.t.Helper()
	p.start("slurmctld", "slurmctld", "-D")
	p.await("slurmctld", func() bool { return strings.Contains(p.run("scontrol", "ping"), "is UP") })
}

func (p *private) startNode(node string) { p.start(node, "slurmd", "-D", "-N", node) }

// kill ends a daemon as a crash does.
func (p *private) kill(name string) {
	p.t.Helper()
	cmd := p.daemons[name]
	delete(p.daemons, name)
	if err := cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = cmd.Wait()
}

// run runs a command of Slurm and returns what it printed, "" where it failed.
func (p *private) run(name string, words ...string) string {
	out, err := exec.Command("timeout", append([]string{"5", name}, words...)...).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// await waits until a condition holds.
func (p *private) await(what string, holds func() bool) {
	p.t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(100 * time.Millisecond) {
		if holds() {
			return
		}
	}
	p.say()
	p.t.Fatalf("%s: not within a minute", what)
}

// say prints the ends of the daemons' logs.
func (p *private) say() {
	logs, _ := filepath.Glob(filepath.Join(p.root, "*.log"))
	for _, log := range logs {
		data, _ := os.ReadFile(log)
		lines := strings.Split(string(data), "\n")
		p.t.Logf("%s:\n%s", filepath.Base(log), strings.Join(lines[max(0, len(lines)-20):], "\n"))
	}
}

// stop ends all daemons, and what tasks of a killed slurmd have left: processes whose environment has our slurm.conf.
func (p *private) stop() {
	p.run("scancel", "--state=PENDING", "--quiet")
	p.run("scancel", "--quiet")
	for _, name := range []string{"n1", "n2", "slurmctld", "munged"} {
		cmd := p.daemons[name]
		if cmd == nil {
			continue
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	}
	mark := []byte("SLURM_CONF=" + filepath.Join(p.root, "slurm.conf"))
	for range 20 {
		if killMarked(mark) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	os.RemoveAll(p.root)
}

// killMarked kills the processes, other than this one, whose environment has a variable, and returns how many there were.
func killMarked(variable []byte) (count int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range paths {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		data, err := os.ReadFile(path)
		if err != nil || pid == os.Getpid() {
			continue
		}
		for one := range bytes.SplitSeq(data, []byte{0}) {
			if bytes.Equal(one, variable) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				count++
			}
		}
	}
	return count
}

// harness is the program, with a home and a folder of programs.
type harness struct {
	t            *testing.T
	program, dir string
}

// command is a call of the harness on a home.
func (h *harness) command(home string, words ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	h.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, h.program, append(words, "--home", filepath.Join(h.dir, home))...)
	cmd.Dir = h.dir
	return cmd
}

// run runs the harness and returns what it printed and its exit code.
func (h *harness) run(home string, words ...string) (out string, code int) {
	h.t.Helper()
	data, err := h.command(home, words...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return string(data), code
}

// listedTrial is a trial as ls --json prints it.
type listedTrial struct {
	ID      string              `json:"id"`
	State   string              `json:"state"`
	Label   string              `json:"label"`
	Params  map[string]any      `json:"params"`
	Metrics map[string]*float64 `json:"metrics"`
	Attempt int                 `json:"attempt"`
}

// list lists the trials of the sweep, by the parameter n.
func (h *harness) list(home string) map[int]listedTrial {
	h.t.Helper()
	out, err := h.command(home, "ls", "cluster", "--json").Output()
	if err != nil {
		h.t.Fatalf("ls: %v", err)
	}
	var all []listedTrial
	if err := json.Unmarshal(out, &all); err != nil {
		h.t.Fatalf("ls: %v: %s", err, out)
	}
	byN := map[int]listedTrial{}
	for _, k := range all {
		n, _ := strconv.Atoi(fmt.Sprint(k.Params["n"]))
		byN[n] = k
	}
	return byN
}
