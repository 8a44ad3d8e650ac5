"""Writes N pairs of the speed fixture as two files for harness score.

usage: pairs.py FOLDER_OF_gen_fixture_c N HYPS.json REFS.json
"""
import json
import sys

sys.path.insert(0, sys.argv[1])
import gen_fixture_c as fixture

count = int(sys.argv[2])
g = fixture.G(99)
hyps, refs = {}, {}
for i in range(count):
    text, kind = g.base(), g.r.choice(fixture.KINDS)
    more = 0 if g.r.random() < 0.8 else g.r.choice([1, 2, 4])
    kinds = ["para", "syn", "drop", "reorder", "mixed", "unrelated", "case"]
    refs[f"C{i:06d}"] = [text] + [g.perturb(text, g.r.choice(kinds)) or text for _ in range(more)]
    hyps[f"C{i:06d}"] = [g.perturb(text, kind)]
for name, data in ((sys.argv[3], hyps), (sys.argv[4], refs)):
    with open(name, "w", encoding="utf-8") as f:
        json.dump(data, f, ensure_ascii=False)
