package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"harness/model/checkpoint"
)

// repository is what the hub says of one commit.
type repository struct {
	ref    Reference
	Commit string     `json:"sha"`
	Files  []repoFile `json:"siblings"`
}

// repoFile is a file of a repository. Its size is 0 where the hub does not state it.
type repoFile struct {
	Name string `json:"rfilename"`
	Size int64  `json:"size"`
}

// mostListed is how long a listing may be; the longest repositories have some megabytes.
const mostListed = 64 << 20

// list asks what the repository holds at a commit, or at its revision where commit is empty.
func (h *Hub) list(ctx context.Context, ref Reference, commit string) (*repository, error) {
	revision := ref.Revision
	if commit != "" { // the cache has a part of it
		revision = commit
	}
	address := fmt.Sprintf("%s/api/models/%s/revision/%s?blobs=true", h.options.Endpoint, ref.Repository, url.PathEscape(revision))
	repo := &repository{ref: ref}
	err := h.again(ctx, func() (bool, error) {
		answer, err := h.get(ctx, http.MethodGet, address, "")
		if err != nil {
			return false, err
		}
		defer answer.Body.Close()
		if err := h.refusal(answer, ref, revision, ""); err != nil {
			return false, err
		}
		*repo = repository{ref: ref}
		text, err := io.ReadAll(io.LimitReader(answer.Body, mostListed))
		if err != nil {
			return false, transient{err}
		}
		if err := json.Unmarshal(text, repo); err != nil {
			return false, fmt.Errorf("%s does not answer as a hub does: %w", h.options.Endpoint, err)
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if !fullCommit.MatchString(repo.Commit) {
		return nil, fmt.Errorf("%s does not answer as a hub does: %s has the commit %q", h.options.Endpoint, ref.Repository, repo.Commit)
	}
	return repo, nil
}

// beside are the files that are fetched beside the weights, where a repository has them: what names the model's sizes and what
// makes its tokens.
var beside = [...]string{"config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"vocab.json", "merges.txt", "vocab.txt", "spiece.model", "spm.model", "sentencepiece.bpe.model"}

// choose lists the files to fetch, small ones first: those of beside, and the weights in the form that checkpoint.LoadAny prefers.
// Where these are in shards the index ends the list, and shards are what is named like parts of it: which are, the index says.
func (r *repository) choose() (files, shards []repoFile, err error) {
	for _, name := range beside {
		if i := r.index(name); i >= 0 {
			files = append(files, r.Files[i])
		}
	}
	if len(files) == 0 || files[0].Name != "config.json" {
		return nil, nil, fmt.Errorf("%s has no config.json: it is no model of the library transformers", r.ref.Repository)
	}
	for _, whole := range checkpoint.WeightFiles {
		if i := r.index(whole); i >= 0 {
			return append(files, r.Files[i]), nil, nil
		}
		i := r.index(whole + ".index.json")
		if i < 0 {
			continue
		}
		stem, kind, _ := strings.Cut(whole, ".")
		for _, f := range r.Files {
			if strings.HasPrefix(f.Name, stem+"-") && strings.HasSuffix(f.Name, "."+kind) {
				shards = append(shards, f)
			}
		}
		return append(files, r.Files[i]), shards, nil
	}
	return nil, nil, fmt.Errorf("%s has no weights that are read here: want %s, in one file or in shards",
		r.ref.Repository, strings.Join(checkpoint.WeightFiles[:], " or "))
}

func (r *repository) index(name string) int {
	return slices.IndexFunc(r.Files, func(f repoFile) bool { return f.Name == name })
}

// amount says how much files are, as far as the hub states it.
func (r *repository) amount(files []repoFile) string {
	total := int64(0)
	for _, f := range files {
		if f.Size <= 0 {
			return fmt.Sprintf("%d files", len(files))
		}
		total += f.Size
	}
	return fmt.Sprintf("%d files of %s", len(files), size(total))
}

// size is a number of bytes for people.
func size(bytes int64) string {
	if bytes < 10<<20 {
		return fmt.Sprintf("%d KiB", (bytes+1023)>>10)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}
