package hub

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"harness/internal/filelock"
	"harness/model/checkpoint"
	"harness/model/dataset/sniff"
)

// downloads brings files of one commit into the cache.
type downloads struct {
	hub        *Hub
	storage    storage
	repository *repository
}

// all fetches files, then those of the shards that the index among them names.
func (d downloads) all(ctx context.Context, files, shards []repoFile) error {
	if err := os.MkdirAll(filepath.Join(d.storage.dir(), "blobs"), 0o755); err != nil {
		return err
	}
	if err := d.checkRoom(append(files[:len(files):len(files)], shards...)); err != nil {
		return err
	}
	for _, f := range files {
		if err := d.file(ctx, f.Name); err != nil {
			return err
		}
	}
	names, err := checkpoint.Files(d.storage.snapshot(d.repository.Commit))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := d.file(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// there reports whether the snapshot has a file.
func (d downloads) there(name string) bool {
	_, err := os.Stat(filepath.Join(d.storage.snapshot(d.repository.Commit), name))
	return err == nil
}

// checkRoom refuses a disk that cannot take what is missing, as far as the hub states sizes.
func (d downloads) checkRoom(files []repoFile) error {
	need := int64(0)
	for _, f := range files {
		if !d.there(f.Name) {
			need += f.Size
		}
	}
	free, known := d.hub.room(d.storage.cache)
	if known && uint64(need) > free {
		return fmt.Errorf("the Hugging Face cache %s has %s free, and %s are to be downloaded: make room, or set HF_HUB_CACHE to another folder",
			d.storage.cache, size(int64(free)), size(need))
	}
	return nil
}

// roomIn says how many bytes are free in a folder.
func roomIn(dir string) (free uint64, known bool) {
	var disk unix.Statfs_t
	if unix.Statfs(dir, &disk) != nil {
		return 0, false
	}
	return uint64(disk.Bavail) * uint64(disk.Bsize), true
}

// file brings one file into the snapshot, unless it is there.
func (d downloads) file(ctx context.Context, name string) error {
	if d.there(name) {
		return nil
	}
	commit := d.repository.Commit
	a, err := d.hub.ask(ctx, d.storage.ref, commit, name)
	if err != nil {
		return err
	}
	lockPath := d.storage.lock(a.etag)
	if err := os.MkdirAll(filepath.Dir(lockPath), 0o755); err != nil {
		return err
	}
	lock, err := filelock.Wait(ctx, lockPath)
	if err != nil {
		return err
	}
	defer lock.Release()
	blob := d.storage.blob(a.etag)
	if info, err := os.Stat(blob); errors.Is(err, fs.ErrNotExist) || err == nil && a.size >= 0 && info.Size() != a.size {
		if err := d.fetch(ctx, name, a, blob); err != nil {
			return fmt.Errorf("download %s: %w", name, err)
		}
	} else if err != nil {
		return err
	}
	return d.storage.link(commit, name, a.etag)
}

// fetch downloads a blob. What an earlier download left is kept if its hash comes out right in the end; else everything is fetched
// once more.
func (d downloads) fetch(ctx context.Context, name string, a about, blob string) error {
	part, err := os.OpenFile(blob+".incomplete", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer part.Close()
	kept, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	err = d.fill(ctx, name, a, part)
	if _, wrong := errors.AsType[*mismatchError](err); wrong && kept > 0 {
		if err := part.Truncate(0); err != nil {
			return err
		}
		err = d.fill(ctx, name, a, part)
	}
	if _, wrong := errors.AsType[*mismatchError](err); wrong {
		return errors.Join(err, os.Remove(part.Name()))
	}
	if err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}
	return os.Rename(part.Name(), blob)
}

// fill appends to part what it lacks, and checks the whole.
func (d downloads) fill(ctx context.Context, name string, a about, part *os.File) error {
	furthest := int64(0) // of the tries
	err := d.hub.again(ctx, func() (bool, error) {
		have, err := part.Seek(0, io.SeekEnd)
		if err != nil || have > 0 && have == a.size {
			return false, err
		}
		if a.size >= 0 && have > a.size {
			have = 0
		}
		end, err := d.append(ctx, name, a, part, have)
		progressed := end > max(furthest, have)
		furthest = max(furthest, end)
		return progressed, err
	})
	if err != nil {
		return err
	}
	return check(part, a)
}

// append asks for what lies behind the first have bytes, writes it there, and returns how many there are then. A server that sends
// the whole starts anew.
func (d downloads) append(ctx context.Context, name string, a about, part *os.File, have int64) (end int64, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	from := ""
	if have > 0 {
		from = fmt.Sprintf("bytes=%d-", have)
	}
	answer, err := d.hub.get(ctx, http.MethodGet, d.hub.addressOf(d.storage.ref, d.repository.Commit, name), from)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0 {
		return 0, transient{errors.Join(errors.New("the server has nothing behind what is there"), part.Truncate(0))}
	}
	if err := d.hub.refusal(answer, d.storage.ref, d.repository.Commit, name); err != nil {
		return 0, err
	}
	if answer.StatusCode != http.StatusPartialContent {
		have = 0
	} else if span := answer.Header.Get("Content-Range"); !strings.HasPrefix(span, fmt.Sprintf("bytes %d-", have)) {
		return 0, fmt.Errorf("%s sends the bytes %q where those from %d on were asked for", d.hub.options.Endpoint, span, have)
	}
	if err := part.Truncate(have); err != nil && !errors.Is(err, unix.EINVAL) { // a device has no length
		return 0, err
	}
	if _, err := part.Seek(have, io.SeekStart); err != nil {
		return 0, err
	}
	body := &watched{from: answer.Body, stop: stop, progress: func(n int64) {
		if d.hub.options.Progress != nil {
			d.hub.options.Progress(name, have+n, max(a.size, 0))
		}
	}}
	body.timer = time.AfterFunc(stall, func() { stop(errStalled) })
	defer body.timer.Stop()
	n, err := io.Copy(part, body)
	if body.err != nil { // of reading, which may go on; writing may not
		if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
			body.err = cause
		}
		return have + n, transient{fmt.Errorf("cut after %s: %w", size(have+n), body.err)}
	}
	if err == nil && a.size >= 0 && have+n < a.size {
		return have + n, transient{fmt.Errorf("cut after %d of %d bytes", have+n, a.size)}
	}
	return have + n, err
}

// stall is how long a download may bring nothing.
const stall = time.Minute

var errStalled = errors.New("nothing came for a minute")

// watched reads on, tells how far it is, and is stopped when nothing comes.
type watched struct {
	from     io.Reader
	stop     context.CancelCauseFunc
	timer    *time.Timer
	progress func(n int64)
	n        int64
	err      error // of reading
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	w.timer.Reset(stall)
	w.n += int64(n)
	w.progress(w.n)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// mismatchError says that contents are not those that the hub announced.
type mismatchError struct{ text string }

func (e *mismatchError) Error() string { return e.text }

// check compares a file with its size and hash.
func check(file *os.File, a about) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	sum := newSum(a.etag, info.Size())
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, info.Size())); err != nil {
		return err
	}
	start := make([]byte, sniff.HeadSize)
	if n, _ := file.ReadAt(start, 0); sniff.Of(start[:n]) == sniff.LFSPointer {
		return &mismatchError{"the server sent a pointer of Git LFS, not the file itself"}
	}
	found := hex.EncodeToString(sum.Sum(nil))
	if found == a.etag {
		return nil
	}
	return &mismatchError{fmt.Sprintf("checksum mismatch: the hub states %.12s, %s that came have %.12s: try again, or another HF_ENDPOINT",
		a.etag, size(info.Size()), found)}
}
