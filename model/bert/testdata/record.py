"""Writes tiny random encoders in Hugging Face layout and what transformers and bert_score make of them, for the tests of package
bert. Needs torch, transformers 4.57 (the slow tokenizers that bert_score asks for) and bert_score 0.3.13:

    python record.py FOLDER

Every folder FOLDER/NAME holds config.json, the weights, the tokenizer and golden.json.gz: ids, hidden states after every layer
and P, R, F of every pair at every layer, with and without idf. versions.json says what made them.
"""

import gzip
import json
import os
import sys

import bert_score
import tokenizers
import torch
import transformers
from bert_score.utils import bert_cos_score_idf, get_idf_dict, sent_encode
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoTokenizer, BertConfig, BertModel, DebertaConfig, DebertaModel, DebertaV2Config, DebertaV2Model, RobertaConfig, RobertaModel,
    XLMRobertaConfig, XLMRobertaModel,
)

TEXTS = [
    "The lungs are clear.", "No pleural effusion or pneumothorax is seen.", "There is a small left pleural effusion.",
    "Heart size is normal", "the heart is enlarged", "Café au lait naïve résumé", "x", "", "   ", "Ünïcödé 漢字 ok 😀!",
    "<mask> in the text [MASK] too", "consolidation " * 12, "don't we'll it's", "1.5 mm (3.2 cm), 50%", "left-sided\tpneumonia\nresolved",
]
PAIRS = [(0, [1, 0]), (2, [1]), (3, [4, 2]), (5, [9]), (6, [0]), (7, [1]), (0, [8]), (11, [2]), (12, [13, 3]), (14, [2]), (10, [10]),
         (13, [11]), (9, [5])]
SHOWN = [0, 5, 7, 10, 11, 14]  # the texts whose hidden states are kept
CORPUS = TEXTS * 3 + ["pleural effusion left right small large normal heart lungs clear mask text the a is are in of"] * 5

BASE = dict(hidden_size=32, num_attention_heads=4, intermediate_size=48, initializer_range=0.3)


def byte_pairs(folder, family):
    """vocab.json and merges.txt of either family."""
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] if family == "roberta" else ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    t = tokenizers.ByteLevelBPETokenizer()
    t.train_from_iterator(CORPUS, vocab_size=380, special_tokens=names, show_progress=False)
    t.save_model(folder)
    return t.get_vocab_size()


def unigram(folder):
    """tokenizer.json as DeBERTa v3 has it."""
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")])
    t.decoder = decoders.Metaspace()
    names = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=160, special_tokens=names, unk_token="[UNK]", show_progress=False))
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    t.save(os.path.join(folder, "tokenizer.json"))
    return t.get_vocab_size()


def word_pieces(folder):
    """vocab.txt and the tokenizer.json that transformers makes of it."""
    t = tokenizers.BertWordPieceTokenizer(lowercase=True)
    t.train_from_iterator(CORPUS, vocab_size=180, show_progress=False)
    t.save_model(folder)
    return t.get_vocab_size()


def write_config(folder, **keys):
    json.dump(keys, open(os.path.join(folder, "tokenizer_config.json"), "w"))


def relative(**keys):
    return dict(relative_attention=True, position_biased_input=False, type_vocab_size=0, max_position_embeddings=64, **keys)


CASES = {
    # name: (tokenizer, config class, model class, keys, tokenizer_config)
    "roberta": ("roberta", RobertaConfig, RobertaModel,
                dict(num_hidden_layers=3, max_position_embeddings=42, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1),
                dict(tokenizer_class="RobertaTokenizer", model_max_length=40)),
    "roberta-new": ("roberta", RobertaConfig, RobertaModel,
                    dict(num_hidden_layers=2, max_position_embeddings=42, type_vocab_size=2, layer_norm_eps=1e-3, hidden_act="gelu_new"),
                    dict(tokenizer_class="RobertaTokenizer", model_max_length=40)),
    "bert-relu": ("bert", BertConfig, BertModel, dict(num_hidden_layers=2, max_position_embeddings=48, hidden_act="relu"),
                  dict(tokenizer_class="BertTokenizer", model_max_length=48, do_lower_case=True)),
    "bert-silu": ("bert", BertConfig, BertModel, dict(num_hidden_layers=2, max_position_embeddings=48, hidden_act="silu"),
                  dict(tokenizer_class="BertTokenizer", model_max_length=48, do_lower_case=True)),
    "deberta": ("deberta", DebertaConfig, DebertaModel,
                dict(num_hidden_layers=3, **relative(pos_att_type=["c2p", "p2c"], max_relative_positions=-1)),
                dict(tokenizer_class="DebertaTokenizer", model_max_length=48)),
    "deberta-c2p": ("deberta", DebertaConfig, DebertaModel,
                    dict(num_hidden_layers=2, relative_attention=True, position_biased_input=True, type_vocab_size=2,
                         max_position_embeddings=64, max_relative_positions=8, pos_att_type="c2p"),
                    dict(tokenizer_class="DebertaTokenizer", model_max_length=48)),
    "deberta-absolute": ("deberta", DebertaConfig, DebertaModel,
                         dict(num_hidden_layers=2, max_position_embeddings=64, pos_att_type=["p2c"]),
                         dict(tokenizer_class="DebertaTokenizer", model_max_length=48)),
    "deberta-v2-conv": ("deberta-v2", DebertaV2Config, DebertaV2Model,
                        dict(num_hidden_layers=3, conv_kernel_size=3, conv_act="gelu", norm_rel_ebd="layer_norm", position_buckets=8,
                             share_att_key=True, attention_head_size=8, **relative(pos_att_type=["p2c", "c2p"])),
                        dict(tokenizer_class="DebertaV2Tokenizer", model_max_length=64)),
    "deberta-v3": ("deberta-v2", DebertaV2Config, DebertaV2Model,
                   dict(num_hidden_layers=2, norm_rel_ebd="layer_norm", position_buckets=8, share_att_key=True,
                        **relative(pos_att_type="p2c|c2p", max_relative_positions=-1)),
                   dict(tokenizer_class="DebertaV2Tokenizer", model_max_length=64)),
    "deberta-v2-p2c": ("deberta-v2", DebertaV2Config, DebertaV2Model,
                       dict(num_hidden_layers=2, **relative(pos_att_type=["p2c"], max_relative_positions=6)),
                       dict(tokenizer_class="DebertaV2Tokenizer", model_max_length=64)),
    "xlm-roberta": ("xlmr", XLMRobertaConfig, XLMRobertaModel,
                    dict(num_hidden_layers=2, max_position_embeddings=42, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1),
                    dict(tokenizer_class="PreTrainedTokenizerFast", model_max_length=40, pad_token="<pad>", cls_token="<s>",
                         sep_token="</s>", unk_token="<unk>")),
}


