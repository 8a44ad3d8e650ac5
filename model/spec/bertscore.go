package spec

import (
	"encoding/json"
	"errors"
)

// BERTScore says how generated texts are scored with BERTScore; without a model they are not.
type BERTScore struct {
	// Model is a folder of a BERT, RoBERTa or DeBERTa in Hugging Face layout, or hf:ORG/NAME[@REVISION].
	Model string `json:"model,omitzero"`
	// ModelDigest is the digest of what is read of it, its tokenizer's files among them; it counts instead of the path where it is set.
	ModelDigest string `json:"model_digest,omitzero"`
	Layer       int    `json:"layer,omitzero"` // whose output is compared; 0 = that of the bert_score package, if it knows the model
	IDF         bool   `json:"idf,omitzero"`   // tokens are weighted by their rarity in the references
	// Rescale is a baseline file of the bert_score package (LAYER,P,R,F), by which scores are rescaled.
	Rescale BaselineFile `json:"rescale,omitzero"`
	// RescaleDigest is the SHA-256 of that file; it counts instead of the path where it is set.
	RescaleDigest string `json:"rescale_digest,omitzero"`
}

// BaselineFile is the path of a baseline file, or empty.
type BaselineFile string

// UnmarshalJSON reads a path, or false for none. True is refused: which file that is would be a guess.
func (b *BaselineFile) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "false":
		*b = ""
		return nil
	case "true":
		return errors.New("true: name the file: the bert_score package has rescale_baseline/LANGUAGE/MODEL.tsv")
	}
	var path string
	if err := json.Unmarshal(data, &path); err != nil {
		return errors.New("want a baseline file of the bert_score package, or false")
	}
	*b = BaselineFile(path)
	return nil
}

func (b BERTScore) validate() error {
	switch {
	case b.Layer < 0:
		return refuse("test.bertscore.layer", "%d: want at least 1, or 0 for that of the bert_score package", b.Layer)
	case b.Model == "" && b.ModelDigest != "":
		return refuse("test.bertscore.model_digest", "of which model? There is no test.bertscore.model")
	case b.Model == "" && b.Layer != 0:
		return refuse("test.bertscore.layer", "of which model? There is no test.bertscore.model")
	case b.Model == "" && b.IDF:
		return refuse("test.bertscore.idf", "with which model? There is no test.bertscore.model")
	case b.Model == "" && b.Rescale != "":
		return refuse("test.bertscore.rescale", "of which model? There is no test.bertscore.model")
	case b.Rescale == "" && b.RescaleDigest != "":
		return refuse("test.bertscore.rescale_digest", "of which file? There is no test.bertscore.rescale")
	}
	return nil
}
