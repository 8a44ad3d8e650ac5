"""Writes pairs full of phrases of METEOR's paraphrase table, with what the official program says of them.

usage: paraphrase_pairs.py METEOR_FOLDER PAIRS.jsonl.gz

METEOR_FOLDER is pycocoevalcap/meteor of pycocoevalcap 1.2 from PyPI (meteor-1.5.jar and data/paraphrase-en.gz). Needs Java; the
recorded file was made with OpenJDK 17.0.15 and Python 3.11. The pairs are drawn from the table with a fixed seed: no text is from
anywhere else. A line holds hyp, refs, stats (the program's answer to SCORE) and score (its answer to EVAL).
"""
import gzip
import json
import os
import random
import re
import subprocess
import sys

COUNT = 2080
PLAIN = re.compile(r"[a-z0-9' äéüß-]+\Z")

rng = random.Random(20)


def read_table(folder):
    """Returns the phrases and what each is paired with, for phrases of plain words."""
    table, lines = {}, []
    with gzip.open(os.path.join(folder, "data", "paraphrase-en.gz"), "rt", encoding="utf-8") as f:
        for line in f:
            lines.append(line.rstrip("\n"))
            if len(lines) == 3:
                _, a, b = lines
                if PLAIN.match(a) and PLAIN.match(b):
                    table.setdefault(a, []).append(b)
                lines = []
    return table


class Sentences:
    """Draws hypotheses and references."""

    def __init__(self, table):
        self.table = table
        self.phrases = sorted(table)
        self.rich = sorted(table, key=lambda a: (-len(table[a]), a))[:4000]
        self.long = [a for a in self.phrases if len(a.split()) >= 3]
        self.single = [a for a in self.rich if " " not in a]
        self.by_first = {}
        for a in self.phrases:
            self.by_first.setdefault(a.split()[0], []).append(a)
        self.common = "the a of in is and to no left right there image seen with has been small large".split()

    def draw(self):
        return rng.choice(rng.choice([self.phrases, self.rich, self.rich, self.long, self.single]))

    def other(self, a):
        return rng.choice(self.table.get(a, [a]))

    def chain(self, n):
        """Phrases of which each begins with the last word of the one before: they overlap."""
        parts = [self.draw()]
        while len(parts) < n:
            following = self.by_first.get(parts[-1].split()[-1])
            parts.append(rng.choice(following) if following else self.draw())
        return parts

    def pair(self, i):
        kind, n = i % 8, rng.randint(1, 9)
        if kind == 0:  # phrase by phrase
            parts = [self.draw() for _ in range(n)]
            return join(parts), join(map(self.other, parts))
        if kind == 1:  # in another order
            parts = [self.draw() for _ in range(n)]
            others = list(map(self.other, parts))
            rng.shuffle(others)
            return join(parts), join(others)
        if kind == 2:  # overlapping phrases, joined at the shared word
            parts = self.chain(n)
            text = parts[0].split()
            for p in parts[1:]:
                words = p.split()
                text += words[1:] if words[0] == text[-1] else words
            return join(text), join(map(self.other, parts))
        if kind == 3:  # few phrases many times: more paths than the beam holds
            few = [rng.choice(self.rich) for _ in range(rng.randint(1, 3))]
            parts = [rng.choice(few) for _ in range(n + 3)]
            return join(parts), join(self.other(p) if rng.random() < 0.7 else p for p in parts)
        if kind == 4:  # a phrase and several of its partners on both sides
            a = rng.choice(self.rich)
            near = [a] + [self.other(a) for _ in range(4)]
            return (join(rng.choice(near) for _ in range(n)), join(rng.choice(near) for _ in range(n)))
        if kind == 5:  # common words around and within
            parts = [x for p in (self.draw() for _ in range(n)) for x in (p, rng.choice(self.common))]
            others = [self.other(p) if rng.random() < 0.6 else p for p in parts if rng.random() < 0.9]
            return join(parts), join(others)
        if kind == 6:  # long lines
            parts = [self.draw() for _ in range(rng.randint(10, 22))]
            others = [self.other(p) if rng.random() < 0.7 else p for p in parts]
            for _ in range(rng.randint(0, 4)):
                a, b = rng.randrange(len(others)), rng.randrange(len(others))
                others[a], others[b] = others[b], others[a]
            return join(parts), join(others)
        # paraphrases of paraphrases, cut at a word
        parts = [self.draw() for _ in range(n)]
        others = join(self.other(self.other(p)) for p in parts).split()
        cut = rng.randrange(len(others))
        return join(parts), join(others[cut:] + others[:cut])

    def item(self, i):
        hyp, ref = self.pair(i)
        refs = [ref]
        for _ in range(rng.choice([0, 0, 0, 1, 3])):
            words = rng.choice([hyp, ref]).split()
            rng.shuffle(words)
            refs.append(join(self.other(w) for w in words))
        rng.shuffle(refs)
        return hyp, refs


def join(words):
    return " ".join(words)


def main():
    folder, out = sys.argv[1:]
    sentences = Sentences(read_table(folder))
    items = [sentences.item(i) for i in range(COUNT)]
    command = ["java", "-Xmx2G", "-Dfile.encoding=UTF-8", "-jar", "meteor-1.5.jar", "-", "-", "-stdio", "-l", "en", "-norm"]
    program = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")

    def ask(line):
        program.stdin.write(line + "\n")
        program.stdin.flush()
        return program.stdout.readline().strip()

    stats = [ask(" ||| ".join(["SCORE"] + refs + [hyp])) for hyp, refs in items]
    scores = [ask(" ||| ".join(["EVAL"] + stats))] + [program.stdout.readline().strip() for _ in stats]
    program.stdin.close()
    program.wait()
    with open(out, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9, mtime=0, filename="") as f:
        for (hyp, refs), line, score in zip(items, stats, scores):
            fields = " ".join(str(int(float(x))) for x in line.split())
            row = {"hyp": hyp, "refs": refs, "stats": fields, "score": float(score)}
            f.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
        f.write((json.dumps({"corpus": float(scores[-1])}) + "\n").encode())


main()
