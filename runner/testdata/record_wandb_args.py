"""Record how W&B's agent writes the parameters of a run, for the tests of runner.

    pip install wandb==0.31.0
    python record_wandb_args.py > wandb_args_golden.json

Keys are in alphabetical order: W&B writes them in the order in which its server sends them, we sort them.
"""
import importlib.metadata
import json
import sys

from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

ARGS = {
    "a": True, "b": False, "c": None, "d": 3, "e": 0.1, "f": 1e-05, "g": 1.0, "h": "adam", "i": "two words", "j": "it's", "k": [16, 32],
    "l": ["x", "it's", 'say "x"', None, True, 0.5], "m": [[1, 2], []], "n": -7, "o": 123456789.125, "p": "", "q": "é", "r": [{"s": 1}],
}
args = {key: {"value": value} for key, value in ARGS.items()}
forms = create_sweep_command_args({"args": args})
forms.pop("args_dict")
json.dump({"wandb": importlib.metadata.version("wandb"), "args": args, "forms": forms}, sys.stdout, indent=0)
