"""Records RoBERTa's last hidden states of ids that hold the padding's own id, which a text spells as <pad>: such a token keeps the
padding's position and is not counted. FOLDER is the roberta that record.py wrote.

    python record_padding.py FOLDER OUT.json
"""

import json
import sys

import torch
from transformers import RobertaModel

ids = [0, 10, 1, 30, 1, 1, 44, 2]
model = RobertaModel.from_pretrained(sys.argv[1]).eval()
with torch.no_grad():
    hidden = model(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).last_hidden_state[0]
json.dump({"ids": ids, "hidden": [[round(v, 6) for v in row] for row in hidden.tolist()]}, open(sys.argv[2], "w"), separators=(",", ":"))
