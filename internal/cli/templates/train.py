"""A stand-in for a training program: it fits a line to noisy points with gradient descent."""

import argparse
import json
import random

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1, help="learning rate")
parser.add_argument("--depth", type=int, default=1, help="how many numbers the slope is the sum of")
parser.add_argument("--epochs", type=int, default=5, help="passes over the data")
parser.add_argument("--seed", type=int, default=0, help="draws other points")
args = parser.parse_args()

rng = random.Random(args.seed)
points = [(x / 50, 3 * x / 50 + rng.gauss(0, 0.1)) for x in range(50)]
weights = [rng.random() for _ in range(args.depth)]

for epoch in range(args.epochs):
    for x, y in points:
        error = sum(weights) * x - y
        weights = [w - args.lr * error * x for w in weights]
    errors = [abs(sum(weights) * x - y) for x, y in points]
    loss = sum(e * e for e in errors) / len(errors)
    acc = sum(e < 0.1 for e in errors) / len(errors)
    # A line of JSON on standard output is a number of the trial: name, value and step.
    print(json.dumps({"loss": loss, "acc": acc, "step": epoch + 1}))
