package hub

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// scheme begins a reference.
const scheme = "hf:"

// Reference names a repository of the hub and one of its revisions.
type Reference struct {
	Repository string // ORG/NAME, or NAME alone for the oldest models
	Revision   string // a branch, a tag, a commit or refs/pr/N
}

// IsReference tells a reference from the name of a folder. A folder whose name begins so is ./hf:…
func IsReference(name string) bool { return strings.HasPrefix(name, scheme) }

var (
	repositoryName = regexp.MustCompile(`^([0-9A-Za-z_]([\w.-]{0,94}[0-9A-Za-z_])?/)?[0-9A-Za-z_]([\w.-]{0,94}[0-9A-Za-z_])?$`)
	revisionName   = regexp.MustCompile(`^[\w.+=~-]+(/[\w.+=~-]+)*$`)
	fullCommit     = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// Parse reads hf:ORG/NAME or hf:ORG/NAME@REVISION; without a revision it is main. What the hub cannot have is refused.
func Parse(name string) (Reference, error) {
	rest, ok := strings.CutPrefix(name, scheme)
	if !ok {
		return Reference{}, fmt.Errorf("%q is no reference: want hf:ORG/NAME or hf:ORG/NAME@REVISION", name)
	}
	repository, revision, given := strings.Cut(rest, "@")
	if !given {
		revision = "main"
	}
	switch {
	case !repositoryName.MatchString(repository) || strings.Contains(repository, "--") || strings.Contains(repository, "..") ||
		strings.HasSuffix(repository, ".git"):
		return Reference{}, fmt.Errorf("%q is no name of a repository: want hf:ORG/NAME or hf:ORG/NAME@REVISION", repository)
	case !revisionName.MatchString(revision) || !fs.ValidPath(revision) || revision == "." || len(revision) > 200:
		return Reference{}, fmt.Errorf("%q is no revision: want a branch, a tag, a commit or refs/pr/N behind the @", revision)
	}
	return Reference{repository, revision}, nil
}

// String is the reference as Parse reads it, with its revision.
func (r Reference) String() string { return scheme + r.Repository + "@" + r.Revision }

// folder is the name of the repository's folder in the cache.
func (r Reference) folder() string { return "models--" + strings.ReplaceAll(r.Repository, "/", "--") }

// snapshotOf is the path of a snapshot in a cache.
var snapshotOf = regexp.MustCompile(`(?:^|/)models--([^/]+)/snapshots/[^/]+/?$`)

// NameOf returns the repository whose snapshot lies in a folder, by the names of the folders above it; "" for any other folder.
func NameOf(dir string) string {
	found := snapshotOf.FindStringSubmatch(strings.ReplaceAll(dir, `\`, "/"))
	if found == nil {
		return ""
	}
	return strings.Replace(found[1], "--", "/", 1)
}
