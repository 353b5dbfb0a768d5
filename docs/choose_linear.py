"""Choose the penalty of the linear models by the number of prompts, on training prompts alone.

usage: python docs/choose_linear.py     (some five minutes; writes docs/measured/linear.json)

As in docs/choose_formulation.py, a fifth of each open set is put aside first and never read; mmlu_pro is not looked at.
A router is trained on n of the other prompts and judged on the rest of them: the mean over draws.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from choose_formulation import SETS
from quality import data
from quality_recipes import DEFAULT, recipes, without_unseen

from pointsman_train.engine import Prepared
from pointsman_train.study.crossfit import Crossfit, run_round
from pointsman_train.study.folds import Fold, hold_out
from pointsman_train.train.stage import TrainConfig

STRENGTHS = (0.01, 0.1, 1.0)
PROMPTS = (300, 1_000, 3_000)
DRAWS = 4
FIGURES = ("hull_gain", "boundary_accuracy_half_cost", "auc_macro", "log_loss")
MEASURED = Path(__file__).resolve().parent / "measured" / "linear.json"


def main() -> None:
    """Measure every strength on every number of prompts of every set that has as many to spare."""
    rows = []
    for name in SETS:
        for n in PROMPTS:
            if rounds := list(_rounds(data(name), n)):
                rows += [{"set": name, "prompts": n, "strength": s} | _mean(data(name), rounds, s) for s in STRENGTHS]
                sys.stderr.write("".join(f"{row}\n" for row in rows[-len(STRENGTHS) :]))
    MEASURED.write_text(json.dumps(rows, indent=1) + "\n")


def _rounds(prepared: Prepared, n: int) -> Iterator[Fold]:
    group = prepared.split.group
    (part,) = hold_out(group, 0.2, np.random.default_rng(0))
    if part.train.sum() < 1.2 * n:
        return
    for draw in range(DRAWS):
        train = np.zeros(len(group), bool)
        train[np.random.default_rng(draw).permutation(np.flatnonzero(part.train))[:n]] = True
        yield Fold(f"draw {draw}", train, part.train & ~np.isin(group, group[train]))


def _mean(prepared: Prepared, rounds: list[Fold], strength: float) -> dict[str, float]:
    found = []
    for fold in rounds:
        ((_, one),) = run_round(prepared.labelled, prepared.split.group, fold, {"": _config(strength)})
        figures = Crossfit((one,)).figures(np.ones((2, len(one.testset)), np.float32))
        found.append([figures[name].value for name in FIGURES])
    return dict(zip(FIGURES, np.mean(found, axis=0).round(4).tolist(), strict=True))


def _config(strength: float) -> TrainConfig:
    config = without_unseen(recipes([DEFAULT])[DEFAULT])
    config.linear.strength = strength
    return config


if __name__ == "__main__":
    main()
