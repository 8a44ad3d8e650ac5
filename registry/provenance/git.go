package provenance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// repository is what git says about a folder; the zero value is a folder that is not git's. Paths are relative to the
// folder. It stays as it is: when something changes, git is asked again.
type repository struct {
	commit, diff, patch string
	tracked             map[string]bool
	modified            map[string]bool // tracked, and not as in the commit
	untracked           map[string]bool
	ignored             map[string]bool // files and whole folders

	watched map[string]stamp // the index and HEAD
	stamps  map[string]stamp // of the tracked files
}

// tracks reports whether the folder is git's.
func (r *repository) tracks() bool { return len(r.tracked) > 0 }

// askGit asks about a folder. Where git is not installed, refuses, or tracks nothing below the folder, the answer is that
// it is not git's: a repository around a folder says nothing about files that it does not hold.
func askGit(ctx context.Context, dir string) *repository {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	none := &repository{}
	if !belowRepository(dir) {
		return none
	}
	git := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = dir
		for _, v := range os.Environ() {
			if !strings.HasPrefix(v, "GIT_") { // of a hook that we may run in
				cmd.Env = append(cmd.Env, v)
			}
		}
		cmd.Env = append(cmd.Env, "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
		return cmd.Output()
	}
	where, err := git("rev-parse", "--absolute-git-dir", "--show-prefix")
	if err != nil {
		return none
	}
	gitDir, prefix, _ := strings.Cut(string(where), "\n")
	prefix = strings.TrimSuffix(prefix, "\n")
	files, err := git("ls-files", "-z", "--cached")
	if err != nil || len(files) == 0 {
		return none
	}
	r := &repository{tracked: map[string]bool{}, modified: map[string]bool{}, untracked: map[string]bool{},
		ignored: map[string]bool{}, watched: map[string]stamp{}}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(files), "\x00"), "\x00") {
		r.tracked[name] = true
	}
	status, err := git("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=traditional", "--", ".")
	if err != nil {
		return none
	}
	r.readStatus(string(status), prefix)
	if head, err := git("rev-parse", "--verify", "-q", "HEAD"); err == nil {
		r.commit = string(bytes.TrimSpace(head))
		if len(r.modified) > 0 {
			r.readPatch(git("diff", "--no-ext-diff", "--no-color", "--binary", "--relative", "HEAD", "--", "."))
		}
	}
	for _, name := range []string{"index", "HEAD"} {
		path := filepath.Join(gitDir, name)
		r.watched[path] = stampAt(path)
	}
	return r
}

// readStatus takes the records of git status -z: two letters, a blank, the path from the top of the repository.
func (r *repository) readStatus(status, prefix string) {
	for record := range strings.SplitSeq(status, "\x00") {
		if len(record) < 4 {
			continue
		}
		path, ok := strings.CutPrefix(record[3:], prefix)
		if !ok {
			continue
		}
		switch path = strings.TrimSuffix(path, "/"); record[:2] {
		case "!!":
			r.ignored[path] = true
		case "??":
			r.untracked[path] = true
		default:
			r.modified[path] = true
		}
	}
}

func (r *repository) readPatch(patch []byte, err error) {
	if err != nil || len(patch) == 0 {
		return
	}
	sum := sha256.Sum256(patch)
	r.diff = hex.EncodeToString(sum[:8])
	if len(patch) <= patchSize {
		r.patch = string(patch)
	}
}

// changed reports whether git may answer otherwise than before: HEAD, the index or a tracked file is not as it was.
func (r *repository) changed(files []found) bool {
	for path, s := range r.watched {
		if stampAt(path) != s {
			return true
		}
	}
	if r.stamps == nil {
		return false
	}
	n := 0
	for _, f := range files {
		if f.tracked {
			n++
			if s, ok := r.stamps[f.path]; !ok || s != f.stamp {
				return true
			}
		}
	}
	return n != len(r.stamps)
}

// accept notes the files that belong to git's answer; those it did not speak of, as in a repository inside, are untracked.
func (r *repository) accept(files []found) {
	if !r.tracks() {
		return
	}
	first := r.stamps == nil
	if first {
		r.stamps = map[string]stamp{}
	}
	for _, f := range files {
		if !f.tracked {
			r.untracked[f.path] = true
		} else if first {
			r.stamps[f.path] = f.stamp
		}
	}
}

func stampAt(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stampOf(info)
}

// belowRepository spares the call of git where no folder above has a .git.
func belowRepository(dir string) bool {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}
