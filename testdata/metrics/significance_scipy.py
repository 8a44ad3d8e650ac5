"""Records what scipy says of the tests in metrics: python significance_scipy.py > significance_scipy.json

scipy 1.17 (any from 1.9 on gives the same): permutation_test of paired differences (exact: every sign pattern), the paired t interval, Student's
quantiles, and a bootstrap p of the mean whose resamples are drawn by numpy.
"""
import json

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(7)
cases = []
for n in (2, 3, 5, 6, 8, 10, 12):
    for shift in (0, 0.5, 2):
        d = np.round(rng.normal(shift, 1, n), 3)
        if n == 8:
            d[3] = -d[2]  # a tie among the patterns
        exact = stats.permutation_test((d, np.zeros(n)), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples",
                                       n_resamples=np.inf, vectorized=True)
        interval = stats.ttest_rel(d, np.zeros(n)).confidence_interval(0.95)
        cases.append({"differences": d.tolist(), "p": float(exact.pvalue), "low": float(interval.low), "high": float(interval.high)})

samples = []
for shift in (0.0, 0.08, 0.2):
    a = np.round(rng.normal(0, 1, 300), 3)
    b = np.round(a + rng.normal(shift, 1, 300), 3)
    d = b - a
    drawn = d[rng.integers(0, 300, (200_000, 300))].mean(axis=1)
    bootstrap = (np.abs(drawn - drawn.mean()) >= abs(d.mean())).mean()
    flips = stats.permutation_test((d, np.zeros(300)), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples",
                                   n_resamples=100_000, vectorized=True, batch=1000, random_state=rng)
    samples.append({"a": a.tolist(), "b": b.tolist(), "bootstrap": float(bootstrap), "randomization": float(flips.pvalue),
                    "low": float(np.quantile(drawn, .025)), "high": float(np.quantile(drawn, .975))})

quantiles = [{"level": level, "freedom": n, "t": float(stats.t.ppf(1 - level / 2, n))} for n in (1, 2, 7, 299) for level in (1e-9, 1e-3, .05, .5)]
print(json.dumps({"scipy": scipy.__version__, "sign_flip": cases, "samples": samples, "t": quantiles}))
