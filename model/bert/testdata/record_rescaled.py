"""Records bert_score's rescaled numbers, the line that names them, and DeBERTa's buckets of distances as transformers computes them:

    python record_rescaled.py FOLDER_OF_DEBERTA_V3 OUT.json

FOLDER is one that record.py wrote.
"""

import json
import os
import sys
import tempfile

import bert_score
import torch
import transformers
from bert_score import BERTScorer
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

BASELINE = "LAYER,P,R,F\n0,0.31,0.32,0.33\n1,0.4000001,0.41,0.42\n2,0.7312345,0.7298765,0.7301234\n"
HYPS = ["The lungs are clear.", "There is a small left pleural effusion.", "x", "Heart size is normal"]
REFS = [["No pleural effusion or pneumothorax is seen."], ["the heart is enlarged", "pleural effusion"], ["The lungs are clear."], ["Heart size is normal"]]

folder, out = sys.argv[1:]
with tempfile.TemporaryDirectory() as scratch:
    path = os.path.join(scratch, "baseline.tsv")
    open(path, "w").write(BASELINE)
    result = {"versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__, "bert_score": bert_score.__version__},
              "baseline": BASELINE, "hyps": HYPS, "refs": REFS, "rows": {}}
    for layer in (1, 2):
        scorer = BERTScorer(model_type=folder, num_layers=layer, device="cpu", lang="en", rescale_with_baseline=True, baseline_path=path,
                            use_fast_tokenizer=True)
        rows = [scorer.score([h], [r]) for h, r in zip(HYPS, REFS)]
        result["rows"][layer] = [[round(v.item(), 7) for v in row] for row in rows]
        result["line"] = scorer.hash.replace(folder, "NAME")
result["buckets"] = [
    {"span": span, "farthest": far,
     "rows": torch.clamp(make_log_bucket_position(torch.arange(-limit, limit + 1), span, far).long() + span, 0, 2 * span - 1).tolist()}
    for span, far, limit in ((256, 512, 700), (8, 64, 80), (32, 128, 140), (5, 40, 50))]
json.dump(result, open(out, "w"), separators=(",", ":"))
