package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tiktoken-go/tokenizer/codec"
)

// Ids checked against other implementations (FACTS 2.3, 4.4; testdata/metrics/README.md).
func TestGPT2KnownIDs(t *testing.T) {
	for text, want := range map[string][]int{
		"":                     {},
		"Hello world":          {15496, 995},
		"nothing has changed.": {22366, 468, 3421, 13},
		"what has changed compared to the reference image?": {10919, 468, 3421, 3688, 284, 262, 4941, 2939, 30},
		"Cap:": {15610, 25},
		"ARef": {1503, 891},
		" ":    {220},
		"the main image is missing the finding of edema than the reference image. ": append(GPT2().Encode("the main image is missing the finding of edema than the reference image."), 220),
	} {
		if diff := cmp.Diff(want, GPT2().Encode(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	if GPT2().Size() != 50257 || GPT2().EOS() != 50256 {
		t.Errorf("size %d, eos %d", GPT2().Size(), GPT2().EOS())
	}
	if got := GPT2().Decode([]int{15496, 50256, 995, 50257, -1}); got != "Hello world\uFFFD\uFFFD" {
		t.Errorf("decode: %q", got)
	}
}

// An integer of 0 ... 447 is one token; after a space these 16 are two (FACTS 2.3).
func TestGPT2Coordinates(t *testing.T) {
	split := map[int]bool{}
	for _, n := range []int{362, 381, 382, 391, 393, 394, 397, 431, 434, 437, 438, 439, 441, 442, 446, 447} {
		split[n] = true
	}
	for n := range 448 {
		if got := GPT2().Encode(strconv.Itoa(n)); len(got) != 1 {
			t.Errorf("%d: %v", n, got)
		}
		want := 1
		if split[n] {
			want = 2
		}
		if got := GPT2().Encode(" " + strconv.Itoa(n)); len(got) != want {
			t.Errorf("space %d: %v", n, got)
		}
	}
}

// hardTexts are where splitters and merges go wrong.
var hardTexts = []string{
	"it's they'll we've I'm you're he'd can't 'S 'LL ''s", "'", "''", "'x", "a'b", " 's", "  's",
	" ", "  ", "   a", "a  b", "a \n b", "\n\n", "\n", " \t x", "a\t", "\t\tx", "a\u00a0b", "\u3000\u3000x", "x\u2028y", "\x1c\x1dz",
	"No pneumothorax.  The heart\nis normal; 3.5 x 10 mm (unchanged) -- 50%", "[12, 362, 400, 447]", "a1b2 c3", "½²Ⅷ٣", "naïve résumé",
	"肺 心臓", "🫁🫀 x\u200dy", "e\u0301", "\ufeffbom", "<|endoftext|>", "___", " ___ 2178-10-05 15:05", "\x00\x01", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	strings.Repeat("ab", 200), strings.Repeat(" ", 70), strings.Repeat("=", 99) + "x",
}

func TestAgainstTiktoken(t *testing.T) {
	oracle := codec.NewR50kBase()
	check := func(text string) {
		t.Helper()
		want, _, err := oracle.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		got := GPT2().Encode(text)
		if len(got) != len(want) {
			t.Fatalf("%q: got %v, want %v", text, got, want)
		}
		for i := range got {
			if uint(got[i]) != want[i] {
				t.Fatalf("%q: got %v, want %v", text, got, want)
			}
		}
		if back := GPT2().Decode(got); back != text {
			t.Fatalf("%q came back as %q", text, back)
		}
	}
	for _, text := range hardTexts {
		check(text)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("abcdeefghiilmnoprstuuvy  .,'0123sé\n\t½肺\u00a0-[]")
	for range 5000 {
		text := make([]rune, rng.IntN(40))
		for i := range text {
			text[i] = alphabet[rng.IntN(len(alphabet))]
		}
		check(string(text))
	}
}

// A single word of a million letters must not take quadratic time.
func TestLongWord(t *testing.T) {
	start := time.Now()
	text := strings.Repeat("pneumothorax", 20_000)
	if got := GPT2().Decode(GPT2().Encode(text)); got != text {
		t.Error("lost text")
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}

// Several goroutines share one vocabulary (run with -race).
func TestConcurrent(t *testing.T) {
	c := GPT2().Compact(corpus)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 500 {
				text := fmt.Sprintf("%s %d%d", corpus[i%len(corpus)], worker, i)
				if got := c.Decode(c.Encode(text)); got != text {
					t.Errorf("%q came back as %q", text, got)
				}
			}
		})
	}
	group.Wait()
}

func FuzzBPE(f *testing.F) {
	for _, text := range hardTexts {
		f.Add(text)
	}
	f.Add("\xff\xfe a\x80b")
	f.Fuzz(func(t *testing.T, text string) {
		ids := GPT2().Encode(text)
		if got := GPT2().Decode(ids); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
		for _, id := range ids {
			if id < 0 || id >= GPT2().EOS() {
				t.Errorf("%q: id %d", text, id)
			}
		}
	})
}

// Looking at all pairs and keeping a queue find the same merges.
func TestShortAndLongWords(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, letters := range []string{"a", "ab", " the", "etaoinshr d", "0123456789", "\x00\xc3\xa9\xff"} {
		for n := range shortWord + 1 {
			word := make([]byte, n)
			for i := range word {
				word[i] = letters[r.IntN(len(letters))]
			}
			short, long := GPT2().mergeShort(string(word)), GPT2().mergeLong(string(word))
			if diff := cmp.Diff(long, short); diff != "" {
				t.Errorf("%q: %s", word, diff)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	text := "the main image has additional findings of pleural effusion, and lung opacity than the reference image. "
	GPT2().Encode(text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		GPT2().Encode(text)
	}
}

// BenchmarkGPT2 is what the first use of the vocabulary takes in each process.
func BenchmarkGPT2(b *testing.B) {
	tokens := GPT2().tokens
	for b.Loop() {
		fromRanks(tokens)
	}
}
