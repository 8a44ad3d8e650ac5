"""The two training stages of the paper in PyTorch, bfloat16, as a good user runs them: scaled_dot_product_attention, fused AdamW,
compiled blocks, float32 master weights by autocast. Prints one line of JSON.

    peer.py STAGE BATCH SIZES.json [--steps N] [--device cuda|cpu]

STAGE is 1 (pretraining) or 2 (difference VQA); SIZES.json holds the sizes that the harness steps beside it, so that both are one model."""
import argparse
import json
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint


class Attention(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.heads, self.causal = heads, causal

    def forward(self, x, memory):
        def split(y):
            return y.view(y.shape[0], y.shape[1], self.heads, -1).transpose(1, 2)
        y = F.scaled_dot_product_attention(split(self.q(x)), split(self.k(memory)), split(self.v(memory)), is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(x.shape))


class MLP(nn.Module):
    def __init__(self, width, hidden, out):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, out)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class Block(nn.Module):
    """A pre-layer-norm block; with memory it attends to that too."""

    def __init__(self, width, heads, hidden, causal=False, crossed=False, dropout=0.0):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads, causal)
        if crossed:
            self.norm3, self.cross = nn.LayerNorm(width), Attention(width, heads, False)
        self.norm2, self.mlp = nn.LayerNorm(width), MLP(width, hidden, width)
        self.crossed, self.dropout = crossed, dropout

    def forward(self, x, memory=None):
        h = self.norm1(x)
        x = x + F.dropout(self.attention(h, h), self.dropout, self.training)
        if self.crossed:
            x = x + self.cross(self.norm3(x), memory)
        return x + F.dropout(self.mlp(self.norm2(x)), self.dropout, self.training)


class Pretraining(nn.Module):
    """Encoder, adapter, cross-attending decoder; a causal caption of every fourth image, a shorter region text of the others."""

    def __init__(self, s):
        super().__init__()
        e, d = s["encoder"], s["decoder"]
        self.patch = nn.Linear(s["pixels"], e["width"])
        self.place = nn.Parameter(torch.randn(s["tokens"], e["width"]) * .02)
        self.encoder = nn.ModuleList(Block(e["width"], e["heads"], e["mlp"]) for _ in range(e["depth"]))
        self.norm = nn.LayerNorm(e["width"])
        self.adapter = MLP(e["width"], d["width"], d["width"])
        self.token, self.position = nn.Embedding(s["vocabulary"], d["width"]), nn.Embedding(d["positions"], d["width"])
        nn.init.normal_(self.token.weight, std=.02)
        self.decoder = nn.ModuleList(Block(d["width"], d["heads"], d["mlp"], causal=True, crossed=True) for _ in range(d["depth"]))
        self.last = nn.LayerNorm(d["width"])

    def blocks(self):
        return [self.encoder, self.decoder]

    def forward(self, patches, groups, run):
        x = self.patch(patches) + self.place
        for block in self.encoder:
            x = run(block, x)
        visual = self.adapter(self.norm(x))
        rows, targets = [], []
        for ids, image in groups:
            x = self.token(ids) + self.position.weight[: ids.shape[1]]
            memory = visual[image]
            for block in self.decoder:
                x = run(block, x, memory)
            rows.append(x.flatten(0, 1))
            targets.append(ids.flatten())
        logits = F.linear(self.last(torch.cat(rows)), self.token.weight)
        return F.cross_entropy(logits.float(), torch.cat(targets))


class Answering(nn.Module):
    """Temporal embeddings, adapter and GPT-2 over the encoded tokens of two images, a question and its answer."""

    def __init__(self, s):
        super().__init__()
        e, m = s["encoder"], s["lm"]
        self.temporal = nn.Parameter(torch.randn(2, s["tokens"], e["width"]) * .02)
        self.adapter = MLP(e["width"], m["width"], m["width"])
        self.token = nn.Embedding(s["vocabulary"], m["width"])
        nn.init.normal_(self.token.weight, std=.02)
        self.position = nn.Parameter(torch.randn(2 * s["tokens"] + m["positions"], m["width"]) * .02)
        self.lm = nn.ModuleList(Block(m["width"], m["heads"], m["mlp"], causal=True, dropout=m["dropout"]) for _ in range(m["depth"]))
        self.last = nn.LayerNorm(m["width"])
        self.answer = s["answer"]

    def blocks(self):
        return [self.lm]

    def forward(self, encoded, ids, run):
        pairs = encoded.view(-1, 2, *encoded.shape[1:]) + self.temporal
        visual = self.adapter(pairs).flatten(1, 2)
        x = torch.cat([visual, self.token(ids)], 1)
        x = x + self.position[: x.shape[1]]
        for block in self.lm:
            x = run(block, x)
        rows = x[:, -self.answer:].flatten(0, 1)
        logits = F.linear(self.last(rows), self.token.weight)
        return F.cross_entropy(logits.float(), ids[:, -self.answer:].flatten(), label_smoothing=.11)


def inputs(stage, batch, s, device):
    if stage == 1:
        captions = max(1, batch // 4)
        patches = torch.randn(batch, s["tokens"], s["pixels"], device=device)
        groups = [(torch.randint(s["vocabulary"], (captions, s["caption"]), device=device), torch.arange(captions, device=device))]
        if batch > captions:
            groups.append((torch.randint(s["vocabulary"], (batch - captions, s["region"]), device=device),
                           torch.arange(captions, batch, device=device)))
        return patches, groups
    encoded = torch.randn(2 * batch, s["tokens"], s["encoder"]["width"], device=device)
    return encoded, torch.randint(s["vocabulary"], (batch, s["text"]), device=device)


def measure(stage, batch, s, device, steps, recompute):
    torch.manual_seed(0)
    with torch.device(device):
        model = (Pretraining if stage == 1 else Answering)(s)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        for blocks in model.blocks():
            for block in blocks:
                block.compile()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=.01, fused=True)
    data = inputs(stage, batch, s, device)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None

    def run(block, *args):
        return checkpoint(block, *args, use_reentrant=False) if recompute else block(*args)

    times = []
    for step in range(3 + steps):
        wait()
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = model(*data, run)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        last = loss.item()
        wait()
        times.append(time.perf_counter() - start)
    return {"compile_s": times[0], "step_s": statistics.median(times[3:]), "loss": last, "recompute": recompute,
            "parameters": sum(p.numel() for p in model.parameters()),
            "peak_bytes": torch.cuda.max_memory_allocated() if device == "cuda" else None}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stage", type=int, choices=[1, 2])
    parser.add_argument("batch", type=int)
    parser.add_argument("sizes")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    a = parser.parse_args()
    with open(a.sizes) as f:
        sizes = json.load(f)
    torch.set_float32_matmul_precision("high")
    try:
        result = measure(a.stage, a.batch, sizes, a.device, a.steps, recompute=False)
    except torch.OutOfMemoryError:  # what a user does then
        torch.cuda.empty_cache()
        result = measure(a.stage, a.batch, sizes, a.device, a.steps, recompute=True)
    device = torch.cuda.get_device_name() if a.device == "cuda" else "cpu"
    print(json.dumps({"torch": torch.__version__, "device": device, **result}))


if __name__ == "__main__":
    main()
