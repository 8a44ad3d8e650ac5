package homes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"harness/internal/atomicfile"
	"harness/internal/filelock"
	"harness/registry"
	"harness/registry/bundle"
)

// backupFile lists what is in a folder that holds a backup.
const (
	backupFile = "BACKUP.json"
	backupLock = "backup.lock"
)

// backupList is BACKUP.json.
type backupList struct {
	Version  int                   `json:"version"`
	Finished bool                  `json:"finished"` // false while a backup is under way, and where it was killed
	Files    map[string]backedFile `json:"files"`    // by path
}

// backedFile is a file of a backup, and how to tell that the home's is still the same.
type backedFile struct {
	Size     int64     `json:"size"`
	SHA256   string    `json:"sha256"`
	Of       int64     `json:"of"` // size of the home's file
	Modified time.Time `json:"modified"`
}

// Backup is what making one came to.
type Backup struct {
	Files  int   // in it
	Bytes  int64 // of these
	Copied int   // since the backup before
	Gone   int   // that the home does not have any more; they stay
}

// BackupTo copies the home of db into the folder dir: all, or what is new since the backup before. Sweeps may run meanwhile. registry.db is
// not copied: it is made again from the rest. With kept, finished stages and the files that programs keep go along.
func BackupTo(ctx context.Context, db *registry.DB, dir string, kept bool) (*Backup, error) {
	if _, err := openBackup(db.Home, dir); err != nil { // refuses before the lock is made there
		return nil, err
	}
	lock, err := filelock.Try(filepath.Join(dir, backupLock))
	if errors.Is(err, filelock.ErrLocked) {
		return nil, fmt.Errorf("backup %s: another backup is being made there", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	defer lock.Release()
	list, err := openBackup(db.Home, dir) // another backup may have ended since
	if err != nil {
		return nil, err
	}
	files, err := liveFiles(db.Home, kept)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	list.Finished = false
	if err := list.write(dir); err != nil {
		return nil, err
	}
	b := &Backup{}
	seen := map[string]bool{}
	var fresh []string
	for _, f := range files {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		seen[f.rel] = true
		known, ok := list.Files[f.rel]
		if ok && known.Of == f.info.Size() && known.Modified.Equal(f.info.ModTime()) && sizeOf(filepath.Join(dir, f.rel)) == known.Size {
			continue
		}
		copied, err := copyLive(dir, f)
		if errors.Is(err, fs.ErrNotExist) { // removed a moment ago
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("backup %s: %w", f.rel, err)
		}
		list.Files[f.rel] = copied
		b.Copied++
		fresh = append(fresh, filepath.Join(dir, filepath.FromSlash(f.rel)))
	}
	if err := syncAll(fresh); err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	list.Finished = true
	for rel, f := range list.Files {
		b.Files++
		b.Bytes += f.Size
		if !seen[rel] {
			b.Gone++
		}
	}
	return b, list.write(dir)
}

// openBackup makes the folder of a backup, or reads what is in it.
func openBackup(home, dir string) (*backupList, error) {
	if within(home, dir) || within(dir, home) {
		return nil, fmt.Errorf("backup %s: it lies in the home, or the home in it: choose another folder", dir)
	}
	names, err := listDir(dir)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	if !slices.Contains(names, backupFile) {
		if slices.ContainsFunc(names, func(name string) bool { return name != backupLock }) {
			return nil, fmt.Errorf("backup %s: the folder holds something else: choose an empty one", dir)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("backup: %w", err)
		}
		return &backupList{Version: 1, Files: map[string]backedFile{}}, nil
	}
	return readBackup(dir)
}

// within reports whether a path is a folder or lies in it, links resolved as far as it exists.
func within(folder, path string) bool {
	a, b := resolved(folder), resolved(path)
	rel, err := filepath.Rel(a, b)
	return err == nil && filepath.IsLocal(rel)
}

func resolved(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	rest := ""
	for at := abs; ; at = filepath.Dir(at) {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest)
		}
		if at == filepath.Dir(at) {
			return abs
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

func readBackup(dir string) (*backupList, error) {
	data, err := os.ReadFile(filepath.Join(dir, backupFile))
	if err != nil {
		return nil, fmt.Errorf("read backup: %w", err)
	}
	var list backupList
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("read backup: %s: %w", filepath.Join(dir, backupFile), err)
	}
	if list.Version != 1 {
		return nil, fmt.Errorf("read backup: %s has version %d, this program knows 1: use a newer harness", filepath.Join(dir, backupFile), list.Version)
	}
	if list.Files == nil {
		list.Files = map[string]backedFile{}
	}
	return &list, nil
}

func (l *backupList) write(dir string) error {
	encoded, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, backupFile), append(encoded, '\n')); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// copyLive copies a file as it was when it was listed: beside its place, which it then takes. The caller makes it durable.
func copyLive(dir string, f live) (backedFile, error) {
	in, err := f.open()
	if err != nil {
		return backedFile{}, err
	}
	defer in.Close()
	to := filepath.Join(dir, filepath.FromSlash(f.rel))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return backedFile{}, err
	}
	perm := os.FileMode(0o644)
	if f.info.Mode().Perm()&0o111 != 0 {
		perm = 0o755
	}
	fresh := filepath.Join(filepath.Dir(to), atomicfile.Prefix+filepath.Base(to)) // one that was left is written over
	out, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, perm)
	if err != nil {
		return backedFile{}, err
	}
	h := sha256.New()
	size, err := io.Copy(io.MultiWriter(out, h), in)
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(fresh, to)
	}
	if err != nil {
		return backedFile{}, errors.Join(err, os.Remove(fresh))
	}
	return backedFile{Size: size, SHA256: hex.EncodeToString(h.Sum(nil)), Of: f.info.Size(), Modified: f.info.ModTime()}, nil
}

