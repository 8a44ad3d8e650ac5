package provenance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// repository is what git says about a folder; the zero value is a folder that is not git's. Paths are relative to the
// folder. When something changes, git is asked again and there is a new one.
type repository struct {
	dir                 string
	commit, diff, patch string
	tracked             map[string]bool // files, and folders of submodules
	above               map[string]bool // folders that hold tracked files
	modified            map[string]bool // tracked, and not as in the commit
	ignores             map[string]bool // what was asked about: whether git ignores it

	watched map[string]stamp // the index and HEAD
	stamps  map[string]stamp // of the tracked files
}

// tracks reports whether the folder is git's.
func (r *repository) tracks() bool { return len(r.tracked) > 0 }

// askGit asks about a folder. Where git is not installed, refuses, or tracks nothing below the folder, the answer is that
// it is not git's: a repository around a folder says nothing about files that it does not hold.
func askGit(ctx context.Context, dir string) *repository {
	none := &repository{}
	if !belowRepository(dir) {
		return none
	}
	gitDir, err := git(ctx, dir, nil, "rev-parse", "--absolute-git-dir")
	if err != nil {
		return none
	}
	files, err := git(ctx, dir, nil, "ls-files", "-z", "--cached")
	if err != nil || len(files) == 0 {
		return none
	}
	r := &repository{dir: dir, tracked: paths(files), above: map[string]bool{}, modified: map[string]bool{}, ignores: map[string]bool{},
		watched: map[string]stamp{}}
	for file := range r.tracked {
		for at := path.Dir(file); at != "." && !r.above[at]; at = path.Dir(at) {
			r.above[at] = true
		}
	}
	if head, err := git(ctx, dir, nil, "rev-parse", "--verify", "-q", "HEAD"); err == nil {
		r.commit = string(bytes.TrimSpace(head))
		changed, _ := git(ctx, dir, nil, "diff", "--no-ext-diff", "--name-only", "--no-renames", "-z", "--relative", "HEAD", "--", ".")
		if r.modified = paths(changed); len(r.modified) > 0 {
			r.readPatch(git(ctx, dir, nil, "diff", "--no-ext-diff", "--no-color", "--binary", "--relative", "HEAD", "--", "."))
		}
	}
	for _, name := range []string{"index", "HEAD"} {
		path := filepath.Join(string(bytes.TrimSpace(gitDir)), name)
		r.watched[path] = stampAt(path)
	}
	return r
}

// git runs git in a folder.
func git(ctx context.Context, dir string, in []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(in)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") { // of a hook that we may run in
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	return cmd.Output()
}

// paths splits what git prints with -z.
func paths(list []byte) map[string]bool {
	all := map[string]bool{}
	for path := range strings.SplitSeq(string(list), "\x00") {
		if path != "" {
			all[path] = true
		}
	}
	return all
}

// ask finds out which of the paths git ignores, all at once and each only once. What git refuses to tell is not ignored.
func (r *repository) ask(ctx context.Context, list []string) {
	list = slices.DeleteFunc(list, func(path string) bool {
		_, known := r.ignores[path]
		return known || r.above[path] || r.holds(path)
	})
	if !r.tracks() || len(list) == 0 {
		return
	}
	out, _ := git(ctx, r.dir, []byte(strings.Join(list, "\x00")+"\x00"), "check-ignore", "-z", "--stdin") // 1 is: none
	ignored := paths(out)
	for _, path := range list {
		r.ignores[path] = ignored[path]
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

// holds reports whether git tracks the path or a folder above it, which is then a submodule: git does not speak of what is inside.
func (r *repository) holds(name string) bool {
	for ; name != "."; name = path.Dir(name) {
		if r.tracked[name] {
			return true
		}
	}
	return false
}

// changed reports whether git may answer otherwise than before: HEAD, the index or a tracked file is not as it was.
func (r *repository) changed(files []found) bool {
	if !r.tracks() {
		return false
	}
	for path, s := range r.watched {
		if stampAt(path) != s {
			return true
		}
	}
	n := 0
	for _, f := range files {
		if f.tracked {
			if n++; r.stamps != nil && r.stamps[f.path] != f.stamp {
				return true
			}
		}
	}
	return r.stamps != nil && n != len(r.stamps)
}

// remember notes how the tracked files are to which git's answer belongs.
func (r *repository) remember(files []found) {
	if r.stamps != nil {
		return
	}
	r.stamps = map[string]stamp{}
	for _, f := range files {
		if f.tracked {
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
