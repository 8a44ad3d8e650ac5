"""transformers, torch and bert_score as the peers of peers_test.go.

    python peers.py make FOLDER      writes random models as transformers does, with inputs and outputs
    python peers.py check EXPORT     what transformers makes of an exported trial, by the code of its model card

Weights are drawn from a seed, widely enough that a forgotten bias or norm shows. Models of published sizes have their width, heads and
positions, but few layers and tokens.
"""

import json
import os
import random
import re
import sys
import warnings

from importlib.metadata import version

import bert_score
import tokenizers
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig, BertModel, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerBase, RobertaConfig, RobertaModel, SiglipConfig, SiglipModel,
    SiglipVisionConfig, SiglipVisionModel,
)

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
if hasattr(transformers.logging, "disable_progress_bar"):
    transformers.logging.disable_progress_bar()
torch.manual_seed(0)

WORDS = ("the heart is normal in size no pleural effusion or pneumothorax small left lower lobe opacity has worsened since prior "
         "film lungs are clear moderate cardiomegaly mild edema right upper zone nodule").split()
random.seed(0)
PAIRS = [(" ".join(random.choices(WORDS, k=random.randint(2, 20))), " ".join(random.choices(WORDS, k=random.randint(2, 20)))) for _ in range(40)]


def spread(model):
    """Random values for all parameters; norms around 1."""
    for name, p in model.named_parameters():
        torch.nn.init.normal_(p, std=1 / p.shape[-1] ** 0.5 if p.dim() > 1 else 0.3)
        if p.dim() == 1 and name.endswith("weight"):
            p.data += 1
    return model.eval()


def keep(folder, kind, model, inputs, outputs, **facts):
    model.save_pretrained(folder)
    tensors = {**{"in." + k: v for k, v in inputs.items()}, **{"out." + k: v for k, v in outputs.items()}}
    save_file({k: v.to(torch.int32 if v.dtype == torch.int64 else torch.float32).contiguous() for k, v in tensors.items()},
              os.path.join(folder, "recorded.safetensors"))
    json.dump(dict(kind=kind, **facts), open(os.path.join(folder, "case.json"), "w"))


@torch.no_grad()
def gpt2(folder, beams=0, **keys):
    config = GPT2Config(**{**dict(vocab_size=300, n_layer=2, bos_token_id=299, eos_token_id=299), **keys})
    model = spread(GPT2LMHeadModel(config))
    ids = torch.randint(0, 299, (4, 48))
    outputs = {"logits": model(ids).logits}
    if beams:
        prompts = torch.randint(0, 299, (30, 7))
        best = model.generate(prompts, attention_mask=torch.ones_like(prompts), num_beams=beams, do_sample=False, max_new_tokens=24,
                              pad_token_id=299, early_stopping=False, length_penalty=1.0)[:, 7:]
        outputs["best"] = torch.nn.functional.pad(best, (0, 24 - best.shape[1]), value=299)
        keep(folder, "gpt2", model, {"ids": ids, "prompts": prompts}, outputs, beams=beams)
    else:
        keep(folder, "gpt2", model, {"ids": ids}, outputs)


@torch.no_grad()
def siglip(folder, resolution, whole=False, **keys):
    vision = SiglipVisionConfig(**{**dict(num_hidden_layers=2), **keys})
    if whole:
        text = dict(hidden_size=vision.hidden_size, intermediate_size=64, num_hidden_layers=1, num_attention_heads=vision.num_attention_heads,
                    vocab_size=100)
        model = spread(SiglipModel(SiglipConfig(text_config=text, vision_config=vision.to_dict())))
        tower = model.vision_model
    else:
        model = tower = spread(SiglipVisionModel(vision))
    x = torch.rand(1, 1, resolution, resolution) * 2 - 1
    out = tower(pixel_values=x.expand(1, 3, resolution, resolution), interpolate_pos_encoding=True).last_hidden_state
    keep(folder, "siglip", model, {"pixels": x}, {"hidden": out}, resolution=resolution)


def sentences():
    return [text for pair in PAIRS for text in pair]


