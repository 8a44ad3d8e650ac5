package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"harness/model/checkpoint/hub"
)

// openHub opens the Hugging Face cache of the user, as huggingface_hub finds it. What is downloaded is told to log, which may be
// nil.
func openHub(access hub.Access, log io.Writer) *hub.Hub {
	o := hubOptions(os.Getenv, os.UserHomeDir)
	o.Access = access
	if log != nil {
		o.Progress = sayDownloads(log)
	}
	return hub.New(o)
}

// hubOptions reads the variables of huggingface_hub, the newer names before the older.
func hubOptions(get func(string) string, userHome func() (string, error)) hub.Options {
	first := func(names ...string) string {
		for _, name := range names {
			if v := strings.TrimSpace(get(name)); v != "" {
				return v
			}
		}
		return ""
	}
	user, errUser := userHome()
	variables := os.Expand
	expand := func(path string) string {
		if rest, ok := strings.CutPrefix(path, "~"); ok && errUser == nil && (rest == "" || rest[0] == filepath.Separator) {
			path = user + rest
		}
		return variables(path, get)
	}
	home := first("HF_HOME")
	switch cache := first("XDG_CACHE_HOME"); {
	case home != "":
	case cache != "":
		home = filepath.Join(cache, "huggingface")
	case errUser == nil:
		home = filepath.Join(user, ".cache", "huggingface")
	}
	home = expand(home)
	o := hub.Options{Cache: expand(first("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")), Endpoint: first("HF_ENDPOINT"),
		Token: first("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"), Offline: isTrue(first("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))}
	if o.Cache == "" && home != "" {
		o.Cache = filepath.Join(home, "hub")
	}
	if o.Token == "" && !isTrue(first("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
		path := expand(first("HF_TOKEN_PATH"))
		if path == "" && home != "" {
			path = filepath.Join(home, "token")
		}
		if text, err := os.ReadFile(path); err == nil {
			o.Token = strings.TrimSpace(string(text))
		}
	}
	return o
}

// isTrue reads a switch as huggingface_hub does.
func isTrue(value string) bool {
	switch strings.ToUpper(value) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// sayDownloads says once that a file is downloaded, and counts its bytes on a terminal.
func sayDownloads(log io.Writer) func(file string, done, total int64) {
	var mu sync.Mutex
	said, bars := map[string]bool{}, map[string]*progressLine{}
	return func(file string, done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if !said[file] && total >= 1<<20 {
			fmt.Fprintf(log, "downloading %s, %d MiB, into the Hugging Face cache\n", file, total>>20)
			bars[file] = newProgressLine(log, "MiB of "+file)
		}
		said[file] = true
		if bar := bars[file]; bar != nil && total > 0 {
			bar.report(int(done>>20), int(total>>20))
		}
	}
}
