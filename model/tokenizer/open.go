package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// Open reads a GPT-2 vocabulary from a folder that holds vocab.json and merges.txt, or tokenizer.json, or encoder.json
// and vocab.bpe (looked for in this order). The vocabulary must hold all 256 bytes and <|endoftext|>, and its ids must
// be 0 ... V-1 (FACTS 4.4).
func Open(dir string) (*BPE, error) {
	for _, names := range [][2]string{{"vocab.json", "merges.txt"}, {"tokenizer.json"}, {"encoder.json", "vocab.bpe"}} {
		path := filepath.Join(dir, names[0])
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if names[1] == "" {
			t, err := parseTokenizerJSON(data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			return t, nil
		}
		mergesPath := filepath.Join(dir, names[1])
		mergesText, err := os.ReadFile(mergesPath)
		if err != nil {
			return nil, err
		}
		vocab := make(map[string]int)
		if err := json.Unmarshal(data, &vocab); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		t, err := fromVocab(vocab)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := t.readMerges(mergesText); err != nil {
			return nil, fmt.Errorf("%s: %w", mergesPath, err)
		}
		return t, nil
	}
	return nil, fmt.Errorf("%s: no vocabulary: want vocab.json and merges.txt, tokenizer.json, or encoder.json and vocab.bpe", dir)
}

// alphabet maps the printable characters that stand for bytes in the files of a vocabulary to the bytes. A byte that
// prints in Latin-1 stands for itself, the others are U+0100, U+0101, ... in order.
var alphabet = func() map[rune]byte {
	m := make(map[rune]byte, 256)
	next := rune(0x100)
	for b := range 256 {
		r := rune(b)
		if '!' <= r && r <= '~' || 0xa1 <= r && r <= 0xac || 0xae <= r && r <= 0xff {
			m[r] = byte(b)
			continue
		}
		m[next] = byte(b)
		next++
	}
	return m
}()

// fromAlphabet returns the bytes that a token of a file stands for; false if it has a character outside the alphabet.
func fromAlphabet(token string) (string, bool) {
	out := make([]byte, 0, len(token))
	for _, r := range token {
		b, ok := alphabet[r]
		if !ok {
			return "", false
		}
		out = append(out, b)
	}
	return string(out), true
}

// fromVocab builds a vocabulary without merges. Tokens that are not written in the alphabet (special ones) stand for
// themselves.
func fromVocab(vocab map[string]int) (*BPE, error) {
	t := &BPE{
		tokens: make([]string, len(vocab)),
		merges: make(map[pair]merge),
		parts:  make(map[int32]pair),
		eos:    -1,
	}
	taken := make([]bool, len(vocab))
	for i := range t.bytes {
		t.bytes[i] = -1
	}
	for token, id := range vocab {
		if id < 0 || id >= len(vocab) || taken[id] {
			return nil, fmt.Errorf("token %q has id %d, want %d different ids from 0", token, id, len(vocab))
		}
		taken[id] = true
		text, ok := fromAlphabet(token)
		switch {
		case token == endOfText:
			t.eos, text = id, token
		case !ok:
			text = token
		case len(text) == 1:
			t.bytes[text[0]] = int32(id)
		}
		t.tokens[id] = text
	}
	if t.eos < 0 {
		return nil, fmt.Errorf("no token %s", endOfText)
	}
	for b, id := range t.bytes {
		if id < 0 {
			return nil, fmt.Errorf("no token for the byte %#02x: not a byte-level vocabulary", b)
		}
	}
	return t, nil
}

// readMerges adds the merges of a merges.txt: two tokens a line, the most urgent first.
func (t *BPE) readMerges(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("not a text file in UTF-8")
	}
	pairs, lines, err := splitMerges(text)
	if err != nil {
		return err
	}
	if at, err := t.addMerges(pairs); err != nil {
		return fmt.Errorf("line %d: %w", lines[at], err)
	}
	return nil
}

// addMerges adds merges of tokens written in the alphabet, the most urgent first. On an error it returns the index of
// the bad one.
func (t *BPE) addMerges(pairs [][2]string) (int, error) {
	index := make(map[string]int32, len(t.tokens))
	for id, token := range t.tokens {
		index[token] = int32(id)
	}
	find := func(token string) (int32, error) {
		text, written := fromAlphabet(token)
		id, ok := index[text]
		if !written || !ok {
			return 0, fmt.Errorf("token %q is not in the vocabulary", token)
		}
		return id, nil
	}
	for rank, p := range pairs {
		left, err := find(p[0])
		if err != nil {
			return rank, err
		}
		right, err := find(p[1])
		if err != nil {
			return rank, err
		}
		joined, err := find(p[0] + p[1])
		if err != nil {
			return rank, err
		}
		if _, ok := t.merges[pair{left, right}]; !ok {
			t.addMerge(pair{left, right}, int32(rank), joined)
		}
	}
	return 0, nil
}

// tokenizerJSON is what is read of a tokenizer.json.
type tokenizerJSON struct {
	AddedTokens []struct {
		ID      int    `json:"id"`
		Content string `json:"content"`
	} `json:"added_tokens"`
	PreTokenizer struct {
		Type           string `json:"type"`
		AddPrefixSpace bool   `json:"add_prefix_space"`
	} `json:"pre_tokenizer"`
	Model struct {
		Type   string            `json:"type"`
		Vocab  map[string]int    `json:"vocab"`
		Merges []json.RawMessage `json:"merges"` // "a b", or ["a", "b"] in newer files
	} `json:"model"`
}

// parseTokenizerJSON reads GPT-2's tokenizer.json, and refuses one that cuts text in another way.
func parseTokenizerJSON(data []byte) (*BPE, error) {
	var in tokenizerJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	if in.Model.Type != "BPE" && in.Model.Type != "" {
		return nil, fmt.Errorf("a %s model, want BPE", in.Model.Type)
	}
	if in.PreTokenizer.Type != "ByteLevel" || in.PreTokenizer.AddPrefixSpace {
		return nil, fmt.Errorf("pre_tokenizer %q with add_prefix_space %t, want GPT-2's ByteLevel without", in.PreTokenizer.Type, in.PreTokenizer.AddPrefixSpace)
	}
	if in.Model.Vocab == nil {
		return nil, errors.New("no model.vocab")
	}
	for _, added := range in.AddedTokens {
		in.Model.Vocab[added.Content] = added.ID
	}
	t, err := fromVocab(in.Model.Vocab)
	if err != nil {
		return nil, err
	}
	pairs, err := parseMerges(in.Model.Merges)
	if err != nil {
		return nil, err
	}
	if at, err := t.addMerges(pairs); err != nil {
		return nil, fmt.Errorf("model.merges[%d]: %w", at, err)
	}
	return t, nil
}
