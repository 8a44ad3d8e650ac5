package xla

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/internal/filelock"
	"harness/model/engine"
)

func testCache(t testing.TB, limit int64) *cache {
	return &cache{folder: t.TempDir(), limit: limit, identity: "compiler 1"}
}

// TestCacheEntries checks what counts as kept: whole files, of that program, compiler and machine.
func TestCacheEntries(t *testing.T) {
	k := testCache(t, cacheLimit)
	key := programKey{1}
	if _, ok := k.get(key); ok {
		t.Error("an empty folder held a program")
	}
	code := []byte("code")
	k.put(key, code)
	if got, ok := k.get(key); !ok || !bytes.Equal(got, code) {
		t.Errorf("%q, %v", got, ok)
	}
	if _, ok := k.get(programKey{2}); ok {
		t.Error("another program was found")
	}
	other := &cache{folder: k.folder, limit: cacheLimit, identity: "compiler 2"}
	if _, ok := other.get(key); ok {
		t.Error("the program of another compiler was found")
	}
	path := k.path(k.name(key))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	for what, data := range map[string][]byte{
		"empty": nil, "cut": whole[:len(whole)-1], "cut in the header": whole[:20], "longer": append(bytes.Clone(whole), 0),
		"flipped": flipped, "of another program": encodeEntry(programKey{3}, code),
	} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, ok := k.get(key); ok {
			t.Errorf("a file that is %s was taken: %q", what, got)
		}
	}
	k.put(key, code)
	if _, ok := k.get(key); !ok {
		t.Error("a damaged file was not replaced")
	}
}

// TestCacheReserve checks that one process at a time compiles a program.
func TestCacheReserve(t *testing.T) {
	k := testCache(t, cacheLimit)
	other := &cache{folder: k.folder, identity: k.identity}
	release := k.reserve(programKey{1})
	locks, _ := filepath.Glob(filepath.Join(k.folder, "lock-*"))
	if len(locks) != 1 || !filelock.Held(locks[0]) {
		t.Fatalf("locks %v", locks)
	}
	waited := make(chan func())
	go func() { waited <- other.reserve(programKey{1}) }()
	release()
	release = <-waited
	if !filelock.Held(locks[0]) {
		t.Error("whoever waited has no lock")
	}
	release()
	if filelock.Held(locks[0]) {
		t.Error("a lock that was released is held")
	}
	(&cache{folder: filepath.Join(k.folder, "none")}).reserve(programKey{1})() // where there can be no lock, none is waited for
}

// TestCacheLimit checks that the entries used longest ago go first, and the newest never.
func TestCacheLimit(t *testing.T) {
	k := testCache(t, 3*int64(entryHeader+100))
	code := make([]byte, 100)
	past := time.Now().Add(-time.Hour)
	for i := range byte(3) {
		key := programKey{i}
		k.put(key, code)
		at := past.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(k.path(k.name(key)), at, at); err != nil {
			t.Fatal(err)
		}
	}
	k.get(programKey{0}) // now used last
	k.put(programKey{3}, code)
	var held []bool
	for i := range byte(4) {
		_, ok := k.get(programKey{i})
		held = append(held, ok)
	}
	if diff := cmp.Diff([]bool{true, false, true, true}, held); diff != "" {
		t.Error(diff)
	}
	k.limit = 1
	k.put(programKey{4}, code)
	if _, ok := k.get(programKey{4}); !ok {
		t.Error("a program larger than the limit was not kept until the next")
	}
	if left, _ := filepath.Glob(filepath.Join(k.folder, "*"+entrySuffix)); len(left) != 1 {
		t.Errorf("%d entries, want 1", len(left))
	}
}

