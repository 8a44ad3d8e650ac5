"""Scores two files of pairs.py with the official METEOR program, as pycocoevalcap runs it by default, and says how long that took.

usage: official_meteor.py METEOR_FOLDER HYPS.json REFS.json OUT.json

METEOR_FOLDER is pycocoevalcap/meteor of pycocoevalcap 1.2 from PyPI: meteor-1.5.jar and its paraphrase table. Needs Java.
"""
import json
import resource
import subprocess
import sys
import time

folder, hyps_name, refs_name, out = sys.argv[1:]
with open(hyps_name, encoding="utf-8") as f:
    hyps = json.load(f)
with open(refs_name, encoding="utf-8") as f:
    refs = json.load(f)

start = time.time()
command = ["java", "-Xmx2G", "-Dfile.encoding=UTF-8", "-jar", "meteor-1.5.jar", "-", "-", "-stdio", "-l", "en", "-norm"]
program = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
stats = []
for name, (hyp,) in hyps.items():
    hyp = hyp.replace("|||", "").replace("  ", " ")
    program.stdin.write(" ||| ".join(["SCORE"] + refs[name] + [hyp]) + "\n")
    program.stdin.flush()
    stats.append(program.stdout.readline().strip())
program.stdin.write(" ||| ".join(["EVAL"] + stats) + "\n")
program.stdin.flush()
scores = [float(program.stdout.readline()) for _ in stats]
corpus = float(program.stdout.readline())
program.stdin.close()
program.wait()
wall = time.time() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(out, "w", encoding="utf-8") as f:
    json.dump({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "corpus": corpus, "scores": dict(zip(hyps, scores))}, f)
