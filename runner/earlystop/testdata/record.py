"""Writes optuna.json: which of random learning curves Optuna's own pruners stop, and at which step.

    python3 -m venv /tmp/optuna && /tmp/optuna/bin/pip install optuna==4.6.0
    /tmp/optuna/bin/python record.py > optuna.json

A case is a rule, learning curves (a value for each of the steps) and a schedule: whose turn it is to report its next value. stopped[i] is the
step at which trial i was pruned, or 0. Values are rounded so that many are equal. Median: all trials report at the same steps.
ASHA: each at steps of its own.
"""

import json
import random
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def curves(rng, goal, trials, length):
    sign = 1 if goal == "maximize" else -1
    for _ in range(trials):
        end, speed = rng.uniform(0.3, 0.9), rng.uniform(0.05, 0.5)
        yield [round(sign * (end * (1 - (1 - speed) ** k) + rng.gauss(0, 0.05)), 2) for k in range(1, length + 1)]


def steps(rng, rule, trials, length):
    stride = rng.randint(1, 3)
    for _ in range(trials):
        at, own = 0, []
        for _ in range(length):
            at += stride if rule == "median" else rng.randint(1, 3)
            own.append(at)
        yield own


def replay(case):
    if case["rule"] == "median":
        pruner = optuna.pruners.MedianPruner(
            n_startup_trials=0, n_warmup_steps=case["first"], interval_steps=case["first"], n_min_trials=case["least"]
        )
    else:
        pruner = optuna.pruners.SuccessiveHalvingPruner(
            min_resource=case["first"], reduction_factor=case["factor"], min_early_stopping_rate=0
        )
    study = optuna.create_study(direction=case["goal"], pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))
    trials, reported, stopped = {}, {}, [0] * len(case["values"])
    for i in case["schedule"]:
        if stopped[i]:
            continue
        trial = trials.setdefault(i, None) or study.ask()
        trials[i] = trial
        k = reported.get(i, 0)
        reported[i] = k + 1
        trial.report(case["values"][i][k], case["steps"][i][k])
        if trial.should_prune():
            stopped[i] = case["steps"][i][k]
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        elif k + 1 == len(case["values"][i]):
            study.tell(trial, case["values"][i][k])
    return stopped


def main():
    cases = []
    for seed in range(60):
        rng = random.Random(seed)
        rule = ["median", "asha"][seed % 2]
        goal = rng.choice(["maximize", "minimize"])
        trials, length, parallel = rng.randint(6, 16), rng.randint(6, 20), rng.choice([1, 3, 16])
        case = {"rule": rule, "goal": goal, "first": rng.randint(1, 5), "factor": rng.randint(2, 4), "least": rng.randint(1, 5)}
        case["values"] = list(curves(rng, goal, trials, length))
        case["steps"] = list(steps(rng, rule, trials, length))
        left, schedule = {i: length for i in range(trials)}, []
        while left:
            i = rng.choice(sorted(left)[:parallel])
            schedule.append(i)
            left[i] -= 1
            if left[i] == 0:
                del left[i]
        case["schedule"] = schedule
        case["stopped"] = replay(case)
        cases.append(case)
    text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    sys.stdout.write('{"optuna": "%s", "cases": [\n%s\n]}\n' % (optuna.__version__, text))


main()
