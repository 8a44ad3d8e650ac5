package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"harness/internal/atomicfile"
	"harness/runner"
	"harness/sweeps"
)

// A systemd user unit takes a sweep up again when the machine starts. A file in HOME/running says that there is something left to do:
// the unit has it as its condition, and the sweep removes it when it is done, so that nothing is started in vain for ever.

// unitMark is that file.
func unitMark(home, handle string) string { return runner.BesideRunning(home, handle, ".unit") }

// unitName is the name of a sweep's unit. What systemd does not take in a name is replaced, and told apart by a digest.
func unitName(handle string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(":-_.", r) || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, handle)
	if len(name) > 150 {
		name = name[:150]
	}
	if name != handle {
		sum := sha256.Sum256([]byte(handle))
		name += "-" + hex.EncodeToString(sum[:4])
	}
	return "harness-" + name + ".service"
}

// unit is what a unit says.
type unit struct {
	handle      string
	home, dir   string // absolute
	program     string // absolute
	args        []string
	environment []string
}

// write puts the unit's file at path, for its owner alone: the environment may hold what is nobody else's business.
func (u unit) write(path string) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	f.Mode = 0o600
	if _, err := io.WriteString(f, u.text()); err != nil {
		return err
	}
	return f.Commit()
}

// text is the unit's file.
func (u unit) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "[Unit]\nDescription=harness sweep %s\n", percent(u.handle))
	fmt.Fprintf(&b, "# Removed by the sweep once nothing is left to do.\nConditionPathExists=%s\n", percent(unitMark(u.home, u.handle)))
	b.WriteString("StartLimitIntervalSec=1h\nStartLimitBurst=10\n\n[Service]\nType=exec\n")
	fmt.Fprintf(&b, "WorkingDirectory=%s\n", percent(u.dir))
	for _, entry := range u.environment {
		fmt.Fprintf(&b, "Environment=%s\n", quoteUnit(entry))
	}
	words := []string{quoteUnit(u.program)}
	for _, word := range u.args {
		words = append(words, strings.ReplaceAll(quoteUnit(word), "$", "$$"))
	}
	fmt.Fprintf(&b, "ExecStart=%s\n", strings.Join(words, " "))
	log := percent(sweepLog(u.home, u.handle))
	fmt.Fprintf(&b, "StandardOutput=append:%s\nStandardError=append:%s\n", log, log)
	fmt.Fprintf(&b, "# Misused, trials that failed for good, stopped by harness cancel: to start again would change nothing.\n"+
		"Restart=on-failure\nRestartSec=30\nRestartPreventExitStatus=%d %d %d\n", exitMisused, exitSomeFailed, exitInterrupted)
	fmt.Fprintf(&b, "# The sweep tells its trials itself to save and to end.\nKillMode=mixed\nTimeoutStopSec=%d\n", int(grace.Seconds())+30)
	b.WriteString("\n[Install]\nWantedBy=default.target\n")
	return b.String()
}

