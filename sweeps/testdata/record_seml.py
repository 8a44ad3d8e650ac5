"""Record the settings that SEML's own generate_configs makes, for the tests of sweeps.

    pip install seml==0.5.7
    python record_seml.py > seml_golden.json

Each entry is a file, the settings that it asks for with null for what random: draws, and how many of them there are, or the error.
"""
import importlib.metadata
import json
import sys

import yaml
from seml.experiment.config import convert_values, generate_configs
from seml.utils.yaml import YamlUniqueLoader

CASES = {
    "grid": """
seml: {executable: a.py}
fixed: {a: 1, b: {c: x, d: [1, 2]}}
grid:
  lr: {type: loguniform, min: 1e-5, max: 1e-1, num: 5}
  w: {type: uniform, min: 0, max: 1, num: 3}
  n: {type: range, min: 1, max: 6, step: 2}
  f: {type: range, min: 0.0, max: 1.0, step: 0.3}
  o: {type: choice, options: [[16], [32, 16], null, true]}
""",
    "collection": """
seml: {executable: a.py}
grid:
  model:
    type: parameter_collection
    params:
      depth: {type: choice, options: [1, 2]}
      width: {type: choice, options: [8]}
  optim.lr: {type: choice, options: [0.1, 0.2]}
""",
    "nested": """
seml: {executable: a.py}
grid:
  model:
    enc: {depth: {type: choice, options: [1, 2]}}
    dec: {depth: {type: choice, options: [3]}}
""",
    "zip": """
seml: {executable: a.py}
grid:
  a: {type: choice, options: [1, 2, 3], zip_id: z}
  c: {type: choice, options: [x, y]}
  b: {type: choice, options: [4, 5, 6], zip_id: z}
""",
    "sub": """
seml: {executable: a.py}
fixed: {e: 500, k: 1}
grid: {lr: {type: choice, options: [0.1, 0.2]}}
small:
  grid: {d: {type: choice, options: [s1, s2]}}
large:
  fixed: {e: 1000}
  grid:
    lr: {type: choice, options: [0.001]}
    d: {type: choice, options: [l1]}
""",
    "deep": """
seml: {executable: a.py}
fixed: {a: 1}
one:
  fixed: {b: 1}
  two: {grid: {c: {type: choice, options: [1, 2]}}}
  three: {fixed: {a: 9}}
four:
  fixed: {d: 1}
""",
    "fixed over grid": """
seml: {executable: a.py}
grid: {a: {type: choice, options: [1, 2]}, b: {type: choice, options: [3, 4]}}
sub: {fixed: {a: 7}}
""",
    "random": """
seml: {executable: a.py}
fixed: {a: 1}
grid: {g: {type: choice, options: [1, 2]}}
random:
  samples: 3
  seed: 821
  r.drop: {type: uniform, min: 0.0, max: 0.7, seed: 222}
  lr: {type: loguniform, min: 1e-5, max: 1e-1}
  n: {type: randint, min: 200, max: 1000}
  u: {type: randint_unique, min: 0, max: 10}
""",
    "random below": """
seml: {executable: a.py}
random: {samples: 3, seed: 1, x: {type: uniform, min: 0, max: 1}}
sub:
  grid: {d: {type: choice, options: [s1, s2]}}
  random: {samples: 2, seed: 2, y: {type: uniform, min: 0, max: 1}}
other:
  fixed: {d: o}
""",
    "literals": """
seml: {executable: a.py}
fixed: {a: "1e-4", b: None, c: "True", d: "12", e: x1, f: [None, "-3"], g: 1e-3, h: "0x", i: "1_0"}
grid: {k: {type: choice, options: [1e-4, "1.", none]}}
""",
    "literal of a list": """
seml: {executable: a.py}
fixed: {a: "[1, 2]"}
""",
    "twice": """
seml: {executable: a.py}
fixed: {a: 1}
grid: {a: {type: choice, options: [1, 2]}}
""",
    "prefix": """
seml: {executable: a.py}
fixed: {a.b: 1}
grid: {a: {type: choice, options: [1, 2]}}
""",
    "zip of different lengths": """
seml: {executable: a.py}
grid: {a: {type: choice, options: [1, 2], zip_id: 1}, b: {type: choice, options: [1], zip_id: 1}}
""",
    "no samples": """
seml: {executable: a.py}
random: {x: {type: uniform, min: 0, max: 1}}
""",
    "no type": """
seml: {executable: a.py}
grid: {x: {min: 0, max: 1}}
""",
    "unknown type": """
seml: {executable: a.py}
grid: {x: {type: linspace, min: 0, max: 1}}
""",
    "extra key": """
seml: {executable: a.py}
grid: {x: {type: choice, options: [1], min: 1}}
""",
    "nothing": """
seml: {executable: a.py}
sub: {}
""",
    "log of zero": """
seml: {executable: a.py}
random: {samples: 2, x: {type: loguniform, min: 0, max: 1}}
""",
    "empty range": """
seml: {executable: a.py}
grid: {x: {type: range, min: 3, max: 1, step: 1}, y: {type: choice, options: [1]}}
""",
}


def drawn(config, path=""):
    """The dotted paths of what random: draws."""
    found = set()
    for key, value in config.items():
        if key == "random":
            found |= {k for k in value if k not in ("samples", "seed")}
        elif isinstance(value, dict) and key not in ("fixed", "grid", "seml"):
            found |= drawn(value)
    return found


def hide(config, paths, prefix=""):
    out = {}
    for key, value in config.items():
        path = prefix + key
        if isinstance(value, dict):
            out[key] = hide(value, paths, path + ".")
        else:
            out[key] = None if path in paths else value
    return out


entries = []
for name, text in CASES.items():
    config = convert_values(yaml.load(text, Loader=YamlUniqueLoader))
    paths = drawn(config)
    config.pop("seml")
    try:
        configs = [hide(c, paths) for c in generate_configs(config)]
        configs = json.loads(json.dumps(configs, default=float))
        entries.append({"name": name, "file": text, "drawn": sorted(paths), "settings": configs})
    except (Exception, SystemExit) as e:
        entries.append({"name": name, "file": text, "error": type(e).__name__})
json.dump({"seml": importlib.metadata.version("seml"), "entries": entries}, sys.stdout, indent=0)
