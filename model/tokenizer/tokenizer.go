// Package tokenizer turns text into the ids of a language model and back.
//
//	GPT2, Open      *BPE        GPT-2's byte-level pairs: the built-in vocabulary, or a folder's files
//	BPE.Compact     *Compact    the part of a BPE vocabulary that a small model needs, renumbered
//	OpenSentences   Sentences   the tokenizer of an encoder, for BERTScore: tokenizer.json (pipeline.go and the files it names its
//	                            parts after), or older files: vocab.txt (wordpiece.go), vocab.json and merges.txt
//
// A text is cut into words (split.go), the bytes of each word are merged pair by pair (bpe.go). All tokenizers may be
// used from several goroutines, and none adds or removes a special token by itself except those of sentences, as BERT does.
package tokenizer

// Tokenizer is what a model needs of a vocabulary. Decode(Encode(s)) is s for every string, valid UTF-8 or not.
type Tokenizer interface {
	// Encode returns the ids of text. Special tokens written out in the text are plain text to it.
	Encode(text string) []int
	// Decode returns the text of ids. EOS is nothing; an id outside the vocabulary is U+FFFD.
	Decode(ids []int) string
	// Size is the number of ids: they are 0 ... Size()-1.
	Size() int
	// EOS is the id of <|endoftext|>, which GPT-2 uses as the first, the last and the padding token.
	EOS() int
}

// endOfText is GPT-2's only special token.
const endOfText = "<|endoftext|>"