// percent is a text in which systemd replaces nothing.
func percent(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// quoteUnit is a word as systemd reads it.
func quoteUnit(word string) string {
	return `"` + strings.NewReplacer("%", "%%", `\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(word) + `"`
}

// carried are variables that programs need to be found and to run as they do now; those that end with * stand for all that begin so.
var carried = []string{
	"PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHON*", "PYENV_*", "LANG", "LC_*", "TZ", "TMPDIR",
	"CUDA_*", "NVIDIA_*", "NCCL_*", "XLA_*", "HARNESS_*", "OMP_*", "MKL_*", "OPENBLAS_*", "HF_*", "HUGGINGFACE_*", "TRANSFORMERS_*", "TORCH_*",
	"WANDB_*", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_*",
}

// carry takes out of an environment what a unit needs of it: carried, and what the commands of trials name.
func carry(environment []string, named []string) []string {
	var kept []string
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		wanted := func(pattern string) bool {
			begin, all := strings.CutSuffix(pattern, "*")
			return name == pattern || all && strings.HasPrefix(name, begin)
		}
		if name != "HARNESS_HOME" && (slices.ContainsFunc(carried, wanted) || slices.Contains(named, name)) {
			kept = append(kept, entry)
		}
	}
	slices.Sort(kept)
	return kept
}

// namedVariables are the variables that the commands of a plan name as ${envvar:NAME}.
func namedVariables(plan *sweeps.Plan) []string {
	var names []string
	for _, t := range plan.Trials {
		for _, word := range t.Spec.Command.List() {
			for rest := word; ; {
				_, after, found := strings.Cut(rest, "${envvar:")
				if !found {
					break
				}
				name, more, _ := strings.Cut(after, "}")
				if rest = more; !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// newUnit is the unit of a planned sweep.
func (o sweepOptions) newUnit(plan *sweeps.Plan, name string) (unit, error) {
	u := unit{handle: plan.Handle, environment: carry(os.Environ(), namedVariables(plan))}
	var errs [4]error
	u.home, errs[0] = filepath.Abs(o.home)
	u.dir, errs[1] = workingDir()
	u.program, errs[2] = os.Executable()
	u.args, errs[3] = o.detachedArgs(name)
	if err := errors.Join(errs[:]...); err != nil {
		return u, fmt.Errorf("write unit: %w", err)
	}
	if strings.Contains(u.program, string(filepath.Separator)+"go-build") {
		return u, withHint(usageError("--unit: this program lies in a folder that go run removes"), "build it first: go build, and call what that has made")
	}
	for _, path := range []string{u.home, u.dir, u.program} {
		if strings.ContainsAny(path, "\n\r") {
			return u, usageError("--unit: systemd takes no path with a line end: %q", path)
		}
	}
	return u, nil
}

// installUnit writes the unit, and starts it where systemd is there.
func (o sweepOptions) installUnit(ctx context.Context, log io.Writer, plan *sweeps.Plan, name string) error {
	u, err := o.newUnit(plan, name)
	if err != nil {
		return err
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return fmt.Errorf("write unit: %w", err)
	}
	path := filepath.Join(config, "systemd", "user", unitName(plan.Handle))
	if err := mayReplace(path, u); err != nil {
		return err
	}
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(unitMark(u.home, u.handle))} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("write unit: %w", err)
		}
	}
	if err := u.write(path); err != nil {
		return fmt.Errorf("write unit: %w", err)
	}
	if err := atomicfile.Write(unitMark(u.home, u.handle), []byte(path+"\n")); err != nil {
		return fmt.Errorf("write unit: %w", err)
	}
	fmt.Fprintf(log, "wrote %s\n", path)
	return startUnit(ctx, log, filepath.Base(path), plan.Handle)
}

// mayReplace refuses to write over what is not the unit of this sweep in this home.
func mayReplace(path string, u unit) error {
	old, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write unit: %w", err)
	}
	if !bytes.Contains(old, []byte("ConditionPathExists="+percent(unitMark(u.home, u.handle))+"\n")) {
		return withHint(fmt.Errorf("write unit: %s is that of another home", path), "remove it, or give the sweep another name")
	}
	return nil
}

// startUnit starts a unit that was written, or says how.
func startUnit(ctx context.Context, log io.Writer, name, handle string) error {
	enable := []string{"systemctl", "--user", "enable", "--now", name}
	linger := []string{"loginctl", "enable-linger"}
	if exec.CommandContext(ctx, "systemctl", "--user", "show-environment").Run() != nil {
		fmt.Fprintf(log, "systemd does not run for you here: nothing is started. Where it does:\n  %s\n  %s\n", strings.Join(enable, " "), strings.Join(linger, " "))
		return nil
	}
	for _, words := range [][]string{{"systemctl", "--user", "daemon-reload"}, enable} {
		if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, oneLineOf(out))
		}
	}
	fmt.Fprintf(log, "sweep %s goes on as %s\n", handle, name)
	if out, err := exec.CommandContext(ctx, linger[0], linger[1:]...).CombinedOutput(); err != nil {
		fmt.Fprintf(log, "warning: it ends when you log out: %s: %s\n", strings.Join(linger, " "), oneLineOf(out))
	}
	sayDetached(log, handle)
	return nil
}

// oneLineOf is what a command has printed, for a message.
func oneLineOf(out []byte) string { return strings.Join(strings.Fields(string(out)), " ") }

// leaveUnit keeps a unit from starting the sweep again once there is nothing left to do.
func (o sweepOptions) leaveUnit(log io.Writer, handle string, r runner.Result) {
	if r.Interrupted+r.Queued > 0 && !errors.Is(r.Stopped, runner.ErrAllFail) && !errors.Is(r.Stopped, runner.ErrTooManyFailures) {
		return
	}
	dropUnitMark(log, o.home, handle)
}

// dropUnitMark keeps a unit from starting the sweep again, and reports whether there was one.
func dropUnitMark(log io.Writer, home, handle string) bool {
	err := os.Remove(unitMark(home, handle))
	switch {
	case err == nil:
		fmt.Fprintf(log, "%s does not start it again (systemctl --user disable %s forgets it)\n", unitName(handle), unitName(handle))
	case !errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(log, "warning: %s will start it again: %v\n", unitName(handle), err)
	}
	return err == nil
}