// TestPluginDigest checks that the digest is noted, and computed anew when the file or the note changes.
func TestPluginDigest(t *testing.T) {
	k := testCache(t, cacheLimit)
	path := filepath.Join(t.TempDir(), "plugin.so")
	digest := func(content string) string {
		t.Helper()
		if content != "" {
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		d, err := k.pluginDigest(path)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := digest("one")
	if first != "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed" { // sha256sum
		t.Error(first)
	}
	if digest("") != first || digest("three") == first {
		t.Error("the digest is not the file's")
	}
	notes, _ := filepath.Glob(filepath.Join(k.folder, "*"+digestSuffix))
	for _, note := range notes {
		if err := os.WriteFile(note, []byte("7692c3ad"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(notes) != 2 || digest("") == first {
		t.Errorf("a damaged note was believed, or of %d notes", len(notes))
	}
	if _, err := k.pluginDigest(filepath.Join(k.folder, "none")); err == nil {
		t.Error("a plugin that is not there has a digest")
	}
}

// FuzzCacheEntry feeds the reader anything: what it takes is what was written.
func FuzzCacheEntry(f *testing.F) {
	name := programKey{7}
	f.Add([]byte(nil))
	f.Add(encodeEntry(name, nil))
	f.Add(encodeEntry(name, []byte("code")))
	f.Add(encodeEntry(programKey{8}, []byte("code")))
	f.Add([]byte(entryMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		if code, ok := decodeEntry(name, data); ok && !bytes.Equal(encodeEntry(name, code), data) {
			t.Errorf("%q was taken for an entry of %q", data, code)
		}
	})
}

// childFolder tells a process of this test that it is the child, and where programs are kept.
const childFolder = "HARNESS_TEST_XLA_CACHE"

// childResult is what the child prints.
type childResult struct {
	Loss    float64
	Sources []Source
	IDs     []string
	Memory  []*Memory
	Seconds float64 // of the plugin's compiler or loader
}

// TestCacheAcrossProcesses checks that a second process compiles nothing and computes the same, and that an entry that is
// damaged, or whole and not the plugin's, is compiled again and replaced.
func TestCacheAcrossProcesses(t *testing.T) {
	if folder := os.Getenv(childFolder); folder != "" {
		runCacheChild(t, folder)
		return
	}
	plugin(t, Options{}) // else skip
	folder := t.TempDir()
	run := func(want Source) childResult {
		t.Helper()
		child := exec.Command(os.Args[0], "-test.run=^TestCacheAcrossProcesses$", "-test.v")
		child.Env = append(os.Environ(), childFolder+"="+folder)
		out, err := child.CombinedOutput()
		_, text, found := strings.Cut(string(out), "result: ")
		if err != nil || !found {
			t.Fatalf("%v\n%s", err, out)
		}
		var r childResult
		if err := json.NewDecoder(strings.NewReader(text)).Decode(&r); err != nil {
			t.Fatal(err)
		}
		for _, source := range r.Sources {
			if source != want {
				t.Errorf("programs came from %v, want %s", r.Sources, want)
			}
		}
		return r
	}
	first := run(FromCompiler)
	second := run(FromDisk)
	if len(first.Sources) != 2 || second.Loss != first.Loss {
		t.Errorf("%+v, then %+v", first, second)
	}
	if diff := cmp.Diff(first.Memory, second.Memory); diff != "" {
		t.Errorf("memory of a loaded program differs:\n%s", diff)
	}
	t.Logf("compiled in %.2f s, loaded in %.2f s", first.Seconds, second.Seconds)
	entries, _ := filepath.Glob(filepath.Join(folder, "*"+entrySuffix))
	if len(entries) != 2 {
		t.Fatalf("%d entries", len(entries))
	}
	for _, path := range entries {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		foreign := encodeEntry(programKey(data[len(entryMagic):]), []byte("no executable"))
		for _, damaged := range [][]byte{data[:len(data)/2], foreign} {
			if err := os.WriteFile(path, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Now(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if again := run(FromCompiler); again.Loss != first.Loss {
		t.Errorf("%+v, want %+v", again, first)
	}
	run(FromDisk)
}

func runCacheChild(t *testing.T, folder string) {
	s := open(t, plugin(t, Options{Cache: folder}), donationParams())
	in := engine.Inputs{"x": engine.Floats(make([]float32, 8*64), 8, 64)}
	if _, err := s.Step("step", donationLoss, in, 0.1, engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}); err != nil {
		t.Fatal(err)
	}
	out, err := s.Run("run", donationLoss, in)
	if err != nil {
		t.Fatal(err)
	}
	r := childResult{Loss: float64(out[0].F32[0])}
	for _, c := range s.(Programs).Compiled() {
		r.Sources, r.IDs, r.Memory = append(r.Sources, c.Source), append(r.IDs, c.ID), append(r.Memory, c.Memory)
		r.Seconds += c.Compile.Seconds()
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("result: %s", text)
}
