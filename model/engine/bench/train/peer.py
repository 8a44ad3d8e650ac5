"""The training step of enginetest.Size in PyTorch as a good user runs it: scaled_dot_product_attention, fused AdamW and, when
asked for, torch.compile; autocast to bfloat16 where the mode ends in -bf16.

    python3 peer.py FOLDER eager|compiled|eager-bf16|compiled-bf16 THREADS

FOLDER holds workload.json (sizes; name, shape and place of every tensor) and workload.bin (their bytes), written by bench-train:
weights and batch are those of the native engine. A number on standard input asks for that many steps; the answer is one line of JSON.
"""
import json
import os
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, memory, causal=False):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in (self.q(x), self.k(memory), self.v(memory)))
        return self.o(F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, cross):
        super().__init__()
        self.n1, self.self, self.n2 = nn.LayerNorm(width), Attention(width, heads), nn.LayerNorm(width)
        if cross:
            self.cross, self.n3 = Attention(width, heads), nn.LayerNorm(width)
        self.fc, self.proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, memory=None):
        h = self.n1(x)
        x = x + self.self(h, h, causal=memory is not None)
        last = self.n2
        if memory is not None:
            x = x + self.cross(self.n2(x), memory)
            last = self.n3
        return x + self.proj(F.gelu(self.fc(last(x)), approximate="tanh"))


class Model(nn.Module):
    def __init__(self, n):
        super().__init__()
        width = n["Width"]
        self.patch, self.pos = nn.Linear(n["Pixels"], width), nn.Parameter(torch.empty(n["Patches"], width))
        self.encoder = nn.ModuleList(Block(width, n["Heads"], False) for _ in range(n["Encoder"]))
        self.encoder_norm = nn.LayerNorm(width)
        self.token, self.token_pos = nn.Embedding(n["Words"], width), nn.Parameter(torch.empty(n["Length"], width))
        self.decoder = nn.ModuleList(Block(width, n["Heads"], True) for _ in range(n["Decoder"]))
        self.decoder_norm, self.head = nn.LayerNorm(width), nn.Linear(width, n["Words"])

    def forward(self, patches, tokens, targets):
        x = self.patch(patches) + self.pos
        for block in self.encoder:
            x = block(x)
        memory = self.encoder_norm(x)
        y = self.token(tokens) + self.token_pos
        for block in self.decoder:
            y = block(y, memory)
        return F.cross_entropy(self.head(self.decoder_norm(y)).flatten(0, 1).float(), targets)


def torch_name(name):
    """The name in Model of a parameter of enginetest."""
    if name == "token":
        return "token.weight"
    name = name.replace("encoder.norm", "encoder_norm").replace("decoder.norm", "decoder_norm").replace("token.pos", "token_pos")
    return name.removesuffix(".w") + ".weight" if name.endswith(".w") else name.removesuffix(".b") + ".bias" if name.endswith(".b") else name


def read(folder):
    with open(os.path.join(folder, "workload.json")) as f:
        header = json.load(f)
    with open(os.path.join(folder, "workload.bin"), "rb") as f:
        data = bytearray(f.read())
    tensors = {}
    for t in header["Tensors"]:
        kind = torch.int32 if t["Integers"] else torch.float32
        count = 1
        for d in t["Shape"]:
            count *= d
        tensors[t["Name"]] = torch.frombuffer(data, dtype=kind, count=count, offset=t["Offset"]).reshape(t["Shape"]).clone()
    return header, tensors


def cpu_seconds():
    use = resource.getrusage(resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime


def resident():
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    folder, mode, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    before = resident()
    header, tensors = read(folder)
    model = Model(header["Size"])
    model.load_state_dict({torch_name(p): tensors.pop(p) for p in header["Params"]})
    a = header["AdamW"]
    optimiser = torch.optim.AdamW(model.parameters(), lr=header["LearningRate"], betas=(a["Beta1"], a["Beta2"]), eps=a["Eps"],
                                  weight_decay=a["Decay"], fused=True)
    loss_of = torch.compile(model) if mode.startswith("compiled") else model
    patches, tokens, targets = tensors["patches"], tensors["tokens"].long(), tensors["targets"].long()
    del tensors
    print(json.dumps({"Name": f"PyTorch {torch.__version__.split('+')[0]}, {mode}"}), flush=True)
    for line in sys.stdin:
        answer = {"Wall": [], "CPU": [], "Loss": []}
        for _ in range(int(line)):
            wall, cpu = time.perf_counter(), cpu_seconds()
            optimiser.zero_grad(set_to_none=True)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mode.endswith("-bf16")):
                loss = loss_of(patches, tokens, targets)
            loss.backward()
            optimiser.step()
            answer["Loss"].append(loss.item())
            answer["Wall"].append(time.perf_counter() - wall)
            answer["CPU"].append(cpu_seconds() - cpu)
        answer["Resident"], answer["Before"] = resident(), before
        print(json.dumps(answer), flush=True)


main()
