"""Records what Hugging Face's tokenizers make of 2,200 odd strings, for the tests of sentences_test.go. Needs tokenizers,
sentencepiece, transformers 4.57 (for its copy of SentencePiece's protocol):

    python sentences.py FOLDER

FOLDER gets NAME.json (a tokenizer.json) for each tokenizer, and sentences.json.gz: the strings and, by name, their ids.
"""

import base64
import gzip
import json
import os
import random
import sys
import tempfile

import sentencepiece
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers.utils import sentencepiece_model_pb2_new as protocol

WORDS = """the lungs are clear no pleural effusion pneumothorax seen heart size normal left-sided don't we'll it's I'd they're 1.5 3,200 mm 50%
Café naïve résumé Ünïcödé ÅNGSTRÖM İstanbul ΣΊΣΥΦΟΣ straße ﬁne ﬂow ½ ² Ⅳ ①  漢字 日本語テキスト 中文。 한국어 العربية עברית русский हिन्दी ไทย
😀 👍🏽 👩‍👩‍👧‍👦 🇩🇪 ❤️ é é a̐éö̲ \u200b\u200d\ufeff \u00a0x \u3000 \u2028 \t\t \n x\ty \x00 \x07 \x85 \ufffd \ue000 \u00ad \u061c
[CLS] [SEP] [MASK] [UNK] [PAD] <s> </s> <mask> <unk> <pad> <pad>x [MASK]. x[SEP]y ##ing @user #tag a_b foo.bar(baz) «quoted» “curly” ‘x’ — – … ¿qué? a/b c\\d
≤5 ≥3 ± × ÷ € £ ¥ © ® ™ § ¶ • ◦ ▁ ▁x Ā ġ Ġ Ċ ć́ ǆ Ǆ ǅ ﷺ ﬀ ㎏ ℃ ｆｕｌｌ ＷＩＤＥ カﾞ 𝒳 𝔘𝔫𝔦 𐍈 𠀀 supercalifragilistic aaaaaaaaaaaaaaaaaaaaaaa""".split(" ")
SPACES = [" ", " ", " ", " ", "  ", "   ", "\t", "\n", "\u00a0", "", "", "\u3000", "\r\n", " \u200b"]


def strings():
    rng = random.Random(7)
    out = ["", " ", "\t \n", "a" * 99, "a" * 100, "a" * 101, "ab" * 3000, "é" * 100, "é" * 101, "字" * 120, "x " * 700, "\u0301", "\u0301a", "🇩" * 3]
    for word in WORDS:
        out += [word, word.upper(), " " + word, word + " "]
    while len(out) < 1700:
        n = rng.randint(1, 9)
        out.append("".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(n)))
    planes = [(0x20, 0x7f), (0x80, 0x250), (0x250, 0x600), (0x900, 0xe00), (0x1e00, 0x2600), (0x3000, 0x3400), (0xfb00, 0xfff0), (0x1f300, 0x1f700)]
    while len(out) < 2200:
        low, high = rng.choice(planes)
        out.append("".join(chr(rng.randrange(low, high)) if rng.random() < 0.8 else rng.choice(" ab.") for _ in range(rng.randint(1, 14))))
    return out


CORPUS = [" ".join(WORDS[i:i + 12]) for i in range(0, len(WORDS), 5)] * 3


def word_pieces(vocab_size=300, **switches):
    t = tokenizers.BertWordPieceTokenizer(**switches)
    t.train_from_iterator(CORPUS, vocab_size=vocab_size, limit_alphabet=220, show_progress=False)
    tok = Tokenizer.from_str(t.to_str())
    marks = [(m, tok.token_to_id(m)) for m in ("[CLS]", "[SEP]")]
    tok.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tok.post_processor = processors.TemplateProcessing(single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=marks)
    return tok


def byte_pairs(prefix, mask):
    names = ["<s>", "<pad>", "</s>", "<unk>"]
    t = tokenizers.ByteLevelBPETokenizer(add_prefix_space=prefix)
    t.train_from_iterator(CORPUS, vocab_size=600, special_tokens=names, show_progress=False)
    tok = Tokenizer.from_str(t.to_str())
    tok.add_special_tokens([AddedToken(mask, lstrip=True, special=True)])
    tok.add_tokens([AddedToken("effusion", single_word=True, normalized=True), AddedToken("mm", rstrip=True, normalized=False)])
    tok.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=prefix)
    return tok


