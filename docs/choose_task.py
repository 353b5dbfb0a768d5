"""Choose whether words are also taught by success rates of sources, on prompts that are held out from all of a fit.

usage: python docs/choose_task.py     (about twenty minutes; writes docs/measured/task.json)

As in docs/choose_calibration.py, a fifth of each open set is put aside first and never read, and mmlu_pro is not looked
at; of the rest a draw takes so many prompts to train on, or four fifths, and judges on the others. What is written is
the mean over the draws, which all settings share, with the standard error of the difference to the first: no task
block.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from choose_calibration import fitted
from choose_caution import means
from choose_formulation import SETS
from choose_trees import judged
from quality import data
from quality_recipes import DEFAULT, recipes

from pointsman_train.train.sigmoid import shared_logistic
from pointsman_train.train.stage import TrainConfig

MEASURED = Path(__file__).resolve().parent / "measured" / "task.json"
# Strength of the task block; None is without one.
STRENGTHS = (None, 1.0, 3.0)
# Training prompts (None is four fifths) and draws.
SIZES = ((1_000, 12), (None, 8))


def main() -> None:
    """Measure every setting on every set."""
    found = [row for prompts, draws in SIZES for name in SETS for row in measure(name, prompts, draws)]
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")


def measure(name: str, prompts: int | None, draws: int) -> list[dict[str, object]]:
    """Figures of each setting on held-out prompts."""
    prepared = data(name)
    found: dict[float | None, list[dict[str, float]]] = {strength: [] for strength in STRENGTHS}
    for draw in range(draws):
        for strength, figures in found.items():
            drawn = fitted(prepared, prompts, np.random.default_rng(draw), _config(strength))
            p = shared_logistic(drawn.out_of_fold, drawn.success).success_probability(drawn.held_out)
            figures.append(judged(prepared, drawn.test, p, drawn.p_label_held_out))
    rows = [
        {"set": name, "prompts": prompts, "strength": strength} | means(own, found[None])
        for strength, own in found.items()
    ]
    sys.stdout.write("\n".join(map(json.dumps, rows)) + "\n")
    sys.stdout.flush()
    return rows


def _config(strength: float | None) -> TrainConfig:
    config = recipes([DEFAULT])[DEFAULT]
    config.features.task.enabled = strength is not None
    config.features.task.strength = strength or 1.0
    return config


if __name__ == "__main__":
    main()
