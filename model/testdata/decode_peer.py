"""Hugging Face generate as the peer of decode_bench_test.go.

    python decode_peer.py FOLDER THREADS CASES

CASES is a list in JSON: {"name", "vocab", "width", "layers", "heads", "visual", "prompt", "pairs", "batch", "beams", "tokens"}. A GPT-2 of each size is written to
FOLDER/NAME, with visual tokens and prompts. Then, line by line: the name of a case comes in, all its pairs are answered in
batches, and {"seconds", "cpu", "answers"} goes out.

Weights are drawn from a seed. The end of the text gets a bias of its own in the logits, so that answers end after different
numbers of tokens, most of them before the last one allowed.
"""

import json
import os
import resource
import sys
import time

import torch
import transformers
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

transformers.logging.set_verbosity_error()


def make(folder, case):
    torch.manual_seed(0)
    vocab, visual = case["vocab"], case["visual"]
    end = vocab - 1
    config = GPT2Config(vocab_size=vocab, n_embd=case["width"], n_layer=case["layers"], n_head=case["heads"],
                        n_positions=visual + case["prompt"] + case["tokens"], bos_token_id=end, eos_token_id=end)
    model = GPT2LMHeadModel(config)
    for name, p in model.named_parameters():
        torch.nn.init.normal_(p, std=1 / p.shape[-1] ** 0.5 if p.dim() > 1 else 0.3)
        if p.dim() == 1 and name.endswith("weight"):
            p.data += 1
    norm = model.transformer.ln_f
    norm.weight.data *= 4
    model.transformer.wte.weight.data[end] = norm.bias.data * (case["end"] / norm.bias.data.square().sum())
    model.eval().save_pretrained(folder)
    seen = torch.randn(case["pairs"], visual, case["width"])
    prompts = torch.randint(0, end, (case["pairs"], case["prompt"]))
    save_file({"visual": seen, "prompts": prompts.to(torch.int32)}, os.path.join(folder, "recorded.safetensors"))
    return model, seen, prompts


def cpu_seconds():
    use = resource.getrusage(resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime


@torch.inference_mode()
def answer(case, model, seen, prompts):
    answers = []
    started, used = time.perf_counter(), cpu_seconds()
    for at in range(0, len(seen), case["batch"]):
        x = torch.cat([seen[at:at + case["batch"]], model.transformer.wte(prompts[at:at + case["batch"]])], 1)
        best = model.generate(inputs_embeds=x, attention_mask=torch.ones(x.shape[:2], dtype=torch.int64), num_beams=case["beams"],
                              do_sample=False, max_new_tokens=case["tokens"], pad_token_id=case["vocab"] - 1, early_stopping=False,
                              length_penalty=1.0)
        answers += best.tolist()
    return dict(seconds=time.perf_counter() - started, cpu=cpu_seconds() - used, answers=answers)


def main(root, threads, cases):
    torch.set_num_threads(threads)
    made = {}
    for case in cases:
        made[case["name"]] = (case, *make(os.path.join(root, case["name"]), case))
    print(json.dumps(f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}"), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(*made[line.strip()])), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
