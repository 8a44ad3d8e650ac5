package homes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"harness/internal/filelock"
	"harness/registry"
	"harness/registry/bundle"
)

// Unpacked is a bundle that came into a home.
type Unpacked struct {
	Name   string
	Record Record
	Run    int // trials that have run; the others of the record were only planned
	Fresh  int // of them, those that were not here
	Files  int
	Bytes  int64
}

// UnpackOptions say what to accept.
type UnpackOptions struct {
	bundle.Limits
	Expect string // the bundle's name, or its beginning; "" = any
}

// ErrBusy says that something else is coming into the home.
var ErrBusy = errors.New("another bundle is being unpacked here: try again later")

// Unpack takes a bundle into the home of db, which was opened for writing. It is written beside the home's files, compared with its
// manifest and looked through as Verify does; only then it is moved in. Killed before that, nothing has come in; killed later, the next
// command that writes moves the rest.
func Unpack(ctx context.Context, db *registry.DB, file string, o UnpackOptions) (*Unpacked, error) {
	lock, err := filelock.Try(filepath.Join(db.Home, registry.TakeInLock))
	if errors.Is(err, filelock.ErrLocked) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	defer lock.Release()
	part, err := os.MkdirTemp(db.Home, registry.PartPrefix)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	defer os.RemoveAll(part)
	if err := os.Chmod(part, 0o755); err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	u := &unpacking{ctx: ctx, file: file, part: part}
	m, err := bundle.Read(file, o.Limits, u.entry)
	if err != nil {
		return nil, err
	}
	got := &Unpacked{Name: m.Name(), Record: u.record, Files: len(m.Entries), Bytes: m.Total()}
	if o.Expect != "" && !strings.HasPrefix(m.Name(), strings.ToLower(o.Expect)) {
		return nil, &bundle.Damage{File: file, Reason: fmt.Sprintf("its name is %s, not %s: it is another bundle, or was made anew", m.Name(), o.Expect)}
	}
	if err := u.check(m.Name()); err != nil {
		return nil, err
	}
	if err := syncTree(part); err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	run, err := os.ReadDir(filepath.Join(part, "trials"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	got.Run = len(run)
	if got.Fresh, err = db.TakeIn(ctx, part); err != nil {
		return nil, err
	}
	return got, nil
}

// mostText bounds the files that are read into memory as a whole.
const mostText = 256 << 20

// unpacking writes a bundle into a folder.
type unpacking struct {
	ctx    context.Context
	file   string
	part   string
	record Record
	have   bool // the record was there
}

// Check reads a bundle and returns what it says about itself, without unpacking it.
func Check(ctx context.Context, file string, l bundle.Limits) (*bundle.Manifest, *Record, error) {
	u := &unpacking{ctx: ctx, file: file}
	m, err := bundle.Read(file, l, u.entry)
	if err == nil && !u.have {
		err = &bundle.Damage{File: file, Entry: recordFile, Reason: "it is missing: this is no bundle of trials"}
	}
	return m, &u.record, err
}

// entry takes one entry. Where it goes is checked anew, though the manifest was: what a bundle may hold is less than what has a sound
// path.
func (u *unpacking) entry(e bundle.Entry, in io.Reader) error {
	if err := context.Cause(u.ctx); err != nil {
		return err
	}
	if e.Path == readmeFile {
		return nil
	}
	if e.Size > mostText && (e.Path == recordFile || strings.HasPrefix(e.Path, homeFolder+"plans/") || strings.HasPrefix(e.Path, homeFolder+"code/")) {
		return &bundle.Damage{File: u.file, Entry: e.Path, Reason: fmt.Sprintf("%d bytes are more than such a file has", e.Size)}
	}
	if e.Path == recordFile {
		u.have = true
		if err := json.NewDecoder(in).Decode(&u.record); err != nil {
			return &bundle.Damage{File: u.file, Entry: e.Path, Reason: "it cannot be read: " + err.Error()}
		}
		return nil
	}
	rel, ok := strings.CutPrefix(e.Path, homeFolder)
	if !ok || !belongs(rel) {
		return &bundle.Damage{File: u.file, Entry: e.Path, Reason: "a bundle holds no such file"}
	}
	if u.part == "" {
		return nil
	}
	return u.write(filepath.Join(u.part, filepath.FromSlash(rel)), e, in)
}

func (u *unpacking) write(path string, e bundle.Entry, in io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	perm := os.FileMode(0o644)
	if e.Mode == bundle.Executable {
		perm = 0o755
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("unpack %s: %w", e.Path, err)
	}
	return nil
}

// belongs reports whether a home has files of that path that a bundle may bring.
func belongs(rel string) bool {
	parts := strings.Split(rel, "/")
	for _, name := range parts {
		if strings.HasPrefix(name, ".") && parts[0] != "trials" {
			return false
		}
	}
	switch parts[0] {
	case "plans":
		return len(parts) == 2 && strings.HasSuffix(rel, ".json")
	case "trials":
		return len(parts) >= 3 && isID(parts[1]) && (rel == "trials/"+parts[1]+"/meta.json" || parts[2] == "files" || isAttempt(parts[2])) &&
			(len(parts) > 3 || parts[2] == "meta.json")
	case "code":
		return len(parts) == 2 && strings.HasSuffix(rel, ".json") || len(parts) == 3 && parts[1] == "files" && isHex(parts[2]) ||
			len(parts) == 3 && parts[1] == "written" && strings.HasSuffix(rel, ".json")
	case "stages":
		return len(parts) == 3 && parts[2] != "lock"
	case bundlesDir:
		return len(parts) == 2 && strings.HasSuffix(rel, recordSuffix)
	}
	return false
}

func isID(name string) bool { return len(name) == 16 && isHex(name) }

func isHex(name string) bool {
	return name != "" && strings.Trim(name, "0123456789abcdef") == ""
}

// check looks through what was unpacked as through a home, and leaves the bundle's record in it.
func (u *unpacking) check(name string) error {
	if !u.have {
		return &bundle.Damage{File: u.file, Entry: recordFile, Reason: "it is missing: this is no bundle of trials"}
	}
	if u.record.Backup { // a copy is no better than its home
		return nil
	}
	v := &Verification{}
	if err := v.home(u.ctx, u.part, nil, nil); err != nil {
		return err
	}
	if len(v.Wrong) > 0 {
		return &bundle.Damage{File: u.file, Entry: homeFolder + v.Wrong[0].Path, Reason: v.Wrong[0].Reason}
	}
	encoded, err := json.MarshalIndent(u.record, "", " ")
	if err != nil {
		return err
	}
	path := recordPath(u.part, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	if err := os.WriteFile(path, append(encoded, '\n'), 0o644); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return nil
}
