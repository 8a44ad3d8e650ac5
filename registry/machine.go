package registry

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"harness/registry/journal"
)

// Here finds out what code runs on what machine; what cannot be found out stays empty. It takes some tens of
// milliseconds, most of them to hash the program: ask once, not for every trial.
func Here(ctx context.Context) journal.Provenance {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	p := journal.Provenance{GoVersion: runtime.Version(), Cores: runtime.NumCPU(), CPU: cpuModel()}
	p.Host, _ = os.Hostname()
	p.Commit, p.DiffHash = Revision(ctx)
	if info, ok := debug.ReadBuildInfo(); ok {
		p.Harness = info.Main.Version
	}
	p.BinaryHash = hashFile("/proc/self/exe") // what runs, even if the file was replaced meanwhile
	p.GPU, p.Driver = gpus(ctx)
	return p
}

// Revision is the commit of the repository around the working directory, and a hash of what differs from it. Where
// there is no repository, it is the commit that the program was built from.
func Revision(ctx context.Context) (commit, diff string) {
	if _, err := exec.LookPath("git"); err == nil && inRepository() {
		head, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
		if err == nil {
			changes, _ := exec.CommandContext(ctx, "git", "diff", "--no-ext-diff", "--binary", "HEAD").Output()
			return string(bytes.TrimSpace(head)), hashChanges(changes)
		}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", ""
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				diff = "modified"
			}
		}
	}
	return commit, diff
}

func inRepository() bool {
	dir, err := os.Getwd()
	if err != nil {
		return false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, ".git")); !errors.Is(err, fs.ErrNotExist) {
			return err == nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}

func hashChanges(changes []byte) string {
	if len(changes) == 0 {
		return ""
	}
	sum := sha256.Sum256(changes)
	return hex.EncodeToString(sum[:8])
}

func hashFile(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func cpuModel() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// gpus names the NVIDIA GPUs and their driver, from /proc where the driver shows them there, else from nvidia-smi.
func gpus(ctx context.Context) (models, driver string) {
	if version, err := os.ReadFile("/sys/module/nvidia/version"); err == nil {
		driver = string(bytes.TrimSpace(version))
	}
	var names []string
	files, _ := filepath.Glob("/proc/driver/nvidia/gpus/*/information")
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if key, value, ok := strings.Cut(line, ":"); ok && key == "Model" {
				names = append(names, strings.TrimSpace(value))
			}
		}
	}
	if len(names) > 0 && driver != "" {
		return strings.Join(slices.Compact(names), ", "), driver
	}
	if _, err := exec.LookPath("nvidia-smi"); err != nil {
		return strings.Join(slices.Compact(names), ", "), driver
	}
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader").Output()
	if err != nil {
		return strings.Join(slices.Compact(names), ", "), driver
	}
	names = nil
	for line := range strings.Lines(string(out)) {
		name, version, _ := strings.Cut(strings.TrimSpace(line), ", ")
		names, driver = append(names, name), version
	}
	return strings.Join(slices.Compact(names), ", "), driver
}
