package tokenizer

import (
	"fmt"
	"sync"

	"github.com/tiktoken-go/tokenizer/codec"
)

// gpt2Size is the number of GPT-2's tokens; the last is <|endoftext|>.
const gpt2Size = 50257

// GPT2 returns GPT-2's vocabulary, which is built in (r50k_base of github.com/tiktoken-go/tokenizer). It is loaded at the
// first call; later calls return the same one.
func GPT2() *BPE { return gpt2() }

var gpt2 = sync.OnceValue(func() *BPE {
	source := codec.NewR50kBase()
	tokens := make([]string, gpt2Size)
	for id := range gpt2Size - 1 {
		token, err := source.Decode([]uint{uint(id)})
		if err != nil {
			panic(fmt.Sprintf("tokenizer: the built-in vocabulary lacks id %d: %v", id, err))
		}
		tokens[id] = token
	}
	tokens[gpt2Size-1] = endOfText
	return fromRanks(tokens)
})

// fromRanks builds a BPE from its tokens in the order they were learned: first the 256 bytes, then one token a merge,
// then <|endoftext|>. Which two tokens a merge joined is found by merging its bytes with the tokens before it.
func fromRanks(tokens []string) *BPE {
	t := &BPE{
		tokens: tokens,
		merges: make(map[pair]merge, len(tokens)),
		parts:  make(map[int32]pair, len(tokens)),
		eos:    len(tokens) - 1,
	}
	for id := range 256 {
		t.bytes[tokens[id][0]] = int32(id)
	}
	for id := 256; id < t.eos; id++ {
		halves := t.merged(tokens[id])
		if len(halves) != 2 {
			panic(fmt.Sprintf("tokenizer: built-in token %d does not join two earlier ones", id))
		}
		t.addMerge(pair{int32(halves[0]), int32(halves[1])}, int32(id), int32(id))
	}
	return t
}

// addMerge makes p become id.
func (t *BPE) addMerge(p pair, rank, id int32) {
	t.merges[p] = merge{rank, id}
	if _, ok := t.parts[id]; !ok {
		t.parts[id] = p
	}
}
