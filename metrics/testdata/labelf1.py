"""Writes labelf1.json: the F1 values that f1chexbert gives for random label vectors.

The package's own forward() computes them; only its network is left out, and the vectors take the place of its labels.

    pip install --no-deps f1chexbert==0.0.2
    pip install numpy==2.4.6 scipy pandas scikit-learn==1.9.1
    python labelf1.py > labelf1.json
"""
import json
import random
import sys
import types
from unittest import mock

ABSENT = ("torch", "torch.nn", "transformers", "huggingface_hub", "appdirs")
import scipy.sparse
import scipy.stats  # noqa: F401  before the stand-ins: it asks torch what its classes are

for name in ABSENT:
    sys.modules[name] = mock.MagicMock()
sys.modules["torch.nn"].Module = object
sys.modules["torch"].nn = sys.modules["torch.nn"]
sys.modules["appdirs"].user_cache_dir = lambda name: name

import numpy  # noqa: E402
import pandas  # noqa: E402,F401
import sklearn  # noqa: E402
import f1chexbert.f1chexbert as package  # noqa: E402


for name in ABSENT:
    del sys.modules[name]

package._check_targets = lambda a, b: ("", scipy.sparse.csr_matrix(numpy.array(a)), scipy.sparse.csr_matrix(numpy.array(b)))  # scikit-learn's private one; only for the accuracy

NAMES = ["Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation", "Pneumonia",
         "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices", "No Finding"]
FIVE = ["Cardiomegaly", "Edema", "Consolidation", "Atelectasis", "Pleural Effusion"]


def score(hyps, refs):
    program = types.SimpleNamespace(refs_filename=None, hyps_filename=None, get_label=json.loads, target_names=NAMES,
                                    target_names_5=FIVE, target_names_5_index=numpy.where(numpy.isin(NAMES, FIVE))[0])
    _, _, all_, five = package.F1CheXbert.forward(program, [json.dumps(h) for h in hyps], [json.dumps(r) for r in refs])
    return {"label14_micro_f1": all_["micro avg"]["f1-score"], "label14_macro_f1": all_["macro avg"]["f1-score"],
            "label5_micro_f1": five["micro avg"]["f1-score"], "label5_macro_f1": five["macro avg"]["f1-score"],
            "observations": {name: all_[name]["f1-score"] for name in NAMES}}


def main():
    random.seed(7)
    cases = []
    for n, density in ((2, .5), (3, .05), (20, .3), (200, .1)):
        refs = [[int(random.random() < density) for _ in NAMES] for _ in range(n)]
        hyps = [[bit ^ (random.random() < .2) for bit in row] for row in refs]
        hyps = [[int(bit and k != 10) for k, bit in enumerate(row)] for row in hyps]  # the hypotheses never have the eleventh
        if n == 20:
            refs = [[int(bit and k != 10) for k, bit in enumerate(row)] for row in refs]  # and here neither side has it
        cases.append({"refs": refs, "hyps": hyps, "want": score(hyps, refs)})
    json.dump({"versions": {"f1chexbert": "0.0.2", "scikit-learn": sklearn.__version__, "numpy": numpy.__version__}, "names": NAMES, "cases": cases},
              sys.stdout)
    print()


if __name__ == "__main__":
    main()
