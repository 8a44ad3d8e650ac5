package xla

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"harness/internal/atomicfile"
	"harness/internal/filelock"
)

// cache keeps compiled programs in a folder for later processes. Processes may share it: files appear whole or not at all,
// and each says which program it holds and carries its digest. A file that is damaged or of another program counts as
// missing. A cache that cannot be written costs time and no numbers, so its failures are silent.
type cache struct {
	folder   string
	limit    int64  // bytes of all files together; those that were not used for longest are dropped
	identity string // of compiler and machine: what is kept for one is not found by another
}

const (
	entrySuffix  = ".xla"
	entryMagic   = "harness-xla-1\n"
	entryHeader  = len(entryMagic) + sha256.Size + 8 + sha256.Size // magic, name, length, digest
	cacheLimit   = 4 << 30
	digestSuffix = ".plugin"
)

// openCache makes the folder and finds out what executables of the client depend on.
func openCache(folder string, limit int64, c *client) (*cache, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("the folder of compiled programs: %w", err)
	}
	kept := &cache{folder: folder, limit: limit}
	if limit == 0 {
		kept.limit = cacheLimit
	}
	digest, err := kept.pluginDigest(c.path)
	if err != nil {
		return nil, fmt.Errorf("read the plugin: %w", err)
	}
	kept.identity = c.identity(digest)
	return kept, nil
}

// name is that of the entry: the digest of the program and all else that its code depends on.
func (k *cache) name(key programKey) programKey {
	return sha256.Sum256(append(key[:], k.identity...))
}

func (k *cache) path(name programKey) string {
	return filepath.Join(k.folder, hex.EncodeToString(name[:])+entrySuffix)
}

// get returns what put has kept, and notes that it was used.
func (k *cache) get(key programKey) ([]byte, bool) {
	name := k.name(key)
	data, err := os.ReadFile(k.path(name))
	if err != nil {
		return nil, false
	}
	code, ok := decodeEntry(name, data)
	if ok {
		now := time.Now()
		_ = os.Chtimes(k.path(name), now, now) // another process may have dropped it
	}
	return code, ok
}

// patience is how long a process waits for another that compiles the same program, and might be stopped.
const patience = 15 * time.Minute

// reserve waits while another process compiles the program, and says that this one does until release is called. Where locks
// do not work, both compile.
func (k *cache) reserve(key programKey) (release func()) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	name := k.name(key) // few files of locks, which are never removed: programs may share one
	lock, err := filelock.Wait(ctx, filepath.Join(k.folder, fmt.Sprintf("lock-%02x", name[0])))
	if err != nil {
		return func() {}
	}
	return lock.Release
}

// put keeps an executable.
func (k *cache) put(key programKey, code []byte) {
	name := k.name(key)
	if atomicfile.Write(k.path(name), encodeEntry(name, code)) == nil {
		k.trim(k.path(name))
	}
}

func encodeEntry(name programKey, code []byte) []byte {
	digest := sha256.Sum256(code)
	data := append([]byte(entryMagic), name[:]...)
	data = binary.LittleEndian.AppendUint64(data, uint64(len(code)))
	return append(append(data, digest[:]...), code...)
}

// decodeEntry is the executable in a file that is whole and of that name.
func decodeEntry(name programKey, data []byte) ([]byte, bool) {
	if len(data) < entryHeader || !bytes.HasPrefix(data, []byte(entryMagic)) {
		return nil, false
	}
	head, code := data[len(entryMagic):entryHeader], data[entryHeader:]
	digest := sha256.Sum256(code)
	whole := bytes.Equal(head[:sha256.Size], name[:]) &&
		binary.LittleEndian.Uint64(head[sha256.Size:]) == uint64(len(code)) &&
		bytes.Equal(head[sha256.Size+8:], digest[:])
	return code, whole
}

// trim drops the entries that were not used for longest until the rest fits, but never the one at newest, and what killed
// processes have left half written.
func (k *cache) trim(newest string) {
	found, err := os.ReadDir(k.folder)
	if err != nil {
		return
	}
	var entries []fs.FileInfo
	total := int64(0)
	for _, f := range found {
		info, err := f.Info()
		switch {
		case err != nil: // another process has dropped it
		case strings.HasSuffix(f.Name(), entrySuffix):
			entries = append(entries, info)
			total += info.Size()
		case strings.HasPrefix(f.Name(), atomicfile.Prefix) && time.Since(info.ModTime()) > time.Hour:
			_ = os.Remove(filepath.Join(k.folder, f.Name()))
		}
	}
	slices.SortFunc(entries, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, e := range entries {
		if total <= k.limit {
			return
		}
		if path := filepath.Join(k.folder, e.Name()); path != newest && os.Remove(path) == nil {
			total -= e.Size()
		}
	}
}

// pluginDigest is the SHA-256 of the plugin. Since that takes a second, it is kept too, for a file of that path, size and time.
func (k *cache) pluginDigest(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	same := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", path, info.Size(), info.ModTime().UnixNano()))
	noted := filepath.Join(k.folder, hex.EncodeToString(same[:8])+digestSuffix)
	if text, err := os.ReadFile(noted); err == nil {
		if digest, err := hex.DecodeString(strings.TrimSpace(string(text))); err == nil && len(digest) == sha256.Size {
			return hex.EncodeToString(digest), nil
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	digest := hex.EncodeToString(hash.Sum(nil))
	_ = atomicfile.Write(noted, []byte(digest+"\n")) // else it is computed again
	return digest, nil
}

// processor tells kinds of processors apart: code that is compiled for the host uses all that it can do. Where the system
// does not say what that is, the machine's name stands for it.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		host, _ := os.Hostname()
		return runtime.GOARCH + " " + host
	}
	first, _, _ := strings.Cut(string(text), "\n\n")
	var b strings.Builder
	for line := range strings.Lines(first) {
		switch name, _, _ := strings.Cut(line, "\t"); strings.TrimSpace(name) {
		case "model name", "flags", "Features", "CPU implementer", "CPU part":
			b.WriteString(line)
		}
	}
	return b.String()
}
