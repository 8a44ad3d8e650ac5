package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// Sentences is a tokenizer of an encoder of the BERT family: it puts the model's marks around a text.
type Sentences interface {
	// Encode returns the ids of text, stripped of white space, between the model's marks. The pieces are cut so that there are at
	// most limit ids; 0 is no limit. An empty text is the marks alone.
	Encode(text string, limit int) []int
	// Size is one more than the largest id.
	Size() int
	// MaxLength is model_max_length of tokenizer_config.json, 0 where it states none.
	MaxLength() int
}

// sentenceConfig is what OpenSentences reads of a tokenizer_config.json; nil is "not stated".
type sentenceConfig struct {
	Lower     *bool    `json:"do_lower_case"`
	Strip     *bool    `json:"strip_accents"`
	Chinese   *bool    `json:"tokenize_chinese_chars"`
	Basic     *bool    `json:"do_basic_tokenize"`
	Prefix    *bool    `json:"add_prefix_space"`
	MaxLength *float64 `json:"model_max_length"`
	Class     string   `json:"tokenizer_class"`
}

// unlimited is the model_max_length from which on transformers means "none".
const unlimited = 1 << 24

func configPath(dir string) string { return filepath.Join(dir, "tokenizer_config.json") }

// readSentenceConfig reads the tokenizer_config.json of a folder; without the file nothing is stated.
func readSentenceConfig(dir string) (sentenceConfig, error) {
	var config sentenceConfig
	data, err := os.ReadFile(configPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return config, nil
	}
	if err != nil {
		return config, err
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return config, fmt.Errorf("%s: %w", configPath(dir), err)
	}
	if n := config.MaxLength; n != nil && (*n < 3 || *n != math.Trunc(*n)) {
		return config, fmt.Errorf("%s: model_max_length %v is not possible", configPath(dir), *n)
	}
	return config, nil
}

// limit is MaxLength.
func (c sentenceConfig) limit() int {
	if c.MaxLength == nil || *c.MaxLength >= unlimited {
		return 0
	}
	return int(*c.MaxLength)
}

// spaced reports that bert_score asks for a space before every text: of the tokenizers of RoBERTa and GPT-2, by the class that
// tokenizer_config.json states, else by the family.
func (c sentenceConfig) spaced(family string) bool {
	if c.Class == "" {
		return family == "roberta"
	}
	return c.Class == "RobertaTokenizer" || c.Class == "GPT2Tokenizer"
}

// SentenceFiles lists the files of a folder that OpenSentences reads.
func SentenceFiles(dir string) []string {
	var files []string
	add := func(names ...string) (all bool) {
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				return false
			}
		}
		files = append(files, names...)
		return true
	}
	add(filepath.Base(configPath(dir)))
	_ = add("tokenizer.json") || add("vocab.txt") || add("vocab.json", "merges.txt")
	return files
}

// OpenSentences reads the tokenizer of a folder: tokenizer.json, or vocab.txt (word pieces), or vocab.json and merges.txt (byte
// pairs). family is the model_type of config.json, on which it depends what the files leave unsaid. RoBERTa's texts get a space
// before them, as bert_score gives it.
func OpenSentences(dir, family string) (Sentences, error) {
	config, err := readSentenceConfig(dir)
	if err != nil {
		return nil, err
	}
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	switch {
	case has("tokenizer.json"):
		path := filepath.Join(dir, "tokenizer.json")
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		p, err := parsePipeline(data, config)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		p.space = config.spaced(family)
		return p, nil
	case has("vocab.txt"):
		t, err := openWordPiece(dir, config)
		if err != nil {
			return nil, err
		}
		if !isSet(config.Chinese, true) || !isSet(config.Basic, true) {
			return nil, fmt.Errorf("%s: tokenizer_config.json turns tokenize_chinese_chars or do_basic_tokenize off: only a tokenizer.json "+
				"can say so", dir)
		}
		return wordPieces{t, config.limit()}, nil
	case has("vocab.json"):
		p, err := openBytePairs(dir, family, config)
		if err != nil {
			return nil, err
		}
		p.space = config.spaced(family)
		return p, nil
	case has("spm.model"), has("sentencepiece.bpe.model"):
		return nil, fmt.Errorf("%s: a SentencePiece model alone is not read: save the tokenizer with transformers, which writes tokenizer.json", dir)
	}
	return nil, fmt.Errorf("%s: no tokenizer: want tokenizer.json, vocab.txt, or vocab.json and merges.txt", dir)
}

// wordPieces is BERT's older form as Sentences.
type wordPieces struct {
	*WordPiece
	limit int
}

func (w wordPieces) MaxLength() int { return w.limit }

// openBytePairs makes the pipeline of vocab.json and merges.txt: GPT-2's pairs between the marks of the family.
func openBytePairs(dir, family string, config sentenceConfig) (*pipeline, error) {
	data, err := os.ReadFile(filepath.Join(dir, "vocab.json"))
	if err != nil {
		return nil, err
	}
	vocab := map[string]int{}
	if err := json.Unmarshal(data, &vocab); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "vocab.json"), err)
	}
	merges, err := os.ReadFile(filepath.Join(dir, "merges.txt"))
	if err != nil {
		return nil, err
	}
	pairs, _, err := splitMerges(merges)
	if err == nil && len(pairs) == 0 {
		err = errors.New("no merges")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "merges.txt"), err)
	}
	model, err := newBytePairs(vocab, pairs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	names := []string{"<s>", "</s>", "<unk>", "<pad>", "<mask>"}
	if family == "deberta" {
		names = []string{"[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]"}
	}
	p := &pipeline{model: model, limit: config.limit(), split: []splitter{byteLevel{prefix: isSet(config.Prefix, false)}}}
	for _, name := range names {
		id, ok := vocab[name]
		if !ok {
			return nil, fmt.Errorf("%s: no token %s: not a vocabulary of %s", filepath.Join(dir, "vocab.json"), name, family)
		}
		p.added.add(addedToken{ID: id, Content: name, LStrip: name == names[4]})
	}
	p.before, p.after = []int{vocab[names[0]]}, []int{vocab[names[1]]}
	return p, nil
}
