#!/usr/bin/env python3
"""Records what the official programs say about the texts of this folder: text_pairs.json (pairs made here), text_golden.json
(sacrebleu, rouge_score), caption_golden.json (pycocoevalcap) and porter_golden.json (NLTK).

    pip install sacrebleu==2.6.0 rouge_score==0.1.2 nltk==3.10.4 pycocoevalcap==1.2   # and a Java for the PTB tokenizer
    python3 record_text.py
"""
import json, logging, random, re, string
from importlib.metadata import version
from pathlib import Path

from nltk.stem.porter import PorterStemmer
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU, CHRF, TER

logging.disable(logging.WARNING)
here = Path(__file__).parent


def load(name):
    return json.loads((here / name).read_text(encoding="utf-8"))


def save(name, value):
    (here / name).write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")


def rounded(values):
    return [float(f"{v:.10g}") for v in values]


def made(rng):
    """Pairs that exercise what captions rarely do: shifts, the beam, marks, white space, cases, lines."""
    words = "the a heart lung is are normal large small no edema of in and left right size acute disease , . change".split()
    letters = list("aZ09.,-'\"&<>()[]{}/:;@#%$*+!?~`^_| ") + list("\u00e9\u00df\u0130I\u0131\u03a3\u03c3\u03c2\u212a\u00c5\u4e2d\u3042\u00a0\u2028\u0085\u2009\u200b\u0301\u00ad\U0001f600\t\r\x0b\x1c")
    text = lambda n, w=words: " ".join(rng.choice(w) for _ in range(n))
    pairs = []

    def add(kind, hyp, *refs):
        pairs.append({"id": f"{kind}{len(pairs)}", "hyp": hyp, "refs": list(refs)})

    for k in range(160):  # the same words in another order
        ref = text(rng.randint(2, 40)).split()
        hyp = ref[:]
        for _ in range(rng.randint(1, 4)):
            i, n = rng.randrange(len(hyp)), rng.randint(1, 12)
            block, rest = hyp[i:i + n], hyp[:i] + hyp[i + n:]
            at = rng.randint(0, len(rest))
            hyp = rest[:at] + block + rest[at:]
        if k % 3 == 0:
            hyp[rng.randrange(len(hyp))] = "other"
        add("shift", " ".join(hyp), " ".join(ref), *([text(rng.randint(1, 30))] if k % 4 == 0 else []))
    for k in range(60):  # few different words: many shifts, up to the limit of candidates
        few = words[:rng.randint(2, 5)]
        add("few", text(rng.randint(20, 90), few), text(rng.randint(20, 90), few))
    for a, b in [(1, 200), (200, 1), (3, 400), (400, 3), (120, 60), (60, 180), (300, 290), (2, 60), (60, 2)]:  # the beam
        add("beam", text(a), text(b))
        add("beam", text(a, words[:3]), text(b, words[:3]))
        many = [f"w{i}" for i in range(1000)]
        hyp = text(a, many).split()
        add("beam", " ".join(hyp), " ".join(hyp[a // 2:] + hyp[:a // 2] + text(max(0, b - a), many).split()))
    for _ in range(200):  # any characters
        chars = lambda: "".join(rng.choice(letters) for _ in range(rng.randint(0, 30)))
        hyp = chars()
        add("chars", hyp, *(chars() if rng.random() < .5 else "".join(rng.choice(letters) if rng.random() < .1 else c for c in hyp) for _ in range(rng.randint(1, 3))))
    for s in ["1.5", "1.", ".5", "a.b", "..", "...", "a..b", ",.,", "1,000.5", "3-4", "-4", "a-b", "5-", "x -\ny", "end-\n", "a\nb", "<skipped>x",
              "&amp;quot;", "&quot;a&quot;", "&lt;b&gt;", "&&amp;lt;", "U.S.A.", "don't", "\u03a3\u0391\u03a3", "\u03a3", "A\u03a3'B", "A\u03a3.", "\u0130X",
              "A\u00ad\u03a3", "\u03a3\u03a3", "a\u0345\u03a3", "\u1e9e\u01c5", "\u2160\u24b6", "(hi)", "(", "hi!", "!hi", "!!", "((a", "\u00e9!", ""]:
        add("edge", s, s.lower(), s + " x")
        add("edge", s + " a b c d", "a b c d " + s)
    for _ in range(60):  # sentences on lines, for ROUGE-Lsum
        lines = lambda: "\n".join(text(rng.randint(0, 9)) for _ in range(rng.randint(1, 5)))
        add("lines", lines(), *(lines() for _ in range(rng.randint(1, 2))))
    for _ in range(60):  # word forms, for the stemmer
        forms = "relational hopping hoped flies dying agreed feed happily enjoyment controlling rolled radically geology generalizations opacities calcified pleural effusions thickening".split()
        add("forms", text(rng.randint(1, 12), forms), text(rng.randint(1, 12), forms + ["relate", "hop", "fly", "opacity", "effusion"]))
    return pairs


def merge(hyps, refs, kind):
    h, r = load(hyps), load(refs)
    return [{"id": f"{kind}-{k}", "hyp": h[k][0], "refs": r[k]} for k in h]


def streams(refs):
    most = max(map(len, refs))
    return [[r[k] if k < len(r) else None for r in refs] for k in range(most)]


def text_golden(pairs):
    hyps, refs = [p["hyp"] for p in pairs], [p["refs"] for p in pairs]
    out = {"corpus": {}, "single": {}, "samples": {}, "signatures": {}}
    single = [k for k, r in enumerate(refs) if len(r) == 1]
    for name, make, sentence in [
        ("sacrebleu", BLEU, lambda: BLEU(effective_order=True)), ("chrf", CHRF, CHRF),
        ("chrf++", lambda: CHRF(word_order=2), lambda: CHRF(word_order=2)), ("ter", TER, TER)]:
        metric = make()
        out["corpus"][name] = metric.corpus_score(hyps, streams(refs)).score
        out["signatures"][name] = [str(metric.get_signature())]
        metric = make()
        out["single"][name] = metric.corpus_score([hyps[k] for k in single], [[refs[k][0] for k in single]]).score
        out["signatures"][name].append(str(metric.get_signature()))
        metric = sentence()
        out["samples"][name] = rounded(metric.sentence_score(h, r).score for h, r in zip(hyps, refs))
    types = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    for stem in (False, True):
        scorer = rouge_scorer.RougeScorer(types, use_stemmer=stem)
        scores = [scorer.score_multi(r, h) for h, r in zip(hyps, refs)]
        for t in types:
            values = [s[t].fmeasure for s in scores]
            name = t + ("_stem" if stem else "")
            out["samples"][name] = rounded(values)
            out["corpus"][name] = sum(values) / len(values)
            out["single"][name] = sum(values[k] for k in single) / len(single)
    return out


# The official pipeline takes these for the end of a line, and every later item has the words of another one.
line_ends = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def caption_golden(hyps, refs):
    h, r = load(hyps), load(refs)
    keep = [k for k in h if not any(line_ends.search(t) for t in h[k] + r[k])]
    h, r = {k: h[k] for k in keep}, {k: r[k] for k in keep}
    out = {"ids": keep, "views": {}}
    tokens = PTBTokenizer()
    wrap = lambda d: {k: [{"caption": t} for t in v] for k, v in d.items()}
    for view, (hv, rv) in {"none": (h, r), "ptb": (tokens.tokenize(wrap(h)), tokens.tokenize(wrap(r)))}.items():
        corpus, samples = {}, {}
        total, each = Bleu(4).compute_score(rv, hv, verbose=0)
        for n in range(4):
            corpus[f"bleu{n + 1}"], samples[f"bleu{n + 1}"] = total[n], rounded(each[n])
        for name, scorer in (("rouge_l", Rouge()), ("cider", Cider())):
            total, each = scorer.compute_score(rv, hv)
            corpus[name], samples[name] = float(total), rounded(map(float, each))
        out["views"][view] = {"corpus": corpus, "samples": samples}
    return out


def porter_golden(pairs):
    rng = random.Random(5)
    words = set(load("stem_golden.json")) | {"skies", "sky", "dying", "news", "innings", "howe", "proceed", "yyyyyy", "sayyy", "12345", "ion", "sion"}
    for p in pairs:
        for t in [p["hyp"]] + p["refs"]:
            words |= {w for w in re.split("[^a-z0-9]+", t.lower()) if 0 < len(w) < 40}
    ends = "ational tional enci anci izer bli abli alli entli eli ousli ization ation ator alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent sion tion ion ou ism ate iti ous ive ize e ll ed ing eed ied ies sses ss s y".split()
    for _ in range(1200):
        words.add("".join(rng.choice("bcdlstyaeiouy") for _ in range(rng.randint(0, 5))) + "".join(rng.choice(ends) for _ in range(rng.randint(1, 2))))
    stemmer = PorterStemmer()
    return {w: stemmer.stem(w) for w in sorted(words) if re.fullmatch("[a-z0-9]+", w)}


pairs = made(random.Random(26))
save("text_pairs.json", pairs)
pairs += merge("adversarial_hyps.json", "adversarial_refs.json", "adversarial") + merge("odd_hyps.json", "odd_refs.json", "odd")
pairs += [{"id": "a-" + p["id"], "hyp": p["hyp"], "refs": p["refs"]} for p in load("fixture_a.json")["items"]]
versions = {name: version(name) for name in ("sacrebleu", "rouge_score", "nltk", "pycocoevalcap")}
save("text_golden.json", {"versions": versions, "pairs": len(pairs), **text_golden(pairs)})
save("caption_golden.json", {name: caption_golden(f"{name}_hyps.json", f"{name}_refs.json") for name in ("adversarial", "odd")})
save("porter_golden.json", porter_golden(pairs))