def unigram(normalizer, splitter, vocab_size=260, fallback=False):
    names = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = normalizer, splitter
    pieces = [f"<0x{b:02X}>" for b in range(256)] if fallback else []
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=vocab_size + len(pieces), special_tokens=names + pieces, unk_token="[UNK]", show_progress=False))
    t.add_special_tokens(["[MASK]"])
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    if fallback:
        data = json.loads(t.to_str())
        data["model"]["byte_fallback"] = True
        data["added_tokens"] = [x for x in data["added_tokens"] if not x["content"].startswith("<0x")]
        t = Tokenizer.from_str(json.dumps(data))
    return t


def charsmap():
    """SentencePiece's table for a few rules of NFKC and of its own."""
    rules = {"ﬁ": "fi", "ﬂ": "fl", "½": "1⁄2", "²": "2", "Ⅳ": "IV", "①": "1", "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\u200b": " ",
             "\x07": "", "\ufeff": "", "e\u0301": "\u00e9", "ｆ": "f", "ｕ": "u", "ｌ": "l", "℃": "°C", "\u212b": "\u00c5", "ab": "AB", "カﾞ": "ガ", "👍🏽": "👍"}
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/rules.tsv", "w") as file:
            for old, new in rules.items():
                file.write(" ".join(f"{ord(c):X}" for c in old) + "\t" + " ".join(f"{ord(c):X}" for c in new) + "\n")
        with open(f"{folder}/text", "w") as file:
            file.write("\n".join(["the lungs are clear", "no pleural effusion is seen"] * 20))
        sentencepiece.SentencePieceTrainer.train(input=f"{folder}/text", model_prefix=f"{folder}/m", vocab_size=20, hard_vocab_limit=False, model_type="unigram",
                                                 normalization_rule_tsv=f"{folder}/rules.tsv", minloglevel=2)
        model = protocol.ModelProto()
        model.ParseFromString(open(f"{folder}/m.model", "rb").read())
        return bytes(model.normalizer_spec.precompiled_charsmap)


def meta(scheme="always", split=True):
    return pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme, split=split)


def all_tokenizers():
    n, p = normalizers, pre_tokenizers
    return {
        "bert-uncased": word_pieces(lowercase=True),
        "bert-cased": word_pieces(lowercase=False, strip_accents=False),
        "bert-accents": word_pieces(lowercase=True, strip_accents=False, handle_chinese_chars=False),
        "bert-raw": word_pieces(lowercase=False, strip_accents=True, clean_text=False),
        "roberta": byte_pairs(False, "<mask>"),
        "roberta-prefix": byte_pairs(True, "<mask>"),
        "deberta-v3": unigram(n.Sequence([n.Strip(), n.Precompiled(charsmap()), n.Replace(Regex(" {2,}"), " ")]), p.Sequence([meta()])),
        "deberta-v2-lower": unigram(n.Sequence([n.Lowercase(), n.Strip(), n.NFKC()]), p.Sequence([p.Punctuation(), meta()])),
        "deberta-new": unigram(n.Sequence([n.Replace(Regex(r"\s{2,}|[\n\r\t]"), " "), n.NFC(), n.Strip(left=False, right=True)]), p.Sequence([meta()])),
        "bytes": unigram(n.Sequence([n.NFD(), n.Replace(Regex(r"\s+"), " "), n.Replace("e", "E")]),
                         p.Sequence([p.WhitespaceSplit(), p.Digits(individual_digits=True), meta("never")]), fallback=True),
        "words": unigram(n.NFKD(), p.Sequence([p.Whitespace(), p.Digits()]), vocab_size=300),
        "unsplit": unigram(n.Sequence([n.Prepend("▁"), n.Replace(" ", "▁")]), meta("first", split=False)),
    }


if __name__ == "__main__":
    folder = sys.argv[1]
    texts = strings()
    ids = {}
    for name, t in all_tokenizers().items():
        t.no_truncation()
        t.save(os.path.join(folder, name + ".json"), pretty=False)
        ids[name] = [t.encode(text.strip(), add_special_tokens=True).ids for text in texts]
    versions = {"tokenizers": tokenizers.__version__, "sentencepiece": sentencepiece.__version__}
    with open(os.path.join(folder, "sentences.json.gz"), "wb") as file:
        file.write(gzip.compress(json.dumps({"versions": versions, "texts": texts, "ids": ids}, separators=(",", ":")).encode(), mtime=0))
