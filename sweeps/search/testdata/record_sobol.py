"""Record scipy's Sobol sequence without scrambling, for search's tests.

    pip install scipy
    python record_sobol.py > sobol_golden.json
"""
import json
import sys

import scipy
from scipy.stats import qmc

points = qmc.Sobol(d=50, scramble=False).random_base2(6)
json.dump({"scipy": scipy.__version__, "points": [[int(x * 2**32) for x in row] for row in points]}, sys.stdout)
