package cli

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/testscript"

	"harness/model/checkpoint/hub"
)

func TestHubOptions(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"token": "from the file\n", "other": " from another\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		set  map[string]string
		want hub.Options
	}{
		"nothing":      {nil, hub.Options{Cache: "/u/.cache/huggingface/hub"}},
		"XDG":          {map[string]string{"XDG_CACHE_HOME": "/x"}, hub.Options{Cache: "/x/huggingface/hub"}},
		"home":         {map[string]string{"HF_HOME": dir, "XDG_CACHE_HOME": "/x"}, hub.Options{Cache: dir + "/hub", Token: "from the file"}},
		"cache":        {map[string]string{"HF_HUB_CACHE": "~/c", "HF_HOME": "/h"}, hub.Options{Cache: "/u/c"}},
		"older cache":  {map[string]string{"HUGGINGFACE_HUB_CACHE": "$D/c", "D": "/d"}, hub.Options{Cache: "/d/c"}},
		"token":        {map[string]string{"HF_TOKEN": "t\n", "HF_HOME": dir}, hub.Options{Cache: dir + "/hub", Token: "t"}},
		"token's path": {map[string]string{"HF_TOKEN_PATH": dir + "/other"}, hub.Options{Cache: "/u/.cache/huggingface/hub", Token: "from another"}},
		"no token":     {map[string]string{"HF_HOME": dir, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, hub.Options{Cache: dir + "/hub"}},
		"offline":      {map[string]string{"HF_HUB_OFFLINE": "yes", "HF_ENDPOINT": "http://e/"}, hub.Options{Cache: "/u/.cache/huggingface/hub", Endpoint: "http://e/", Offline: true}},
		"not offline":  {map[string]string{"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "1"}, hub.Options{Cache: "/u/.cache/huggingface/hub"}},
		"older switch": {map[string]string{"TRANSFORMERS_OFFLINE": "1"}, hub.Options{Cache: "/u/.cache/huggingface/hub", Offline: true}},
	} {
		got := hubOptions(func(name string) string { return c.set[name] }, func() (string, error) { return "/u", nil })
		if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(hub.Options{}, "Progress")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	got := hubOptions(func(string) string { return "" }, func() (string, error) { return "", errors.New("no home") })
	if got.Cache != "" {
		t.Errorf("without a home the cache is %q", got.Cache)
	}
}

// hubCommands serve the files of a folder as the repository org/tiny, with the hub's paths: hub DIR sets HF_ENDPOINT.
var hubCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"hub": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: hub DIR")
		}
		dir := ts.MkAbs(args[0])
		commit := strings.Repeat("c0ffee12", 5)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			file, isFile := strings.CutPrefix(r.URL.Path, "/org/tiny/resolve/"+commit+"/")
			switch {
			case strings.HasPrefix(r.URL.Path, "/api/models/org/tiny/revision/"):
				answer := map[string]any{"sha": commit}
				var list []map[string]any
				entries, _ := os.ReadDir(dir)
				for _, e := range entries {
					if info, err := e.Info(); err == nil {
						list = append(list, map[string]any{"rfilename": e.Name(), "size": info.Size()})
					}
				}
				answer["siblings"] = list
				_ = json.NewEncoder(w).Encode(answer)
			case isFile:
				text, err := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
				if err != nil {
					http.NotFound(w, r)
					return
				}
				sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
				w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
				w.Header().Set("Content-Length", fmt.Sprint(len(text)))
				_, _ = w.Write(text)
			default:
				http.NotFound(w, r)
			}
		}))
		ts.Defer(server.Close)
		ts.Setenv("HF_ENDPOINT", server.URL)
	},
}
