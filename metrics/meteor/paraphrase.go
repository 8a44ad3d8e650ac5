package meteor

import (
	"encoding/binary"
	"math/bits"
)

// Paraphrases is a table of phrases with the same meaning, in both directions: ReadParaphrases makes it, OpenParaphrases keeps it for
// the next time. It may be used by several scorers at once. The table of the official release has 5.3 million entries, so what it
// holds are flat arrays over one piece of memory, which may be a mapped file: nothing in it is for the garbage collector to follow.
type Paraphrases struct {
	digest string
	unmap  func() error // nil where the memory is our own

	wordStarts numbers // [words+1] in wordText
	wordText   []byte
	wordSlots  numbers // hash table: number of the word + 1, 0 is a free place

	wordsOf     numbers // [phrases+1] in phraseWords
	phraseWords numbers
	phraseSlots []byte // hash table: 8 bytes a place, tag of the hash and number of the phrase + 1
	beginnings  []byte // bits: a phrase begins with words of this hash (or of another that shares the bit)

	partnersOf numbers // [phrases+1] in partners
	partners   numbers // the second phrases of the entries whose first phrase it is, in the order of the table
}

// Len returns the number of entries.
func (p *Paraphrases) Len() int { return p.partners.len() }

// Digest returns the SHA-256 of the file that the table was read from, as 64 hex digits.
func (p *Paraphrases) Digest() string { return p.digest }

// Close gives the memory of the table back. No scorer may use it any more.
func (p *Paraphrases) Close() error {
	if p.unmap == nil {
		return nil
	}
	return p.unmap()
}

// numbers is an array of 32-bit numbers in a file's order of bytes.
type numbers []byte

func (n numbers) at(i uint32) uint32 { return binary.LittleEndian.Uint32(n[4*int(i):]) }
func (n numbers) len() int           { return len(n) / 4 }

// noWord is what word returns for a word that the table does not hold.
const noWord = ^uint32(0)

// word returns the number of a word of the table.
func (p *Paraphrases) word(text string) uint32 {
	mask := uint32(p.wordSlots.len() - 1)
	for at := hashWord(text) & mask; ; at = (at + 1) & mask {
		slot := p.wordSlots.at(at)
		if slot == 0 {
			return noWord
		}
		if string(p.wordText[p.wordStarts.at(slot-1):p.wordStarts.at(slot)]) == text {
			return slot - 1
		}
	}
}

// phrase returns the number of the phrase of these words, whose hash is h.
func (p *Paraphrases) phrase(h uint64, words []uint32) (uint32, bool) {
	mask := uint32(len(p.phraseSlots)/8 - 1)
	for at := phrasePlace(h, mask); ; at = (at + 1) & mask {
		slot := binary.LittleEndian.Uint64(p.phraseSlots[8*int(at):])
		if slot == 0 {
			return 0, false
		}
		if id := uint32(slot) - 1; slot>>32 == h>>32 && p.consists(id, words) {
			return id, true
		}
	}
}

func (p *Paraphrases) consists(id uint32, words []uint32) bool {
	lo, hi := p.wordsOf.at(id), p.wordsOf.at(id+1)
	if int(hi-lo) != len(words) {
		return false
	}
	for i, word := range words {
		if p.phraseWords.at(lo+uint32(i)) != word {
			return false
		}
	}
	return true
}

// begins reports whether a phrase may begin with words of this hash.
func (p *Paraphrases) begins(h uint64) bool {
	at := beginningBit(h, len(p.beginnings))
	return p.beginnings[at>>3]>>(at&7)&1 != 0
}

// partnersOfPhrase returns the numbers of the phrases that a phrase is paired with, 4 bytes each.
func (p *Paraphrases) partnersOfPhrase(id uint32) numbers {
	return p.partners[4*int(p.partnersOf.at(id)) : 4*int(p.partnersOf.at(id+1))]
}

// hashWord hashes a word, eight bytes at a time.
func hashWord[T string | []byte](word T) uint32 {
	h := noWords + uint64(len(word))
	for len(word) > 0 {
		var eight uint64
		n := min(len(word), 8)
		for i := range n {
			eight = eight<<8 | uint64(word[i])
		}
		h = (h ^ eight) * 0xD6E8FEB86659FD93
		h ^= h >> 32
		word = word[n:]
	}
	return uint32(h)
}

// noWords is the hash of a phrase without words; addWord gives the hash of a phrase with one more.
const noWords uint64 = 0x9E3779B97F4A7C15

func addWord(h uint64, word uint32) uint64 {
	h = (h ^ uint64(word)) * 0xD6E8FEB86659FD93
	return h ^ h>>32
}

// phrasePlace is where in a table of mask+1 places the search for a hash begins. Only the upper half counts, which the table keeps.
func phrasePlace(h uint64, mask uint32) uint32 {
	return uint32(h>>32) >> (bits.LeadingZeros32(mask) & 31)
}

// beginningBit is the bit of a hash in so many bytes, a power of two.
func beginningBit(h uint64, size int) uint64 { return h & (uint64(size)*8 - 1) }
