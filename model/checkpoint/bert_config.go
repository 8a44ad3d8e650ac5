package checkpoint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The values of BERTConfig.Family: the model_type of config.json.
const (
	BERT      = "bert"
	RoBERTa   = "roberta"
	XLMR      = "xlm-roberta" // RoBERTa with another vocabulary
	DeBERTa   = "deberta"
	DeBERTaV2 = "deberta-v2" // and version 3, which differs in its training
)

// BERTConfig is the shape of an encoder of the BERT family (FACTS 4.3). Layer norms come after the residual sums.
type BERTConfig struct {
	Family string
	Name   string // _name_or_path: what the folder's author called it, may be empty

	Vocab, Positions, Types, Width, Heads, Layers, MLP int

	Eps           float64
	Activation    string
	FirstPosition int  // of the first token in the table of positions; RoBERTa leaves out those up to the padding's id
	Padding       int  // RoBERTa: a token of this id has the position Padding and is not counted
	NoPositions   bool // there is no table of absolute positions
	ScoreShare    int  // the scores of attention are divided by sqrt(width of a head · ScoreShare)

	Relative    *RelativeConfig // nil: attention does not look at distances
	Convolution *ConvolutionConfig
}

// RelativeConfig says how DeBERTa's attention sees distances.
type RelativeConfig struct {
	Span     int  // distances are cut to -Span … Span-1; there are 2 Span vectors
	Buckets  bool // Span counts buckets, of which the far ones hold many distances
	Farthest int  // the distance at which the last bucket begins to be the only one

	Key, Query bool // content to position, position to content
	Shared     bool // the matrices of the content serve the positions too
	Norm       bool // the vectors of distances are normalised first
}

// ConvolutionConfig is the convolution behind the first layer of large DeBERTa v2.
type ConvolutionConfig struct {
	Taps       int
	Activation string
}

// Tokens is how many tokens the table of positions has room for; 0 means any number.
func (c BERTConfig) Tokens() int {
	if c.NoPositions {
		return 0
	}
	return c.Positions - c.FirstPosition
}

// Rows is the number of vectors of distances.
func (c RelativeConfig) Rows() int { return 2 * c.Span }

// bertFamily is what config.json may hold for all families: dropout is for training, poolers and heads are not read.
var bertFamily = keys{
	read: []string{"vocab_size", "max_position_embeddings", "type_vocab_size", "hidden_size", "num_attention_heads",
		"num_hidden_layers", "intermediate_size", "layer_norm_eps", "hidden_act"},
	fixed: map[string]any{"position_embedding_type": "absolute"},
	idle: []string{"hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "cls_dropout", "tie_word_embeddings",
		"pooler_dropout", "pooler_hidden_act", "pooler_hidden_size", "pooler_fc_size", "pooler_num_attention_heads",
		"pooler_num_fc_layers", "pooler_size_per_head", "pooler_type", "directionality", "legacy", "padding_idx", "summary_type",
		"summary_last_dropout", "summary_use_proj", "summary_first_dropout", "summary_activation"},
}

// disentangled are DeBERTa's own keys; those of version 2 alone follow.
var (
	disentangled = keys{
		read:     []string{"relative_attention", "max_relative_positions", "position_biased_input", "pos_att_type"},
		fixed:    map[string]any{"talking_head": false, "z_steps": 0.0, "position_embedding_type": "absolute"},
		optional: []string{"position_biased_input", "pos_att_type", "norm_rel_ebd", "conv_act", "attention_head_size", "embedding_size", "conv_groups"},
	}
	disentangled2 = []string{"position_buckets", "share_att_key", "norm_rel_ebd", "conv_kernel_size", "conv_act", "attention_head_size",
		"embedding_size", "conv_groups"}
)

// activations are the names of hidden_act that are honoured.
var activations = append([]string{"gelu", "gelu_python", "relu", "silu", "swish", "tanh"}, tanhForms...)

