package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"harness/internal/escape"
	"harness/model"
	"harness/model/spec"
)

// modelCard is the README.md of an exported model.
func modelCard(r *record, parts model.Exported) []byte {
	var b bytes.Buffer
	t := r.Spec
	fmt.Fprintf(&b, "# Model of trial %s\n\n", r.ID)
	if t.Data.Source == spec.SourceSynthetic {
		b.WriteString("**Trained on SYNTHETIC images and texts: it knows nothing of real radiographs. Not for clinical use.**\n\n")
	} else {
		b.WriteString("**For research. Not for clinical use. The terms of the data that it was trained on hold for its weights.**\n\n")
	}
	fmt.Fprintf(&b, "A vision-language model for difference questions about two radiographs: vision encoder pretrained by %s, %d pixels a side, seed %d.\n",
		t.Method, t.Resolution, t.Seed)
	if !t.Pretrains() {
		b.WriteString("It is a control: the encoder is as it was initialised.\n")
	}
	cardFiles(&b, t, parts)
	cardUse(&b, t, parts)
	cardData(&b, r)
	cardNumbers(&b, r)
	settings, err := json.MarshalIndent(t, "", "  ")
	if err == nil { // value fields only: it cannot fail
		fmt.Fprintf(&b, "\n## Settings\n\n```json\n%s\n```\n", settings)
	}
	return b.Bytes()
}

func cardFiles(b *bytes.Buffer, t spec.Trial, parts model.Exported) {
	b.WriteString("\n## Files\n\n| file | what |\n| --- | --- |\n")
	row := func(file, format string, args ...any) {
		fmt.Fprintf(b, "| `%s` | %s |\n", file, fmt.Sprintf(format, args...))
	}
	gray := ""
	if t.Encoder.Channels < 2 {
		gray = " It was trained on one gray channel: its kernel is that of the first of three channels, the others' are zero, which is the same " +
			"function of a gray image copied to three channels."
	}
	row(model.ExportedEncoder+"/", "`SiglipVisionModel` of %d visual tokens, no pooling head; `last_hidden_state` is what the next part reads.%s",
		parts.Tokens, gray)
	if parts.Answers {
		row(model.ExportedAdapter, "between encoder and LM: %s", strings.Join(parts.Adapter, ", "))
		row(model.ExportedLM+"/", "`GPT2LMHeadModel` with %d tokens; the first %d rows of its positions are those of the visual tokens, the text begins behind them",
			parts.Vocabulary, parts.Visual)
	}
	if parts.Compact {
		row(model.ExportedLM+"/"+model.ExportedPieces, "the LM has a part of GPT-2's vocabulary, numbered first. The tokenizer's ids from `first` on are tokens that "+
			"no training text has; `pieces` lists what stands for each of them in turn")
	}
	if len(parts.Pretrain) > 0 {
		row(model.ExportedPretrain, "what else pretraining trained: %d tensors", len(parts.Pretrain))
	}
	if !parts.Answers {
		b.WriteString("\nThe data set has no difference questions: there is no LM.\n")
	}
}

