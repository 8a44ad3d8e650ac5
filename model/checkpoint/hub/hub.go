// Package hub finds published weights by name: a reference "hf:ORG/NAME@REVISION" becomes a folder of the Hugging Face cache.
//
//	Parse    reads a reference; IsReference tells one from a folder
//	Hub      a cache and the hub behind it; Locate looks in the first and asks the second for what is missing
//	Options  where the cache is, which hub, and how far to go
//
// The cache is that of the Python package huggingface_hub, in its layout: what either of them has downloaded serves the other.
// What is in the cache is used as it is, without asking whether the hub has something newer. Of a repository only what the
// readers of weights open is fetched: config.json, the tokenizer's files, and the weights in one format. A file is written
// beside its place, checked against the hash that the hub states, and renamed; a download that was cut goes on where it ended.
// No environment variable is read here.
package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultEndpoint is the address of the hub.
const DefaultEndpoint = "https://huggingface.co"

// Access says how far Locate goes for what is not in the cache.
type Access string

// The accesses.
const (
	CacheOnly Access = ""         // the hub is not asked for anything
	Ask       Access = "ask"      // the hub is asked what would be downloaded, and nothing is
	Download  Access = "download" // what is missing is downloaded
)

// Options say where weights are cached and where they come from.
type Options struct {
	Cache    string // folder of the cache; without one no reference can be resolved
	Endpoint string // address of the hub; "" means DefaultEndpoint
	Token    string // sent to the endpoint and to no other host; may be empty
	Offline  bool   // the user forbids to ask the hub, whatever Access says
	Access   Access

	// Progress is told how many bytes of a file are there; total is 0 where the hub does not state it. May be nil.
	Progress func(file string, done, total int64)
}

// Need says what a folder must hold.
type Need string

// The needs.
const (
	Weights Need = ""     // config.json and weights
	Texts   Need = "text" // a tokenizer beside them
)

// Folder is where weights lie.
type Folder struct {
	Dir       string
	Reference Reference // zero for a folder that was named as one
	Commit    string    // of the repository; "" for a folder that was named as one
}

// Hub resolves references; within one Hub a reference always means the same commit. A nil Hub knows no cache. It may be used by
// several goroutines.
type Hub struct {
	options Options
	client  *http.Client
	pause   time.Duration // before a failed request is tried again; it doubles with each
	room    func(dir string) (free uint64, known bool)

	mu    sync.Mutex
	found map[located]result
}

type located struct {
	name string
	need Need
}

type result struct {
	folder Folder
	err    error
}

// New opens a hub. Nothing is read or asked yet.
func New(o Options) *Hub {
	if o.Endpoint == "" {
		o.Endpoint = DefaultEndpoint
	}
	o.Endpoint = strings.TrimRight(o.Endpoint, "/")
	if o.Offline {
		o.Access = CacheOnly
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 30 * time.Second
	return &Hub{options: o, pause: time.Second, room: roomIn, found: map[located]result{},
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Locate returns the folder that name stands for: a reference is looked up in the cache and, as far as the options allow,
// downloaded; any other name is a folder itself. The error is one line without the name. It is an *AbsentError where nothing
// but the access stands in the way.
func (h *Hub) Locate(ctx context.Context, name string, need Need) (Folder, error) {
	if !IsReference(name) {
		return Folder{Dir: name}, nil
	}
	ref, err := Parse(name)
	if err != nil {
		return Folder{}, err
	}
	if h == nil || h.options.Cache == "" {
		return Folder{}, errors.New("there is no Hugging Face cache: set HF_HOME or HF_HUB_CACHE")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := located{ref.String(), need}
	if known, ok := h.found[key]; ok {
		return known.folder, known.err
	}
	folder, err := h.locate(ctx, ref, need)
	if ctx.Err() != nil {
		return Folder{}, context.Cause(ctx)
	}
	h.found[key] = result{folder, err}
	return folder, err
}

func (h *Hub) locate(ctx context.Context, ref Reference, need Need) (Folder, error) {
	s := storage{cache: h.options.Cache, ref: ref}
	commit, err := s.commit()
	if err != nil {
		return Folder{}, err
	}
	missing := ""
	if commit != "" {
		if missing = absent(s.snapshot(commit), need); missing == "" {
			return Folder{Dir: s.snapshot(commit), Reference: ref, Commit: commit}, nil
		}
	}
	if h.options.Access == CacheOnly {
		return Folder{}, h.notCached(commit, missing)
	}
	repo, err := h.list(ctx, ref, commit)
	if _, passing := errors.AsType[transient](err); passing && h.options.Access == Ask {
		return Folder{}, &AbsentError{fmt.Sprintf("not in the Hugging Face cache %s, and %v", h.options.Cache, err)}
	}
	if err != nil {
		return Folder{}, err
	}
	files, shards, err := repo.choose()
	if err != nil {
		return Folder{}, err
	}
	if h.options.Access == Ask {
		return Folder{}, &AbsentError{fmt.Sprintf("not in the Hugging Face cache %s: commit %.12s of %s, %s, is to be downloaded from %s",
			h.options.Cache, repo.Commit, ref.Repository, repo.amount(slices.Concat(files, shards)), h.options.Endpoint)}
	}
	d := downloads{hub: h, storage: s, repository: repo}
	if err := d.all(ctx, files, shards); err != nil {
		return Folder{}, err
	}
	dir := s.snapshot(repo.Commit)
	if missing := absent(dir, need); missing != "" {
		return Folder{}, fmt.Errorf("%s has no %s", ref.Repository, missing)
	}
	return Folder{Dir: dir, Reference: ref, Commit: repo.Commit}, s.remember(repo.Commit)
}

// AbsentError says that weights are not in the cache, and that the access did not allow to download them. It is
// fs.ErrNotExist.
type AbsentError struct{ text string }

func (e *AbsentError) Error() string        { return e.text }
func (e *AbsentError) Is(target error) bool { return target == fs.ErrNotExist }

func (h *Hub) notCached(commit, missing string) error {
	text := "not in the Hugging Face cache " + h.options.Cache
	if commit != "" {
		text += fmt.Sprintf(", whose commit %.12s lacks %s", commit, missing)
	}
	if h.options.Offline {
		text += ", and HF_HUB_OFFLINE forbids to download it: unset it, or copy the cache of a machine that has it"
	}
	return &AbsentError{text}
}
