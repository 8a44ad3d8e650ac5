package tokenizer

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var corpus = []string{
	"what has changed compared to the reference image?",
	"the main image has an additional finding of pleural effusion than the reference image. ",
	"nothing has changed.",
	"ARef: There is a small left pleural effusion. [12, 362, 400, 447]",
}

var _ = []Tokenizer{(*BPE)(nil), (*Compact)(nil)}

func TestCompact(t *testing.T) {
	c := GPT2().Compact(corpus)
	if c.EOS() != c.Size()-1 || c.BaseIDs()[c.EOS()] != GPT2().EOS() {
		t.Errorf("EOS %d of %d", c.EOS(), c.Size())
	}
	if c.Size() > 1300 {
		t.Errorf("%d tokens", c.Size())
	}
	reversed := []string{corpus[3], corpus[2], corpus[1], corpus[0], corpus[0]}
	if diff := cmp.Diff(c.BaseIDs(), GPT2().Compact(reversed).BaseIDs()); diff != "" {
		t.Errorf("depends on the order of the corpus: %s", diff)
	}

	base := c.BaseIDs()
	for _, text := range append(corpus, "[0, 1, 2, 3]", "[447, 446, 300, 99]", " 431", "CARef: ") {
		ids := c.Encode(text)
		back := make([]int, len(ids))
		for i, id := range ids {
			back[i] = base[id]
		}
		if diff := cmp.Diff(GPT2().Encode(text), back); diff != "" {
			t.Errorf("%q is not cut as by the whole vocabulary: %s", text, diff)
		}
	}
	if got := c.Decode([]int{c.EOS(), c.Size(), -1}); got != "\uFFFD\uFFFD" {
		t.Errorf("decode of EOS and of ids outside: %q", got)
	}
}

// Words the corpus does not have are written from smaller pieces.
func TestCompactUnseen(t *testing.T) {
	c := GPT2().Compact(corpus)
	texts := append([]string{"mediastinum Zürich 肺 \xff\x00", "tortuosity of the descending aorta", "<|endoftext|>"}, hardTexts...)
	for _, text := range texts {
		if got := c.Decode(c.Encode(text)); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
	}
	if whole, ours := len(GPT2().Encode(" 480")), len(c.Encode(" 480")); whole != 1 || ours != 2 {
		t.Errorf("an unseen token of two seen ones: %d became %d", whole, ours)
	}
	if n := len(GPT2().Compact(nil).Encode("x")); n != 1 {
		t.Errorf("a byte is %d tokens", n)
	}
}

func TestCompactJSON(t *testing.T) {
	c := GPT2().Compact(corpus)
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseCompact(data, GPT2())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.BaseIDs(), back.BaseIDs()); diff != "" {
		t.Error(diff)
	}
	text := "mediastinum " + corpus[1]
	if diff := cmp.Diff(c.Encode(text), back.Encode(text)); diff != "" {
		t.Error(diff)
	}

	base := GPT2().Fingerprint()
	for name, bad := range map[string]string{
		"not json":      `{`,
		"version":       strings.Replace(string(data), `"version":1`, `"version":2`, 1),
		"other base":    strings.Replace(string(data), base, "0000000000000000", 1),
		"no ids":        `{"version":1,"base":"` + base + `","ids":[]}`,
		"outside":       strings.Replace(string(data), `"ids":[`, `"ids":[50257,`, 1),
		"twice":         strings.Replace(string(data), `"ids":[`, `"ids":[50256,`, 1),
		"no EOS":        strings.Replace(string(data), `,50256]`, `]`, 1),
		"a missing one": strings.Replace(string(data), `"ids":[0,`, `"ids":[`, 1),
	} {
		if _, err := ParseCompact([]byte(bad), GPT2()); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Checkpoints name the vocabulary they were trained with: the name must not change between releases.
func TestFingerprint(t *testing.T) {
	if got, want := GPT2().Fingerprint(), "46b05c99618657e5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzCompact(f *testing.F) {
	c := GPT2().Compact(corpus)
	for _, text := range hardTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ids := c.Encode(text)
		if got := c.Decode(ids); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
		for _, id := range ids {
			if id < 0 || id >= c.EOS() {
				t.Errorf("%q: id %d", text, id)
			}
		}
	})
}
