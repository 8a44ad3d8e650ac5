package hub

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Reference{
		"hf:org/name":                            {"org/name", "main"},
		"hf:gpt2":                                {"gpt2", "main"},
		"hf:org/na.me-2_x@v1.0":                  {"org/na.me-2_x", "v1.0"},
		"hf:org/name@refs/pr/3":                  {"org/name", "refs/pr/3"},
		"hf:org/name@feature/a_b":                {"org/name", "feature/a_b"},
		"hf:org/name@" + strings.Repeat("a", 40): {"org/name", strings.Repeat("a", 40)},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "org/name", "hf:", "hf:@main", "hf:org/name@", "hf:org/name@a b", "hf:a/b/c", "hf:org/../x", "hf:../x", "hf:org--x/name",
		"hf:-org/name", "hf:org/name.", "hf:org/name.git", "hf:org/name@../main", "hf:org/name@.", "hf:org/name@/etc", "hf:org/name@a//b", "hf:org/name@refs/./x", `hf:org\name`,
		"hf:org/name@a\x00", "hf:örg/name", "hf:" + strings.Repeat("a", 97)} {
		if got, err := Parse(text); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for dir, want := range map[string]string{"/c/models--org--name/snapshots/abc": "org/name", "models--gpt2/snapshots/abc/": "gpt2", "/c/models--org--name": "",
		"/a/snapshots/abc": "", "": ""} {
		if got := NameOf(dir); got != want {
			t.Errorf("%s is %q, want %q", dir, got, want)
		}
	}
}

// FuzzParse: what is accepted stays below the folder of the cache, and reads back as itself.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"hf:org/name@refs/pr/1", "hf:gpt2", "hf:a/../b", "hf:a@.."} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(ref.String()); err != nil || again != ref {
			t.Errorf("%q: %+v becomes %+v, %v", text, ref, again, err)
		}
		s := storage{cache: "cache", ref: ref}
		if filepath.Dir(s.dir()) != "cache" || !strings.HasPrefix(s.refFile(), filepath.Join(s.dir(), "refs")+"/") {
			t.Errorf("%q leads to %s and %s", text, s.dir(), s.refFile())
		}
	})
}
