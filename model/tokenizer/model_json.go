package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// parseModel reads a model: WordPiece, BPE over bytes, or Unigram.
func parseModel(raw json.RawMessage) (pieceModel, error) {
	var in struct {
		Type        string            `json:"type"`
		Vocab       json.RawMessage   `json:"vocab"`
		Merges      []json.RawMessage `json:"merges"`
		Unknown     string            `json:"unk_token"`
		UnknownID   *int              `json:"unk_id"`
		Inside      *string           `json:"continuing_subword_prefix"`
		End         *string           `json:"end_of_word_suffix"`
		MaxWord     *int              `json:"max_input_chars_per_word"`
		Dropout     *float64          `json:"dropout"`
		Fallback    bool              `json:"byte_fallback"`
		IgnoreMerge bool              `json:"ignore_merges"`
	}
	if isNull(raw) {
		return nil, errors.New("no model")
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if in.Type == "" && in.Merges != nil { // files of early versions
		in.Type = "BPE"
	}
	switch in.Type {
	case "WordPiece":
		vocab := map[string]int{}
		if err := json.Unmarshal(in.Vocab, &vocab); err != nil {
			return nil, fmt.Errorf("model.vocab: %w", err)
		}
		w := &pieces{inside: "##", longest: maxWord}
		if in.Inside != nil {
			w.inside = *in.Inside
		}
		if in.MaxWord != nil {
			w.longest = *in.MaxWord
		}
		return w, w.fill(vocab, in.Unknown)
	case "BPE":
		switch {
		case in.Inside != nil && *in.Inside != "", in.End != nil && *in.End != "":
			return nil, errors.New("model BPE: continuing_subword_prefix and end_of_word_suffix are not read")
		case in.Dropout != nil && *in.Dropout != 0:
			return nil, errors.New("model BPE: dropout makes ids random")
		case in.Fallback, in.IgnoreMerge:
			return nil, errors.New("model BPE: byte_fallback and ignore_merges are not read")
		}
		vocab := map[string]int{}
		if err := json.Unmarshal(in.Vocab, &vocab); err != nil {
			return nil, fmt.Errorf("model.vocab: %w", err)
		}
		pairs, err := parseMerges(in.Merges)
		if err != nil {
			return nil, err
		}
		return newBytePairs(vocab, pairs)
	case "Unigram":
		list, err := parseScores(in.Vocab)
		if err != nil {
			return nil, err
		}
		if in.UnknownID == nil {
			return nil, errors.New("model Unigram without unk_id")
		}
		return newUnigram(list, *in.UnknownID, in.Fallback)
	}
	return nil, fmt.Errorf("model %q is not known: want WordPiece, BPE or Unigram", in.Type)
}

// parseMerges reads "a b", or ["a", "b"] in newer files.
func parseMerges(list []json.RawMessage) ([][2]string, error) {
	pairs := make([][2]string, len(list))
	for i, m := range list {
		var parts []string
		var text string
		if json.Unmarshal(m, &text) == nil {
			parts = strings.Split(text, " ")
		} else if err := json.Unmarshal(m, &parts); err != nil {
			return nil, fmt.Errorf("model.merges[%d]: %w", i, err)
		}
		if len(parts) != 2 {
			return nil, fmt.Errorf("model.merges[%d]: want two tokens", i)
		}
		pairs[i] = [2]string{parts[0], parts[1]}
	}
	return pairs, nil
}

// parseScores reads [["piece", -1.5], …].
func parseScores(raw json.RawMessage) ([]scoredPiece, error) {
	var list [][2]json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("model.vocab: %w", err)
	}
	out := make([]scoredPiece, len(list))
	for i, entry := range list {
		if json.Unmarshal(entry[0], &out[i].text) != nil || json.Unmarshal(entry[1], &out[i].score) != nil {
			return nil, fmt.Errorf("model.vocab[%d]: want a piece and its score", i)
		}
	}
	return out, nil
}