// cardUse shows how the parts make an answer, where the visual tokens are the encoder's own.
func cardUse(b *bytes.Buffer, t spec.Trial, parts model.Exported) {
	b.WriteString("\n## Use\n\nPixels are x/127.5 − 1. The harness makes images square by scaling each axis by itself: the mean over the covered area where it shrinks, " +
		"linear where it grows. `SiglipImageProcessor` scales a little differently.\n")
	if !parts.Answers {
		return
	}
	pool := max(t.DiffVQA.Pool, 1)
	if !ownTokens(t, parts) {
		fmt.Fprintf(b, "\nThe LM's visual tokens are not the encoder's own: the method %s computes them.\n", t.Method)
		return
	}
	side := t.Resolution / t.Encoder.Patch
	pooling := ""
	if pool > 1 {
		pooling = fmt.Sprintf("    x = x.reshape(2, %d, %d, %d, %d, -1).mean((2, 4)).reshape(2, %d, -1)\n", side/pool, pool, side/pool, pool, side/pool*(side/pool))
	}
	ids := "tok(text).input_ids"
	pieces := ""
	if parts.Compact {
		pieces = fmt.Sprintf("undone = json.load(open(\"lm/%s\"))\n", model.ExportedPieces)
		ids = "[p for i in tok(text).input_ids for p in ([i] if i < undone[\"first\"] else undone[\"pieces\"][i - undone[\"first\"]])]"
	}
	fmt.Fprintf(b, "\n```python\n"+`import json
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, GPT2LMHeadModel, SiglipVisionModel

encoder = SiglipVisionModel.from_pretrained("encoder").eval()
lm = GPT2LMHeadModel.from_pretrained("lm").eval()
tok = AutoTokenizer.from_pretrained("lm")
w = load_file("adapter.safetensors")
%s
def ids(text):
    return %s

def visual(reference, main):  # [1, 3, %d, %d] each
    x = encoder(pixel_values=torch.cat([reference, main])).last_hidden_state  # [2, n, e]
%s    x = x + w["temporal"]
    x = torch.nn.functional.gelu(x @ w["adapter.fc1.weight"].T + w["adapter.fc1.bias"], approximate="tanh")
    x = x @ w["adapter.fc2.weight"].T + w["adapter.fc2.bias"]
    return x.reshape(1, -1, x.shape[-1])

@torch.no_grad()
def answer(reference, main, question):
    x = torch.cat([visual(reference, main), lm.transformer.wte(torch.tensor([ids(question)]))], 1)
    out = lm.generate(inputs_embeds=x, attention_mask=torch.ones(x.shape[:2], dtype=torch.long))
    return tok.decode(out[0], skip_special_tokens=True).strip()
`+"```\n", pieces, ids, t.Resolution, t.Resolution, pooling)
}

// ownTokens tells whether the LM reads the encoder's visual tokens, pooled or not, through nothing but the adapter.
func ownTokens(t spec.Trial, parts model.Exported) bool {
	side := t.Resolution / t.Encoder.Patch / max(t.DiffVQA.Pool, 1)
	want := []string{"adapter.fc1.bias ", "adapter.fc1.weight ", "adapter.fc2.bias ", "adapter.fc2.weight ", fmt.Sprintf("temporal [2 %d ", side*side)}
	if len(parts.Adapter) != len(want) {
		return false
	}
	for i, name := range parts.Adapter {
		if !strings.HasPrefix(name, want[i]) {
			return false
		}
	}
	return true
}

func cardData(b *bytes.Buffer, r *record) {
	b.WriteString("\n## Data\n\n")
	if r.Spec.Data.Source == spec.SourceSynthetic {
		s := r.Spec.Data.Synthetic
		fmt.Fprintf(b, "Synthetic, made by version %d of the harness's generator: %d patients, seed %d.\n", s.Version, s.Patients, s.Seed)
	} else {
		fmt.Fprintf(b, "The data sets below `data.root`, digest %s.\n", r.Spec.Data.Digest)
	}
	for _, w := range []struct{ name, digest string }{{"encoder", r.Spec.Encoder.WeightsDigest}, {"LM", r.Spec.LM.WeightsDigest}} {
		if w.digest != "" {
			fmt.Fprintf(b, "The %s started from published weights, digest %s.\n", w.name, w.digest)
		}
	}
	b.WriteString("\n| note | |\n| --- | --- |\n")
	for _, n := range r.Notes {
		fmt.Fprintf(b, "| %s | %s |\n", cardCell(n.Key), cardCell(n.Text))
	}
	for _, a := range r.History {
		if a.Counts {
			fmt.Fprintf(b, "| harness | %s |\n", cardCell(strings.TrimSpace(a.Harness+" "+a.Commit)))
		}
	}
}

func cardNumbers(b *bytes.Buffer, r *record) {
	b.WriteString("\n## Numbers\n\nOn the test split, last value of each metric.\n\n| metric | value |\n| --- | --- |\n")
	for _, metric := range sortedKeys(r.Summaries) {
		fmt.Fprintf(b, "| %s | %.6g |\n", cardCell(metric), float64(r.Summaries[metric].Last))
	}
}

// cardCell is text in a cell of a Markdown table.
func cardCell(text string) string { return strings.ReplaceAll(escape.Line(text), "|", `\|`) }
