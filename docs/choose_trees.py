"""Choose how many trees a booster has, on out-of-fold predictions of training prompts alone; early stopping is one way.

usage: python docs/choose_trees.py     (about ten minutes; writes docs/measured/trees.json)

As in docs/choose_caution.py, a fifth of each open set is put aside first and never read; mmlu_pro is not looked at.
What is written is the mean of several draws of the folds, which all settings share, with the standard error of the
difference to the first setting, over the draws.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from choose_caution import figures, means, out_of_fold
from choose_formulation import SETS
from quality import data
from quality_recipes import DEFAULT, recipes

from pointsman_train.data import Bools, Floats
from pointsman_train.engine import Prepared
from pointsman_train.evaluate.calibration import ece, log_loss
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.split.split import fold_of
from pointsman_train.study.folds import hold_out
from pointsman_train.train.rows import describe_models
from pointsman_train.train.stage import TrainConfig

MEASURED = Path(__file__).resolve().parent / "measured" / "trees.json"
# Figures do not hang on this much; they were measured with it.
CAUTION, DRAWS = 0.2, 6


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees of a booster of success, or the most there can be, and rounds of the complexity classifier."""

    trees: int = 100
    learning_rate: float = 0.06
    leaves: int | None = None
    max_depth: int | None = None
    early_stopping: int | None = None
    label_rounds: int = 25
    label_rate: float = 0.12


TRIED = (
    Trees(),
    Trees(60, 0.1),
    Trees(leaves=7),
    Trees(max_depth=4),
    Trees(max_depth=5),
    Trees(60, 0.1, leaves=7),
    Trees(label_rounds=50, label_rate=0.06),
    Trees(label_rounds=15, label_rate=0.2),
    Trees(400, early_stopping=20),
)


def main() -> None:
    """Measure every setting on every set."""
    found = [row for name in SETS for row in measure(name, data(name))]
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")


def measure(name: str, prepared: Prepared) -> list[dict[str, object]]:
    """Hull gain, boundary accuracy at half cost and log loss of each setting, and the seconds that its fits took."""
    group = prepared.split.group
    (part,) = hold_out(group, 0.2, np.random.default_rng(0))
    drawn: list[list[dict[str, float]]] = [[] for _ in TRIED]
    for draw in range(DRAWS):
        fold = fold_of(group[part.train], 5, np.random.default_rng(draw))
        for trees, found in zip(TRIED, drawn, strict=True):
            start = time.monotonic()
            predictions = out_of_fold(prepared, part.train, fold, config_of(trees))
            seconds = time.monotonic() - start
            found.append(judged(prepared, part.train, *predictions) | {"seconds": seconds})
    rows = [{"set": name} | asdict(trees) | means(own, drawn[0]) for trees, own in zip(TRIED, drawn, strict=True)]
    sys.stdout.write("\n".join(map(json.dumps, rows)) + "\n")
    sys.stdout.flush()
    return rows


def judged(prepared: Prepared, train: Bools, p_success: Floats, p_label: Floats) -> dict[str, float]:
    """Measure on the prompts that can be judged."""
    labelled, group = prepared.labelled, prepared.split.group
    descriptors, mean_score = describe_models(labelled, train)
    kept = complete_rows(labelled, train)
    testset, _ = take_testset(labelled, group, kept, descriptors.mean_cost, mean_score)
    rows = kept[train]
    loss = float(log_loss(p_success[rows], testset.success).mean())
    error = float(ece(p_success[rows], testset.success, np.ones((2, len(testset))))[0].mean())
    return figures(testset, p_success[rows], p_label[rows], CAUTION) | {
        "log_loss": round(loss, 5),
        "ece": round(error, 5),
    }


def config_of(trees: Trees) -> TrainConfig:
    """Return the default's settings with these trees."""
    config = recipes([DEFAULT])[DEFAULT]
    for booster in (config.per_model.booster, config.difference.booster):
        booster.trees, booster.learning_rate, booster.leaves = trees.trees, trees.learning_rate, trees.leaves
        booster.early_stopping, booster.max_depth = trees.early_stopping, trees.max_depth
    labels = config.complexity.booster
    labels.trees, labels.learning_rate = trees.label_rounds, trees.label_rate
    return config


if __name__ == "__main__":
    main()