// bertJSON is what is read of config.json.
type bertJSON struct {
	Family     string  `json:"model_type"`
	Name       string  `json:"_name_or_path"`
	Vocab      int     `json:"vocab_size"`
	Positions  int     `json:"max_position_embeddings"`
	Types      int     `json:"type_vocab_size"`
	Width      int     `json:"hidden_size"`
	Heads      int     `json:"num_attention_heads"`
	Layers     int     `json:"num_hidden_layers"`
	MLP        int     `json:"intermediate_size"`
	Eps        float64 `json:"layer_norm_eps"`
	Activation string  `json:"hidden_act"`
	Padding    int     `json:"pad_token_id"`

	Relative     bool            `json:"relative_attention"`
	Farthest     int             `json:"max_relative_positions"`
	Biased       *bool           `json:"position_biased_input"`
	PositionKind json.RawMessage `json:"pos_att_type"`
	Buckets      int             `json:"position_buckets"`
	Shared       bool            `json:"share_att_key"`
	NormRelative *string         `json:"norm_rel_ebd"`
	Taps         int             `json:"conv_kernel_size"`
	TapsAct      *string         `json:"conv_act"`
	Groups       *int            `json:"conv_groups"`
	HeadWidth    *int            `json:"attention_head_size"`
	TokenWidth   *int            `json:"embedding_size"`
}

// bertDefaults are the values of missing keys, as transformers has them.
func bertDefaults(family string) bertJSON {
	in := bertJSON{Family: family, Vocab: 30522, Positions: 512, Types: 2, Width: 768, Heads: 12, Layers: 12, MLP: 3072, Eps: 1e-12,
		Activation: "gelu", Farthest: -1, Buckets: -1}
	switch family {
	case RoBERTa:
		in.Vocab, in.Padding = 50265, 1
	case XLMR:
		in.Vocab, in.Padding = 30522, 1
	case DeBERTa:
		in.Vocab, in.Types, in.Eps = 50265, 0, 1e-7
	case DeBERTaV2:
		in.Vocab, in.Types, in.Eps = 128100, 0, 1e-7
		in.Width, in.Layers, in.Heads, in.MLP = 1536, 24, 24, 6144
	}
	return in
}

// ReadBERTConfig reads config.json of a folder of the BERT family; one without model_type is a BERT. Missing keys have the
// values of transformers. A key that is not known, or that asks for what is not built, is refused.
func ReadBERTConfig(dir string) (BERTConfig, error) {
	families := []string{BERT, RoBERTa, XLMR, DeBERTa, DeBERTaV2}
	head := struct {
		Family string `json:"model_type"`
	}{BERT}
	path, err := readConfig(dir, "", families, nil, &head)
	if err != nil {
		return BERTConfig{}, err
	}
	allowed := bertFamily
	if head.Family == RoBERTa || head.Family == XLMR { // positions begin behind the padding's id
		allowed.read = append(slices.Clone(allowed.read), "pad_token_id")
	}
	if head.Family == DeBERTa || head.Family == DeBERTaV2 {
		allowed.read = append(slices.Clone(allowed.read), disentangled.read...)
		allowed.fixed, allowed.optional = disentangled.fixed, disentangled.optional
		if head.Family == DeBERTaV2 {
			allowed.read = append(allowed.read, disentangled2...)
		}
	}
	in := bertDefaults(head.Family)
	if _, err := readConfig(dir, "", families, &allowed, &in); err != nil {
		return BERTConfig{}, err
	}
	c, err := in.config()
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	shape := []int{c.Vocab, c.Positions}
	if c.Family == BERT {
		shape = append(shape, c.Types)
	}
	return c, checkShape(path, c.Width, c.Heads, c.Layers, c.MLP, shape...)
}

