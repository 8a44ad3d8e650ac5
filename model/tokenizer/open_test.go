package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var inverse = func() (out [256]rune) {
	for r, b := range alphabet {
		out[b] = r
	}
	return out
}()

// toAlphabet is the inverse of fromAlphabet.
func toAlphabet(token string) string {
	var out strings.Builder
	for _, b := range []byte(token) {
		out.WriteRune(inverse[b])
	}
	return out.String()
}

// export returns the built-in vocabulary and merges as the files hold them.
func export(t *testing.T) (vocab map[string]int, merges [][2]string) {
	t.Helper()
	base := GPT2()
	vocab = make(map[string]int)
	for id, token := range base.tokens {
		vocab[toAlphabet(token)] = id
	}
	for id := 256; id < base.eos; id++ {
		p := base.parts[int32(id)]
		merges = append(merges, [2]string{toAlphabet(base.tokens[p.left]), toAlphabet(base.tokens[p.right])})
	}
	return vocab, merges
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The known lines of GPT-2's own files.
func TestExportIsGPT2(t *testing.T) {
	vocab, merges := export(t)
	for token, id := range map[string]int{"!": 0, "Ġ": 220, "Ċ": 198, "Ġt": 256, "Ġthe": 262, "<|endoftext|>": 50256} {
		if vocab[token] != id {
			t.Errorf("%s: %d, want %d", token, vocab[token], id)
		}
	}
	if diff := cmp.Diff([][2]string{{"Ġ", "t"}, {"Ġ", "a"}, {"h", "e"}, {"i", "n"}}, merges[:4]); diff != "" {
		t.Error(diff)
	}
}

func TestOpen(t *testing.T) {
	vocab, merges := export(t)
	var lines strings.Builder
	lines.WriteString("#version: 0.2\n")
	texts := make([]string, len(merges))
	for i, m := range merges {
		texts[i] = m[0] + " " + m[1]
		lines.WriteString(texts[i] + "\n")
	}
	withoutEOS := make(map[string]int)
	for token, id := range vocab {
		if token != endOfText {
			withoutEOS[token] = id
		}
	}
	document := func(vocab map[string]int, merges any) string {
		return marshal(t, map[string]any{
			"added_tokens":  []any{map[string]any{"id": 50256, "content": endOfText, "special": true}},
			"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
			"model":         map[string]any{"type": "BPE", "vocab": vocab, "merges": merges},
		})
	}
	for name, files := range map[string]map[string]string{
		"vocab.json":   {"vocab.json": marshal(t, vocab), "merges.txt": lines.String()},
		"fairseq":      {"encoder.json": marshal(t, vocab), "vocab.bpe": lines.String()},
		"old document": {"tokenizer.json": document(vocab, texts)},
		"new document": {"tokenizer.json": document(withoutEOS, merges)},
	} {
		got, err := Open(writeFiles(t, files))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Size() != GPT2().Size() || got.EOS() != GPT2().EOS() || got.Fingerprint() != GPT2().Fingerprint() {
			t.Errorf("%s: size %d, eos %d", name, got.Size(), got.EOS())
		}
		for _, text := range append(hardTexts, corpus...) {
			if diff := cmp.Diff(GPT2().Encode(text), got.Encode(text)); diff != "" {
				t.Errorf("%s: %q: %s", name, text, diff)
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	small := map[string]int{endOfText: 256}
	for r, b := range alphabet {
		small[string(r)] = int(b)
	}
	if _, err := Open(writeFiles(t, map[string]string{"vocab.json": marshal(t, small), "merges.txt": ""})); err != nil {
		t.Fatalf("a vocabulary of bytes only: %v", err)
	}
	with := func(token string, id int) string {
		vocab := map[string]int{token: id}
		for k, v := range small {
			vocab[k] = v
		}
		return marshal(t, vocab)
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":         {nil, "no vocabulary"},
		"no merges":       {map[string]string{"vocab.json": marshal(t, small)}, "merges.txt"},
		"not json":        {map[string]string{"vocab.json": "hello", "merges.txt": ""}, "vocab.json"},
		"huge id":         {map[string]string{"vocab.json": with("ab", 1<<40), "merges.txt": ""}, "has id"},
		"gap":             {map[string]string{"vocab.json": with("ab", 258), "merges.txt": ""}, "has id"},
		"same id":         {map[string]string{"vocab.json": with("ab", 3), "merges.txt": ""}, "has id"},
		"no EOS":          {map[string]string{"vocab.json": `{"a":0}`, "merges.txt": ""}, endOfText},
		"no bytes":        {map[string]string{"vocab.json": `{"<|endoftext|>":0}`, "merges.txt": ""}, "byte 0x00"},
		"unknown merge":   {map[string]string{"vocab.json": marshal(t, small), "merges.txt": "#version\na b\n"}, "line 2: token \"ab\""},
		"three fields":    {map[string]string{"vocab.json": marshal(t, small), "merges.txt": "a b c\n"}, "line 1: want two"},
		"binary merges":   {map[string]string{"vocab.json": marshal(t, small), "merges.txt": "\xff\xfe"}, "UTF-8"},
		"unigram":         {map[string]string{"tokenizer.json": `{"model":{"type":"Unigram"}}`}, "want BPE"},
		"other splitting": {map[string]string{"tokenizer.json": `{"model":{"type":"BPE"}}`}, "ByteLevel"},
		"bad merges": {map[string]string{"tokenizer.json": `{"pre_tokenizer":{"type":"ByteLevel"},"model":{"type":"BPE","merges":[3],"vocab":` +
			marshal(t, small) + `}}`}, "merges[0]"},
	} {
		_, err := Open(writeFiles(t, c.files))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
}
