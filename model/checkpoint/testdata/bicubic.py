"""Writes bicubic.json: tables of positions resized as SiglipVisionEmbeddings.interpolate_pos_encoding of transformers does it.

    python bicubic.py > bicubic.json
"""

import json

import torch
from transformers import SiglipVisionConfig, SiglipVisionModel


def resized(grid, to):
    patch = 2
    model = SiglipVisionModel(SiglipVisionConfig(hidden_size=2, intermediate_size=2, num_hidden_layers=1, num_attention_heads=1,
                                                 image_size=grid * patch, patch_size=patch, vision_use_head=False))
    embeddings = getattr(model, "vision_model", model).embeddings
    table = torch.sin(torch.arange(grid * grid * 2, dtype=torch.float64)).float().reshape(grid * grid, 2)
    embeddings.position_embedding.weight = torch.nn.Parameter(table)
    patches = torch.zeros(1, to * to, 2)
    with torch.no_grad():
        out = embeddings.interpolate_pos_encoding(patches, to * patch, to * patch)
    return [float(f"{v:.7g}") for v in out.flatten().tolist()]


print(json.dumps([{"from": a, "to": b, "out": resized(a, b)} for a, b in ((3, 5), (27, 32), (24, 14), (2, 1), (1, 3))]))