// CheckBackup compares every file of a backup in a folder with what was noted when it was copied, and looks through it as through a home.
func CheckBackup(ctx context.Context, dir string, stage func(string) ([]string, error)) (*Verification, error) {
	list, err := readBackup(dir)
	if err != nil {
		return nil, err
	}
	v := &Verification{}
	if !list.Finished {
		v.wrong(backupFile, "the last backup into this folder did not come to its end: make it again")
		return v, nil
	}
	for _, rel := range sortedKeys(list.Files) {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if !filepath.IsLocal(filepath.FromSlash(rel)) {
			v.wrong(backupFile, "it names %s", rel)
			continue
		}
		v.contents(dir, rel, list.Files[rel].SHA256)
	}
	inner := &Verification{}
	if err := inner.home(ctx, dir, stage, nil); err != nil {
		return nil, err
	}
	for _, wrong := range inner.Wrong { // what was wrong in the home already
		if !slices.ContainsFunc(v.Wrong, func(w Wrong) bool { return w.Path == wrong.Path }) {
			v.Wrong = append(v.Wrong, wrong)
		}
	}
	v.Notes = inner.Notes
	return v, nil
}

// PackHome lists what goes into a bundle that is a backup of a whole home.
func PackHome(ctx context.Context, db *registry.DB, kept bool) (*Packing, error) {
	files, err := liveFiles(db.Home, kept)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	p := &Packing{Record: Record{Sweeps: []string{}, Trials: []TrialRecord{}, LeftOut: []LeftOut{}, Backup: true}}
	for _, f := range files {
		s := sourceOf(homeFolder+f.rel, f.path, f.info)
		s.Open = f.open
		if replaced(f.rel) {
			data, err := os.ReadFile(f.path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("backup: %w", err)
			}
			s = bundle.Bytes(s.Path, data)
		}
		p.Sources = append(p.Sources, s)
	}
	sweeps, err := db.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range sweeps {
		p.Record.Sweeps = append(p.Record.Sweeps, s.Handle)
	}
	slices.Sort(p.Record.Sweeps)
	trials, err := db.Trials(ctx, registry.Query{All: true, Brief: true})
	if err != nil {
		return nil, err
	}
	for _, t := range trials {
		p.Record.Trials = append(p.Record.Trials, TrialRecord{ID: t.ID})
	}
	slices.SortFunc(p.Record.Trials, func(a, b TrialRecord) int { return strings.Compare(a.ID, b.ID) })
	encoded, err := json.MarshalIndent(p.Record, "", " ")
	if err != nil {
		return nil, err
	}
	p.Sources = append(p.Sources, bundle.Bytes(recordFile, append(encoded, '\n')), bundle.Bytes(readmeFile, []byte(backupReadme)))
	return p, nil
}

// replaced reports whether a file is one that is written anew while things run.
func replaced(rel string) bool {
	return strings.HasPrefix(rel, "plans/") || strings.HasPrefix(rel, "code/written/") || strings.HasPrefix(rel, bundlesDir+"/") || strings.HasSuffix(rel, "/meta.json")
}

const backupReadme = `# A backup of a home of the harness

    harness backup --check FILE            is it whole?
    harness --home DIR unbundle FILE       restore it

registry.db is not in it: it is made again from the journals.
`
