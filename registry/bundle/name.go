package bundle

import (
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	longestPath = 1024 // bytes
	longestName = 255
)

// checkPath says why a path may not stand in a bundle, or "". Whatever passes lies below the folder that it is unpacked into.
func checkPath(path string) string {
	switch {
	case path == "":
		return "it has no name"
	case path == manifestName:
		return "only the manifest is called so"
	case !utf8.ValidString(path):
		return "its name is not UTF-8"
	case len(path) > longestPath:
		return fmt.Sprintf("its name is longer than %d bytes", longestPath)
	case strings.ContainsFunc(path, unicode.IsControl):
		return "its name has control characters"
	case strings.HasPrefix(path, "/"):
		return "an absolute path"
	case strings.Contains("/"+path+"/", "/../"):
		return "its path leads out of the folder"
	case !fs.ValidPath(path) || path == ".":
		return "its path is not in its plainest form"
	}
	for _, name := range strings.Split(path, "/") {
		if len(name) > longestName {
			return fmt.Sprintf("a name in its path is longer than %d bytes", longestName)
		}
	}
	return ""
}

// names finds paths that a file system may take for one another, because it does not tell capitals from small letters or
// several spellings of a letter apart, and files that lie below other files.
type names struct {
	paths map[string]string // by the form in which all spellings are alike: folders and files as they were spelled
	files map[string]bool
	fold  cases.Caser
}

func newNames() *names {
	return &names{map[string]string{}, map[string]bool{}, cases.Fold()}
}

// add takes a path and returns the one that it collides with, or "".
func (n *names) add(path string) string {
	for end := 0; end < len(path); {
		next := strings.IndexByte(path[end+1:], '/')
		if next < 0 {
			end = len(path)
		} else {
			end += 1 + next
		}
		part := path[:end]
		same := norm.NFC.String(n.fold.String(norm.NFD.String(part)))
		if other, ok := n.paths[same]; ok && (other != part || n.files[part] || end == len(path)) {
			return other
		}
		n.paths[same] = part
	}
	n.files[path] = true
	return ""
}
