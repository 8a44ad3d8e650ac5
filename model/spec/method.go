package spec

// Method is how the vision encoder is pretrained, and what answers difference questions with it.
type Method string

const (
	LocationAware       Method = "location-aware" // the paper's: CAP, AREF, GCAP, CAREF
	CapPa               Method = "cappa"          // captioning with parallel prediction only (FACTS 3.3)
	GlobalContrastive   Method = "global-contrastive"
	RegionalContrastive Method = "regional-contrastive"
	BLIP2               Method = "blip2"
	RGAG                Method = "rgag"       // report generator, answer generator (Serra et al. 2025)
	ReAL                Method = "real"       // residual alignment (Lu et al. 2024; FACTS 3.6)
	PLURAL              Method = "plural"     // longitudinal pretraining of an encoder-decoder (Cho et al. 2024)
	Supervised          Method = "supervised" // the ceiling: the encoder is trained on the findings themselves
	Untrained           Method = "untrained"  // the control: the encoder as it was initialised
)

// Methods lists the methods that can be trained, in the order of the paper's Table 2, and then the ceiling and the control.
var Methods = [...]Method{LocationAware, GlobalContrastive, RegionalContrastive, BLIP2, CapPa, RGAG, ReAL, PLURAL, Supervised, Untrained}

// facts is what naming and planning a trial needs to know of its method; package model/method holds what trains it.
type facts struct {
	// unread is what its trials do not read: no value of it can change one of their numbers. A path stands for all below it.
	// Everything that is listed neither here nor by unreadNow counts.
	unread []string
	// revision is raised when the method's definition changes, so that older results are not taken for today's.
	revision int
	// texts is the number of texts taken from an image that is used for all it has.
	texts func(Trial) int
	// regions says that texts and boxes of regions are predicted (GCAP, CAREF), and tested.
	regions bool
	// twin is the method whose stage of pretraining trains its encoder; "": its own does.
	twin Method
	// queries says that a Q-Former reads the images.
	queries bool
	// textless says that no text is read before difference VQA.
	textless bool
	// pretrains says that the encoder is trained at all.
	pretrains bool
	// wholeBatch says that a loss of pretraining compares everything in a batch with everything.
	wholeBatch bool
	// answers says that difference questions are answered by a model of its own, not by the paper's over the frozen encoder.
	answers bool
}

func oneText(Trial) int { return 1 }

// RegionsPerImage is the number of regions of an image that the regional contrastive method compares at once (FACTS 3.2).
const RegionsPerImage = 4

var methods = map[Method]facts{
	LocationAware: {
		texts: func(t Trial) int { return len(t.Pretrain.Tasks.List()) }, regions: true, pretrains: true,
		unread: []string{"pretrain.chunk"}},
	CapPa: { // captions are its only task
		texts: oneText, pretrains: true,
		unread: []string{"pretrain.tasks", "pretrain.parallel_scope", "pretrain.max_phrase", "pretrain.chunk", "test.regions"}},
	GlobalContrastive: { // images against whole reports; nothing is predicted
		texts: oneText, pretrains: true, wholeBatch: true,
		unread: []string{"pretrain.tasks", "pretrain.parallel_ratio", "pretrain.parallel_scope", "pretrain.max_phrase", "test.regions"}},
	RegionalContrastive: { // regions against phrases; nothing is predicted
		texts: func(Trial) int { return RegionsPerImage }, pretrains: true, wholeBatch: true,
		unread: []string{"pretrain.tasks", "pretrain.parallel_ratio", "pretrain.parallel_scope", "pretrain.max_report", "test.regions"}},
	BLIP2: { // its queries are the visual tokens, which are never pooled
		revision: 2, texts: oneText, twin: GlobalContrastive, queries: true, pretrains: true, wholeBatch: true, answers: true,
		unread: []string{"pretrain.tasks", "pretrain.parallel_ratio", "pretrain.parallel_scope", "pretrain.max_phrase",
			"test.regions", "diffvqa.pool", "diffvqa.whiten"}},
	ReAL: { // its encoder is trained on whole reports
		texts: oneText, twin: GlobalContrastive, pretrains: true, wholeBatch: true, answers: true,
		unread: []string{"pretrain.tasks", "pretrain.parallel_ratio", "pretrain.parallel_scope", "pretrain.max_phrase", "test.regions"}},
	RGAG: { // it reads regions, which are neither pooled nor whitened; reports are written from the first to the last word
		texts: oneText, pretrains: true, answers: true,
		unread: []string{"pretrain.tasks", "pretrain.parallel_ratio", "pretrain.parallel_scope", "pretrain.max_phrase", "pretrain.chunk",
			"test.regions", "diffvqa.pool", "diffvqa.whiten"}},
	PLURAL: { // it reads all tokens of the images, and has an adapter of its own
		texts: oneText, pretrains: true, answers: true,
		unread: []string{"pretrain.tasks", "pretrain.parallel_ratio", "pretrain.parallel_scope", "pretrain.max_phrase", "pretrain.chunk",
			"test.regions", "diffvqa.pool", "diffvqa.whiten"}},
	Supervised: { // it reads no texts
		texts: oneText, textless: true, pretrains: true,
		unread: []string{"decoder", "pretrain.tasks", "pretrain.parallel_ratio", "pretrain.parallel_scope", "pretrain.max_report", "pretrain.max_phrase",
			"pretrain.chunk", "pretrain.accumulate", "test.regions"}},
	Untrained: { // nothing is pretrained
		texts: func(Trial) int { return 0 }, textless: true,
		unread: []string{"decoder", "pretrain", "test.regions", "encoder.freeze_patch"}},
}

// facts of the method; of one that Validate refuses, nothing is known and everything counts.
func (m Method) facts() facts {
	if f, ok := methods[m]; ok {
		return f
	}
	return facts{texts: oneText}
}

// Known reports whether the method is one of Methods.
func (m Method) Known() bool { _, ok := methods[m]; return ok }

// Pretrains reports whether the trial trains its encoder before it is tested.
func (t Trial) Pretrains() bool { return t.Command == "" && t.Method.facts().pretrains }

// Accumulates reports whether the batches of the trial's pretraining can be computed in parts.
func (t Trial) Accumulates() bool { return !t.Method.facts().wholeBatch }

// PredictsRegions reports whether the trial's method predicts texts and boxes of regions, which are then tested.
func (t Trial) PredictsRegions() bool { return t.Command == "" && t.Method.facts().regions }
