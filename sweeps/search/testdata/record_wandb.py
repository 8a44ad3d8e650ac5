"""Record what W&B's own sampler draws, for search's tests.

    pip install sweeps==0.2.0
    python record_wandb.py > wandb_golden.json

Each entry is the configuration of a parameter in a sweep file, and the values at 201 points u of [0, 1): W&B draws u uniformly and takes
HyperParameter.ppf(u). What its schema refuses is recorded as an error.
"""
import importlib.metadata
import json

import numpy as np
from sweeps.params import HyperParameter

U = [(i + 0.37) / 201 for i in range(201)]
CONFIGS = [
    {"value": 3},
    {"values": ["a", "b", "c"]},
    {"values": [1, 2.5, None, [1, 2], True]},
    {"values": ["a", "b", "c"], "probabilities": [0.5, 0.2, 0.3]},
    {"min": 1, "max": 10},
    {"min": -3, "max": 3, "distribution": "int_uniform"},
    {"min": 0.0, "max": 1.0},
    {"min": 0.1, "max": 2},
    {"min": 1, "max": 10, "distribution": "uniform"},
    {"min": -5.5, "max": 1e6, "distribution": "uniform"},
    {"min": 0, "max": 10, "distribution": "q_uniform"},
    {"min": 0, "max": 10, "q": 2, "distribution": "q_uniform"},
    {"min": 0.05, "max": 0.95, "q": 0.05, "distribution": "q_uniform"},
    {"min": -9.2, "max": -2.3, "distribution": "log_uniform"},
    {"min": 0, "max": 3, "distribution": "log_uniform"},
    {"min": 1e-5, "max": 0.1, "distribution": "log_uniform_values"},
    {"min": 2, "max": 6, "q": 8, "distribution": "q_log_uniform"},
    {"min": 16, "max": 1024, "q": 16, "distribution": "q_log_uniform_values"},
    {"min": 1, "max": 5, "distribution": "inv_log_uniform"},
    {"min": 1e-4, "max": 10, "distribution": "inv_log_uniform_values"},
    {"distribution": "normal"},
    {"mu": 10, "sigma": 0.5, "distribution": "normal"},
    {"mu": 3, "sigma": 2, "q": 0.25, "distribution": "q_normal"},
    {"distribution": "log_normal"},
    {"mu": -4, "sigma": 1.5, "distribution": "log_normal"},
    {"mu": 2, "sigma": 1, "q": 4, "distribution": "q_log_normal"},
    {"a": 2, "b": 5, "distribution": "beta"},
    {"a": 0.5, "b": 0.5, "distribution": "beta"},
    {"a": 2, "b": 2, "q": 0.125, "distribution": "q_beta"},
]


def plain(v):
    if isinstance(v, np.ndarray):
        v = v.item() if v.ndim == 0 else v.tolist()
    if isinstance(v, np.generic):
        v = v.item()
    return v


entries = []
for config in CONFIGS:
    try:
        p = HyperParameter("x", dict(config))
        entries.append({"config": config, "values": [plain(p.ppf(u)) for u in U]})
    except Exception as e:  # what this version refuses
        entries.append({"config": config, "error": type(e).__name__})
json.dump({"sweeps": importlib.metadata.version("sweeps"), "numpy": np.__version__, "u": U, "entries": entries}, __import__("sys").stdout)