def xlmr(folder):
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=150, special_tokens=names, unk_token="<unk>", show_progress=False))
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    t.save(os.path.join(folder, "tokenizer.json"))
    return t.get_vocab_size()


def make(root, name):
    kind, config_class, model_class, keys, tokenizer_config = CASES[name]
    folder = os.path.join(root, name)
    os.makedirs(folder, exist_ok=True)
    if kind in ("roberta", "deberta"):
        vocab = byte_pairs(folder, kind)
    elif kind == "bert":
        vocab = word_pieces(folder)
    elif kind == "xlmr":
        vocab = xlmr(folder)
    else:
        vocab = unigram(folder)
    write_config(folder, **tokenizer_config)
    torch.manual_seed(sum(map(ord, name)))
    model = model_class(config_class(vocab_size=vocab, **BASE, **keys)).eval()
    with torch.no_grad():  # norms and biases that show when they are left out
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=kind in ("deberta-v2", "xlmr"))
    if kind == "xlmr":  # a class without a rule of its own
        tokenizer.build_inputs_with_special_tokens = lambda ids: tokenizer.encode("", add_special_tokens=True)
    if kind == "bert":  # also as tokenizer.json
        AutoTokenizer.from_pretrained(folder, use_fast=True).backend_tokenizer.save(os.path.join(folder, "tokenizer.json"))
    ids = [sent_encode(tokenizer, text) for text in TEXTS]
    hidden = []
    with torch.no_grad():
        for row in ids:
            states = model(torch.tensor([row]), attention_mask=torch.ones(1, len(row), dtype=torch.long), output_hidden_states=True)
            hidden.append([layer[0].tolist() for layer in states.hidden_states[1:]])
    golden = {"texts": TEXTS, "ids": ids, "hidden": {i: rounded(hidden[i]) for i in SHOWN}, "pairs": PAIRS, "scores": scores(folder, tokenizer, model_class)}
    with open(os.path.join(folder, "golden.json.gz"), "wb") as file:
        file.write(gzip.compress(json.dumps(golden, separators=(",", ":")).encode(), mtime=0))


def rounded(x):
    return [rounded(y) for y in x] if isinstance(x, list) else round(x, 6)


def scores(folder, tokenizer, model_class):
    """P, R, F by layer, without and with idf; the pairs one at a time, so that no padding takes part."""
    out = []
    references = [TEXTS[r] for _, refs in PAIRS for r in refs]
    layers = model_class.from_pretrained(folder).config.num_hidden_layers
    for layer in range(1, layers + 1):
        model = model_class.from_pretrained(folder).eval()
        model.encoder.layer = torch.nn.ModuleList(list(model.encoder.layer)[:layer])
        for idf in (False, True):
            if idf:
                weights = get_idf_dict(references, tokenizer, nthreads=0)
            else:
                weights = Ones()
                weights[tokenizer.sep_token_id] = weights[tokenizer.cls_token_id] = 0
            rows = []
            for hyp, refs in PAIRS:
                each = [bert_cos_score_idf(model, [TEXTS[r]], [TEXTS[hyp]], tokenizer, weights, device="cpu")[0] for r in refs]
                rows.append([round(v, 7) for v in torch.stack(each).max(dim=0)[0].tolist()])
            out.append({"layer": layer, "idf": idf, "rows": rows})
    return out


class Ones(dict):
    def __missing__(self, key):
        return 1.0


if __name__ == "__main__":
    root = sys.argv[1]
    for name in sys.argv[2:] or CASES:
        make(root, name)
    json.dump({"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__, "bert_score": bert_score.__version__,
               "tokenizers": tokenizers.__version__}, open(os.path.join(root, "versions.json"), "w"))
