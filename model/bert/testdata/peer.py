"""bert_score as a peer of bench_test.go: for every line on standard input, "load" or "score", does it once and prints the seconds that
passed and those of the processor. "load" reads the model and scores, as bert_score.score does; "score" uses the model that is there.

    python peer.py MODEL_FOLDER LAYER THREADS PAIRS.json
"""

import json
import sys
import time
import warnings

import torch
from bert_score import BERTScorer
from transformers import PreTrainedTokenizerBase
from transformers import logging

warnings.filterwarnings("ignore")
logging.set_verbosity_error()
if hasattr(logging, "disable_progress_bar"):
    logging.disable_progress_bar()
folder, layer, threads, pairs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(threads)
hyps, refs = json.load(open(pairs))
if not hasattr(PreTrainedTokenizerBase, "build_inputs_with_special_tokens"):  # transformers 5: bert_score asks for it on empty texts
    PreTrainedTokenizerBase.build_inputs_with_special_tokens = lambda self, ids: self.encode("", add_special_tokens=True)


def load():
    return BERTScorer(model_type=folder, num_layers=layer, device="cpu")


scorer = load()
print("ready", flush=True)
for line in sys.stdin:
    wall, cpu = time.perf_counter(), time.process_time()
    if line.strip() == "load":
        scorer = load()
    f1 = scorer.score(hyps, refs)[2].mean().item()
    print(time.perf_counter() - wall, time.process_time() - cpu, f1, flush=True)
