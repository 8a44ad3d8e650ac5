"""Writes ridge.json: scores of ridge regressions by numpy's solver, for package probe. python3 record_ridge.py"""
import json
import numpy as np

PENALTIES = [1e-3, 1e-2, 1e-1, 1]


def case(rng, rows, features, targets):
    x = (rng.normal(size=(rows, features)) @ (np.eye(features) + .3 * rng.normal(size=(features, features))) + 5).astype(np.float32)
    others = rng.normal(5, 1, size=(4, features)).astype(np.float32)
    present = rng.random((targets, rows)) < .4
    a, b = x.astype(np.float64), others.astype(np.float64)
    center, deviation = a.mean(0), a.std(0)
    a, b = (a - center) / deviation, (b - center) / deviation
    y = present.T - present.T.mean(0)
    smaller = a.T @ a if features <= rows else a @ a.T
    scores = []
    for penalty in PENALTIES:
        beta = np.linalg.solve(a.T @ a + penalty * smaller.diagonal().mean() * np.eye(features), a.T @ y)  # always the primal form
        scores.append((b @ beta).tolist())
    return {"x": x.tolist(), "others": others.tolist(), "present": present.tolist(), "scores": scores}


rng = np.random.default_rng(7)
cases = [case(rng, 40, 7, 3), case(rng, 23, 90, 2), case(rng, 70, 70, 1)]
with open("ridge.json", "w") as f:
    json.dump({"numpy": np.__version__, "cases": cases}, f)
