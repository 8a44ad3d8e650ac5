package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is written is read as the same vocabulary.
func TestFiles(t *testing.T) {
	open := func(vocab, merges []byte) *BPE {
		dir := t.TempDir()
		for name, data := range map[string][]byte{"vocab.json": vocab, "merges.txt": merges} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		tok, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
	whole := GPT2()
	texts := []string{"The heart is normal in size.", "what has changed in the left lower lung?", " opacity, pleural effusion [12, 400]"}
	strange := []string{"Xylophone zebras \u2028 <|endoftext|>\n\t 中文 é", "", "\xff\xfe", "hydropneumothorax 449"}
	again := open(whole.Files())
	if diff := cmp.Diff(whole.Fingerprint(), again.Fingerprint()); diff != "" {
		t.Error(diff)
	}
	compact := whole.Compact(texts)
	renumbered, undone := open(compact.Files()), compact.Undone()
	if renumbered.Size() != whole.Size() || len(undone) != whole.Size()-compact.Size() {
		t.Fatalf("%d tokens, %d undone", renumbered.Size(), len(undone))
	}
	for _, text := range slices.Concat(texts, strange) {
		if diff := cmp.Diff(whole.Encode(text), again.Encode(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		got := renumbered.Encode(text)
		if slices.Contains(texts, text) && len(got) > 0 && slices.Max(got) >= compact.Size() {
			t.Errorf("%q has tokens that are not of the compact vocabulary: %v", text, got)
		}
		pieces := []int{}
		for _, id := range got {
			if id < compact.Size() {
				pieces = append(pieces, id)
			} else {
				pieces = append(pieces, undone[id-compact.Size()]...)
			}
		}
		if diff := cmp.Diff(compact.Encode(text), pieces); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}