@torch.no_grad()
def bert(folder):
    os.makedirs(folder)
    t = tokenizers.BertWordPieceTokenizer(lowercase=True)
    t.train_from_iterator(sentences(), vocab_size=160, show_progress=False)
    t.save_model(folder)
    json.dump(dict(tokenizer_class="BertTokenizer", do_lower_case=True, model_max_length=128),
              open(os.path.join(folder, "tokenizer_config.json"), "w"))
    model = spread(BertModel(BertConfig(vocab_size=t.get_vocab_size(), num_hidden_layers=3, max_position_embeddings=128)))
    ids = torch.tensor([t.encode(PAIRS[0][0] + " " + PAIRS[1][1]).ids])
    hidden = model(ids, output_hidden_states=True).hidden_states
    keep(folder, "bert", model, {"ids": ids}, {"hidden": hidden[2]}, layer=2, pairs=PAIRS)
    if not hasattr(PreTrainedTokenizerBase, "build_inputs_with_special_tokens"):  # transformers 5
        PreTrainedTokenizerBase.build_inputs_with_special_tokens = lambda self, ids: self.encode("", add_special_tokens=True)
    scorer = bert_score.BERTScorer(model_type=folder, num_layers=2, device="cpu")
    scores = scorer.score([a for a, _ in PAIRS], [b for _, b in PAIRS])
    recorded = os.path.join(folder, "recorded.safetensors")
    save_file({**load_file(recorded), "out.scores": torch.stack(scores, 1).contiguous()}, recorded)


@torch.no_grad()
def roberta(folder):
    os.makedirs(folder)
    t = tokenizers.ByteLevelBPETokenizer()
    t.train_from_iterator(sentences(), vocab_size=380, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False)
    t.save_model(folder)
    config = RobertaConfig(vocab_size=t.get_vocab_size(), hidden_size=1024, num_attention_heads=16, intermediate_size=4096, num_hidden_layers=2,
                           max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5)
    model = spread(RobertaModel(config))
    ids = torch.tensor([[0] + t.encode(" ".join(sentences()[:6])).ids + [2]])
    hidden = model(ids, output_hidden_states=True).hidden_states
    keep(folder, "bert", model, {"ids": ids}, {"hidden": hidden[2]}, layer=2)


def make(root):
    at = lambda name: os.path.join(root, name)
    gpt2(at("GPT-2 small"), n_embd=768, n_head=12)
    gpt2(at("GPT-2 medium"), n_embd=1024, n_head=16)
    gpt2(at("GPT-2 large"), n_embd=1280, n_head=20)
    gpt2(at("GPT-2 XL"), n_embd=1600, n_head=25)
    gpt2(at("GPT-2, scale_attn_weights false"), n_embd=64, n_head=4, scale_attn_weights=False)
    gpt2(at("GPT-2, scale_attn_by_inverse_layer_idx"), n_embd=64, n_head=4, n_layer=4, scale_attn_by_inverse_layer_idx=True)
    gpt2(at("GPT-2, beam search 10"), beams=10, n_embd=64, n_head=4)
    siglip(at("SigLIP base 224"), 224)
    siglip(at("SigLIP base 384, at 448"), 448, image_size=384)
    siglip(at("SigLIP so400m 384, at 448"), 448, whole=True, hidden_size=1152, num_attention_heads=16, intermediate_size=4304, patch_size=14, image_size=384)
    siglip(at("SigLIP so400m 224"), 224, hidden_size=1152, num_attention_heads=16, intermediate_size=4304, patch_size=14)
    siglip(at("SigLIP2 large 512, at 448"), 448, whole=True, hidden_size=1024, num_attention_heads=16, intermediate_size=4096, image_size=512)
    bert(at("BERT base"))
    roberta(at("RoBERTa large"))


@torch.no_grad()
def check(folder):
    """Runs the model card's code on what peers_test.go put into questions.json and pixels.safetensors."""
    card = open(os.path.join(folder, "README.md")).read()
    os.chdir(folder)
    scope = {}
    exec(re.search(r"```python\n(.*?)```", card, re.S).group(1), scope)
    asked = json.load(open("questions.json"))
    pixels = load_file("pixels.safetensors")["pixels"]  # [pairs, 2, side, side]
    out = {"features": [], "logits": []}
    answers = []
    for question, pair in zip(asked, pixels):
        reference, main = (x[None, None].expand(1, 3, *x.shape) for x in pair)
        out["features"].append(scope["encoder"](pixel_values=torch.cat([reference, main])).last_hidden_state)
        x = torch.cat([scope["visual"](reference, main), scope["lm"].transformer.wte(torch.tensor([scope["ids"](question)]))], 1)
        out["logits"].append(scope["lm"](inputs_embeds=x).logits[0, -1])
        answers.append(scope["answer"](reference, main, question))
    save_file({k: torch.stack(v).contiguous() for k, v in out.items()}, "peer.safetensors")
    odd = ["Xylophone zebras\n\t 中文", "what has changed in the left lower lung?", "hydropneumothorax 449 [12,400]"]
    json.dump(dict(answers=answers, ids=[scope["ids"](t) for t in asked + odd], texts=asked + odd), open("peer.json", "w"))


if __name__ == "__main__":
    if sys.argv[1] == "versions":
        print(", ".join(f"{name} {version(name).split('+')[0]}" for name in ("transformers", "torch", "bert_score", "tokenizers", "safetensors")))
    else:
        {"make": make, "check": check}[sys.argv[1]](sys.argv[2])
