package dataset

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Tally is a count with the causes behind it and, on request, the ids and places that it counts.
type Tally struct {
	N      int
	IDs    []string
	Causes []Cause // of a fault, in the order in which they were met
	Items  []Item  // of a fault, on request
}

// MarshalJSON writes the number alone.
func (t Tally) MarshalJSON() ([]byte, error) { return json.Marshal(t.N) }

// Cause is one reason behind a count: how often, and the first place where it was met.
type Cause struct {
	Cause  string `json:"cause"`
	N      int    `json:"count"`
	First  string `json:"first"`            // file, or FILE:LINE
	Detail string `json:"detail,omitempty"` // what is particular to the first: what lies there instead, or two sizes
}

// Item is one file or row that cannot be used.
type Item struct {
	ID     string
	Place  string // file, or FILE:LINE
	Cause  string
	Detail string // may be ""

	absent bool // nothing was found at Place
}

// maxCauses bounds the causes that a tally tells apart; they are few unless a column holds something else than it should.
const maxCauses = 20

// addFault counts an item under its cause.
func (t *Tally) addFault(item Item) {
	t.N++
	for i := range t.Causes {
		if t.Causes[i].Cause == item.Cause || i == maxCauses-1 {
			t.Causes[i].N++
			return
		}
	}
	if len(t.Causes) == maxCauses-1 {
		item.Cause = "other causes"
	}
	if item.absent && item.Detail == "" {
		item.Detail = lying(item.Place)
	}
	t.Causes = append(t.Causes, Cause{item.Cause, 1, item.Place, item.Detail})
}

// count counts something that is as it should be, or that is no fault.
func (l *loader) count(t *Tally, id string) {
	t.N++
	if l.opts.ListIDs {
		t.IDs = append(t.IDs, id)
	}
}

// fault counts a file or row that cannot be used.
func (l *loader) fault(t *Tally, item Item) {
	t.addFault(item)
	if l.opts.ListIDs {
		t.IDs = append(t.IDs, item.ID)
		t.Items = append(t.Items, item)
	}
}

// note says something about the root as a whole.
func (l *loader) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

// shownNames is how many names a message shows.
const shownNames = 3

// firstOf lists the first of all names, as shown gives them, and says how many more there are.
func firstOf[T any](all []T, shown func(T) string) string {
	var names []string
	for _, name := range all[:min(shownNames, len(all))] {
		names = append(names, shown(name))
	}
	list := strings.Join(names, ", ")
	if more := len(all) - len(names); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// lying says what lies where a file was looked for: the names in its folder, or in the nearest folder above that is there.
func lying(path string) string {
	dir := filepath.Dir(path)
	missing := ""
	for {
		names, err := firstNames(dir)
		if target, linkErr := os.Readlink(dir); os.IsNotExist(err) && linkErr == nil {
			return fmt.Sprintf("%s is a link to %s, which is not there", dir, plain(target))
		}
		switch {
		case err == nil && missing == "":
			return "its folder holds " + names
		case err == nil:
			return fmt.Sprintf("no %s; %s holds %s", missing, dir, names)
		case !os.IsNotExist(err):
			return err.Error()
		}
		missing = dir
		parent := filepath.Dir(dir)
		if parent == dir {
			return "no " + missing
		}
		dir = parent
	}
}

// plain returns a file's name as it may stand in a message: quoted where it holds what a terminal would obey.
func plain(name string) string {
	if quoted := strconv.Quote(name); quoted[1:len(quoted)-1] != name {
		return quoted
	}
	return name
}

// firstNames lists the first names of a folder and how many more there are.
func firstNames(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) == 0 {
		return "nothing", nil
	}
	return firstOf(entries, func(e os.DirEntry) string {
		if e.IsDir() {
			return plain(e.Name()) + "/"
		}
		return plain(e.Name())
	}), nil
}