// config makes the shape of what was read.
func (in bertJSON) config() (BERTConfig, error) {
	c := BERTConfig{Family: in.Family, Name: in.Name, Vocab: in.Vocab, Positions: in.Positions, Types: in.Types, Width: in.Width,
		Heads: in.Heads, Layers: in.Layers, MLP: in.MLP, Eps: in.Eps, Activation: in.Activation, ScoreShare: 1}
	if !slices.Contains(activations, in.Activation) {
		return c, fmt.Errorf("hidden_act %q, want one of %q", in.Activation, activations)
	}
	if c.Types < 0 || c.Eps <= 0 {
		return c, fmt.Errorf("type_vocab_size %d or layer_norm_eps %v is not possible", c.Types, c.Eps)
	}
	switch in.Family {
	case RoBERTa, XLMR:
		c.Padding, c.FirstPosition = in.Padding, in.Padding+1
		if in.Padding < 0 || c.Positions <= c.FirstPosition {
			return c, fmt.Errorf("pad_token_id %d leaves no position of %d", in.Padding, c.Positions)
		}
	case DeBERTa, DeBERTaV2:
		return c, in.disentangle(&c)
	}
	return c, nil
}

// disentangle reads DeBERTa's own keys.
func (in bertJSON) disentangle(c *BERTConfig) error {
	c.NoPositions = in.Biased != nil && !*in.Biased
	kinds, err := positionKinds(in.PositionKind)
	if err != nil {
		return err
	}
	key, query := slices.Contains(kinds, "c2p"), slices.Contains(kinds, "p2c")
	c.ScoreShare += len(kinds)
	switch {
	case in.HeadWidth != nil && *in.HeadWidth*in.Heads != in.Width:
		return fmt.Errorf("attention_head_size is %d: only hidden_size / num_attention_heads can be honoured", *in.HeadWidth)
	case in.TokenWidth != nil && *in.TokenWidth != in.Width:
		return fmt.Errorf("embedding_size is %d: only hidden_size can be honoured", *in.TokenWidth)
	case in.Groups != nil && *in.Groups != 1:
		return fmt.Errorf("conv_groups is %d: only 1 can be honoured", *in.Groups)
	}
	if in.Relative {
		farthest := in.Farthest
		if farthest < 1 {
			farthest = in.Positions
		}
		c.Relative = &RelativeConfig{Span: farthest, Farthest: farthest, Key: key, Query: query, Shared: in.Shared}
		if in.Buckets > 0 {
			if in.Buckets < 4 || farthest-1 <= in.Buckets/2 {
				return fmt.Errorf("position_buckets %d do not fit max_relative_positions %d", in.Buckets, farthest)
			}
			c.Relative.Span, c.Relative.Buckets = in.Buckets, true
		}
		if in.NormRelative != nil {
			if c.Relative.Norm, err = normsRelative(*in.NormRelative); err != nil {
				return err
			}
		}
	}
	if in.Taps > 0 {
		if in.Taps%2 == 0 || in.Taps > 1<<8 {
			return fmt.Errorf("conv_kernel_size is %d: only a small odd number can be honoured", in.Taps)
		}
		c.Convolution = &ConvolutionConfig{Taps: in.Taps, Activation: "tanh"}
		if in.TapsAct != nil {
			c.Convolution.Activation = *in.TapsAct
		}
		if !slices.Contains(activations, c.Convolution.Activation) {
			return fmt.Errorf("conv_act %q, want one of %q", c.Convolution.Activation, activations)
		}
	}
	return nil
}

// positionKinds reads pos_att_type: a list, or names with | between.
func positionKinds(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var list []string
	var text string
	if json.Unmarshal(raw, &text) == nil {
		for name := range strings.SplitSeq(strings.ToLower(text), "|") {
			list = append(list, strings.TrimSpace(name))
		}
	} else if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("pos_att_type: %w", err)
	}
	slices.Sort(list)
	if !slices.Equal(list, slices.Compact(slices.Clone(list))) {
		return nil, fmt.Errorf("pos_att_type %q names one twice", list)
	}
	for _, name := range list {
		if name != "c2p" && name != "p2c" {
			return nil, fmt.Errorf("pos_att_type %q is not known: want c2p and p2c", name)
		}
	}
	return list, nil
}

// normsRelative reads norm_rel_ebd.
func normsRelative(text string) (bool, error) {
	norm := false
	for name := range strings.SplitSeq(strings.ToLower(text), "|") {
		switch strings.TrimSpace(name) {
		case "none":
		case "layer_norm":
			norm = true
		default:
			return false, fmt.Errorf("norm_rel_ebd %q is not known: want none or layer_norm", text)
		}
	}
	return norm, nil
}
