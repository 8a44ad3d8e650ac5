package hub

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"harness/internal/filelock"
)

var weights = strings.Repeat("0123456789abcdef", 1<<12)

// tiny is a hub with one small model.
func tiny(t *testing.T) *fakeHub {
	h := newFakeHub(t)
	h.files = map[string]string{"config.json": `{"model_type": "bert"}`, "tokenizer.json": "{}", "vocab.txt": "[PAD]\n", "model.safetensors": weights,
		"pytorch_model.bin": "the same again"}
	h.lfs["model.safetensors"], h.lfs["pytorch_model.bin"] = true, true
	return h
}

// open is the hub's client with an empty cache, in which nothing waits.
func (h *fakeHub) open(t *testing.T, change func(*Options)) *Hub {
	t.Helper()
	o := Options{Cache: filepath.Join(t.TempDir(), "hub"), Endpoint: h.URL + "/", Access: Download}
	if change != nil {
		change(&o)
	}
	hub := New(o)
	hub.pause = 0
	return hub
}

func locate(t *testing.T, hub *Hub, name string, need Need) Folder {
	t.Helper()
	f, err := hub.Locate(t.Context(), name, need)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func refused(t *testing.T, hub *Hub, name string, need Need, parts ...string) {
	t.Helper()
	_, err := hub.Locate(t.Context(), name, need)
	if err == nil {
		t.Errorf("%s: no error, want %q", name, parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want %q", name, err, part)
		}
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s: %d bytes, %v, want %d", path, len(got), err, len(want))
	}
}

// TestDownload: the files that are needed and no others, in huggingface_hub's layout, and nothing is asked a second time.
func TestDownload(t *testing.T) {
	server := tiny(t)
	hub := server.open(t, nil)
	f := locate(t, hub, "hf:org/tiny", Texts)
	root := filepath.Join(hub.options.Cache, "models--org--tiny")
	if f.Dir != filepath.Join(root, "snapshots", server.commit) || f.Commit != server.commit || NameOf(f.Dir) != "org/tiny" {
		t.Errorf("found %+v", f)
	}
	for name, etag := range map[string]string{"config.json": gitSum(server.files["config.json"]), "vocab.txt": gitSum("[PAD]\n"),
		"tokenizer.json": gitSum("{}"), "model.safetensors": fmt.Sprintf("%x", sha256.Sum256([]byte(weights)))} {
		holds(t, filepath.Join(f.Dir, name), server.files[name])
		want := filepath.Join("..", "..", "blobs", etag)
		if link, err := os.Readlink(filepath.Join(f.Dir, name)); err != nil || link != want {
			t.Errorf("%s -> %s, want %s", name, link, want)
		}
	}
	holds(t, filepath.Join(root, "refs", "main"), server.commit)
	if entries, err := os.ReadDir(filepath.Join(root, "blobs")); err != nil || len(entries) != 4 {
		t.Errorf("blobs %v, %v", entries, err)
	}
	asked := len(server.requests)
	again := server.open(t, func(o *Options) { o.Cache, o.Offline = hub.options.Cache, true })
	if g := locate(t, again, "hf:org/tiny@main", Texts); g.Dir != f.Dir {
		t.Errorf("a second time it is in %s", g.Dir)
	}
	if g := locate(t, again, "hf:org/tiny@"+server.commit, Weights); g.Dir != f.Dir {
		t.Errorf("by its commit it is in %s", g.Dir)
	}
	if len(server.requests) != asked {
		t.Errorf("the hub was asked again: %q", server.requests[asked:])
	}
	if g := locate(t, nil, "a/folder", Weights); g.Dir != "a/folder" || g.Commit != "" {
		t.Errorf("a folder became %+v", g)
	}
}

// TestShards: of weights in shards the index and what it names.
func TestShards(t *testing.T) {
	server := newFakeHub(t)
	server.files = map[string]string{"config.json": "{}", "pytorch_model.bin.index.json": `{"weight_map": {"a": "pytorch_model-1.bin", "b": "pytorch_model-2.bin"}}`,
		"pytorch_model-1.bin": "one", "pytorch_model-2.bin": "two", "pytorch_model-old.bin": "three"}
	f := locate(t, server.open(t, nil), "hf:org/tiny", Weights)
	holds(t, filepath.Join(f.Dir, "pytorch_model-1.bin"), "one")
	holds(t, filepath.Join(f.Dir, "pytorch_model-2.bin"), "two")
	if server.asked("GET /org/tiny/resolve/"+server.commit+"/pytorch_model-old.bin") > 0 {
		t.Error("fetched what the index does not name")
	}
	server.files["pytorch_model.bin.index.json"] = `{"weight_map": {"a": "pytorch_model-3.bin"}}`
	refused(t, server.open(t, nil), "hf:org/tiny", Weights, "org/tiny has no pytorch_model-3.bin at revision "+server.commit)
}

// TestRevisions: a pull request's reference is one word of an address, and a file below refs/ in the cache.
func TestRevisions(t *testing.T) {
	server := tiny(t)
	server.revisions["refs%2Fpr%2F7"] = true
	hub := server.open(t, nil)
	locate(t, hub, "hf:org/tiny@refs/pr/7", Weights)
	holds(t, filepath.Join(hub.options.Cache, "models--org--tiny", "refs", "refs", "pr", "7"), server.commit)
	byCommit := server.open(t, nil)
	locate(t, byCommit, "hf:org/tiny@"+server.commit, Weights)
	if _, err := os.Stat(filepath.Join(byCommit.options.Cache, "models--org--tiny", "refs")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a commit has a reference: %v", err)
	}
}

// TestResume: what a killed download left is not fetched again, and a cut connection goes on where it broke.
func TestResume(t *testing.T) {
	const place = "GET /large/model.safetensors"
	t.Run("cut", func(t *testing.T) {
		server := tiny(t)
		server.cut["model.safetensors"] = 1000
		f := locate(t, server.open(t, nil), "hf:org/tiny", Weights)
		holds(t, filepath.Join(f.Dir, "model.safetensors"), weights)
		if server.asked(place+" bytes=1000-") != 1 || server.asked(place) != 2 {
			t.Errorf("requests %q", server.requests)
		}
	})
	left := func(t *testing.T, server *fakeHub, text string) *Hub {
		t.Helper()
		hub := server.open(t, nil)
		locate(t, hub, "hf:org/tiny", Weights)
		blobs := filepath.Join(hub.options.Cache, "models--org--tiny", "blobs")
		found, err := filepath.Glob(filepath.Join(blobs, strings.Repeat("?", 64)))
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		if err := errors.Join(os.Remove(found[0]), os.WriteFile(found[0]+".incomplete", []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		server.requests = nil
		return server.open(t, func(o *Options) { o.Cache = hub.options.Cache })
	}
	for name, c := range map[string]struct {
		left     string
		noRanges bool
		want     int // requests for the file
	}{
		"killed":           {weights[:5000], false, 1},
		"all but its name": {weights, false, 0},
		"other bytes":      {"x" + weights[1:5000], false, 2},
		"too much":         {weights + "x", false, 1},
		"no ranges":        {weights[:5000], true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := tiny(t)
			hub := left(t, server, c.left)
			server.noRanges = c.noRanges
			f := locate(t, hub, "hf:org/tiny", Weights)
			holds(t, filepath.Join(f.Dir, "model.safetensors"), weights)
			if n := server.asked(place); n != c.want || server.asked("GET /org/tiny/resolve/"+server.commit+"/config.json") != 0 {
				t.Errorf("requests %q", server.requests)
			}
		})
	}
	t.Run("no ranges and cut each time", func(t *testing.T) {
		server := tiny(t)
		server.noRanges, server.cut["model.safetensors"] = true, 1000
		refused(t, server.open(t, nil), "hf:org/tiny", Weights, "download model.safetensors: cut after")
	})
	t.Run("busy", func(t *testing.T) {
		server := tiny(t)
		server.down = 3
		locate(t, server.open(t, nil), "hf:org/tiny", Weights)
		server.down = 100
		refused(t, server.open(t, nil), "hf:org/tiny", Weights, "answers 503")
	})
}

// TestPartsOfACache: what huggingface_hub fetched of a repository is completed at the commit that it knows.
func TestPartsOfACache(t *testing.T) {
	server := tiny(t)
	hub := server.open(t, nil)
	f := locate(t, hub, "hf:org/tiny", Weights)
	for _, name := range []string{"model.safetensors", "tokenizer.json"} {
		if err := os.Remove(filepath.Join(f.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	cached := func(access Access, offline bool) *Hub {
		return server.open(t, func(o *Options) { o.Cache, o.Access, o.Offline = hub.options.Cache, access, offline })
	}
	refused(t, cached(CacheOnly, false), "hf:org/tiny", Weights, "lacks weights")
	server.requests = nil
	locate(t, cached(Download, false), "hf:org/tiny", Texts)
	if server.asked("GET /api/models/org/tiny/revision/"+server.commit) != 1 || server.asked("GET /large/") != 0 {
		t.Errorf("requests %q", server.requests) // the blob was there
	}
	for _, name := range []string{"tokenizer.json", "vocab.txt"} {
		if err := os.Remove(filepath.Join(f.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	locate(t, cached(Download, true), "hf:org/tiny", Weights)
	refused(t, cached(Download, true), "hf:org/tiny", Texts, "lacks tokenizer", "HF_HUB_OFFLINE")
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		reference string
		change    func(*fakeHub)
		options   func(*Options)
		want      []string
	}{
		"offline":      {"hf:org/tiny", nil, func(o *Options) { o.Offline = true }, []string{"not in the Hugging Face cache", "HF_HUB_OFFLINE"}},
		"asked only":   {"hf:org/tiny", nil, func(o *Options) { o.Access = Ask }, []string{"not in the Hugging Face cache", "commit 012345678901", "4 files of 65 KiB"}},
		"gated":        {"hf:org/tiny", func(h *fakeHub) { h.token, h.code = "t", "GatedRepo" }, nil, []string{"org/tiny is gated", "/org/tiny, and set HF_TOKEN"}},
		"private":      {"hf:org/tiny", func(h *fakeHub) { h.token = "t" }, nil, []string{"shows no org/tiny", "HF_TOKEN"}},
		"wrong token":  {"hf:org/tiny", func(h *fakeHub) { h.token = "t" }, func(o *Options) { o.Token = "u" }, []string{"does not accept the token in HF_TOKEN"}},
		"unknown":      {"hf:org/other", nil, nil, []string{"there is no org/other with a revision main at http"}},
		"no revision":  {"hf:org/tiny@v9", nil, nil, []string{"org/tiny has no revision v9"}},
		"no config":    {"hf:org/tiny", func(h *fakeHub) { delete(h.files, "config.json") }, nil, []string{"org/tiny has no config.json"}},
		"no weights":   {"hf:org/tiny", func(h *fakeHub) { delete(h.files, "model.safetensors"); delete(h.files, "pytorch_model.bin") }, nil, []string{"no weights that are read here: want model.safetensors or"}},
		"other bytes":  {"hf:org/tiny", func(h *fakeHub) { h.sends["model.safetensors"] = "x" + weights[1:] }, nil, []string{"download model.safetensors: checksum mismatch"}},
		"a small file": {"hf:org/tiny", func(h *fakeHub) { h.sends["config.json"] = `{"model_type": "gpt2"}` }, nil, []string{"download config.json: checksum mismatch"}},
		"a pointer": {"hf:org/tiny", func(h *fakeHub) {
			h.sends["model.safetensors"] = "version https://git-lfs.github.com/spec/v1\noid" + strings.Repeat(" ", len(weights)-46)
		}, nil,
			[]string{"download model.safetensors: the server sent a pointer of Git LFS"}},
		"asked in vain": {"hf:org/tiny", (*fakeHub).shut, func(o *Options) { o.Access = Ask }, []string{"not in the Hugging Face cache", ", and http", "cannot be reached"}},
		"no such host":  {"hf:org/tiny", nil, func(o *Options) { o.Endpoint = "http://hub.invalid" }, []string{"http://hub.invalid cannot be reached"}},
		"nobody there":  {"hf:org/tiny", (*fakeHub).shut, nil, []string{"cannot be reached", "connection refused"}},
		"no cache":      {"hf:org/tiny", nil, func(o *Options) { o.Cache = "" }, []string{"no Hugging Face cache: set HF_HOME"}},
		"no name":       {"hf:org/tiny/deep", nil, nil, []string{`"org/tiny/deep" is no name of a repository`}},
		"no hub":        {"hf:org/tiny", nil, func(o *Options) { o.Endpoint = strings.TrimSuffix(o.Endpoint, "/") + "/page" }, []string{"there is no org/tiny with a revision main"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := tiny(t)
			if c.change != nil {
				c.change(server)
			}
			hub := server.open(t, c.options)
			refused(t, hub, c.reference, Weights, c.want...)
			_, err := hub.Locate(t.Context(), c.reference, Weights)
			if gone := errors.Is(err, fs.ErrNotExist); gone != (name == "offline" || strings.HasPrefix(name, "asked ")) {
				t.Errorf("error %v: absent %t", err, gone)
			}
			snapshots, _ := filepath.Glob(filepath.Join(hub.options.Cache, "*", "snapshots", "*", "model.safetensors"))
			refs, _ := filepath.Glob(filepath.Join(hub.options.Cache, "*", "refs", "*"))
			if len(snapshots)+len(refs) > 0 {
				t.Errorf("left %q %q", snapshots, refs)
			}
		})
	}
}

func (h *fakeHub) shut() { h.Close() }

// TestFullDisk: the download is refused before it begins where the room is known, and else at the byte that does not fit.
func TestFullDisk(t *testing.T) {
	server := tiny(t)
	hub := server.open(t, nil)
	hub.room = func(string) (uint64, bool) { return 1 << 15, true }
	refused(t, hub, "hf:org/tiny", Weights, "has 32 KiB free, and 65 KiB are to be downloaded: make room, or set HF_HUB_CACHE")

	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	full := server.open(t, nil)
	blobs := filepath.Join(full.options.Cache, "models--org--tiny", "blobs")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", filepath.Join(blobs, gitSum(server.files["config.json"])+".incomplete")); err != nil {
		t.Fatal(err)
	}
	refused(t, full, "hf:org/tiny", Weights, "download config.json: write ", "no space left on device")
}

// TestToken: the hub's token goes to the hub and to no other host.
func TestToken(t *testing.T) {
	server := tiny(t)
	server.token = "secret"
	locate(t, server.open(t, func(o *Options) { o.Token = "secret" }), "hf:org/tiny", Weights)
	if server.leaked {
		t.Error("the token was sent to another server")
	}
}

// TestLock: two that want the same file fetch it once, and who waits can be stopped.
func TestLock(t *testing.T) {
	server := tiny(t)
	hub := server.open(t, nil)
	s := storage{cache: hub.options.Cache, ref: Reference{"org/tiny", "main"}}
	path := s.lock(gitSum(server.files["config.json"]))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := filelock.Try(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if _, err := hub.Locate(ctx, "hf:org/tiny", Weights); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another downloads: %v", err)
	}
	lock.Release()
	done := make(chan error)
	for range 2 {
		go func() {
			other := server.open(t, func(o *Options) { o.Cache = hub.options.Cache })
			_, err := other.Locate(t.Context(), "hf:org/tiny", Weights)
			done <- err
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	if n := server.asked("GET /large/model.safetensors"); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}
