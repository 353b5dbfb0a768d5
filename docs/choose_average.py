"""Compare averages of formulations that look alike in one draw, over several draws of the folds.

usage: python docs/choose_average.py     (about five minutes; writes docs/measured/averages.json)

docs/choose_formulation.py goes through all averages of up to four, in one draw and by hull gain alone. Here are some of
the first, by the figures of docs/choose_trees.py and with the default's price of under-routing. A name that stands
twice counts twice. As there, a fifth of each open set is put aside and never read; mmlu_pro is not looked at.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from choose_caution import margins_out_of_fold, means
from choose_formulation import SETS, calibrated
from choose_trees import judged
from quality import data
from quality_recipes import DEFAULT, recipes

from pointsman_train.engine import Prepared
from pointsman_train.split.split import fold_of
from pointsman_train.study.folds import hold_out

MEASURED = Path(__file__).resolve().parent / "measured" / "averages.json"
DRAWS = 6
TRIED = (
    ("per_model", "difference", "logistic", "linear"),
    ("per_model", "logistic", "linear"),
    ("per_model", "per_model", "logistic", "linear"),
    ("difference", "logistic", "linear"),
    ("difference", "difference", "logistic", "linear"),
    ("pooled", "per_model", "logistic", "linear"),
    ("pooled", "difference", "logistic", "linear"),
    ("pooled", "per_model", "linear"),
)


def main() -> None:
    """Measure every average on every set."""
    found = [row for name in SETS for row in measure(name, data(name))]
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")


def measure(name: str, prepared: Prepared) -> list[dict[str, object]]:
    """Figures of each average, the mean of the draws, with the standard error of the difference to the first."""
    (part,) = hold_out(prepared.split.group, 0.2, np.random.default_rng(0))
    config, names = recipes([DEFAULT])[DEFAULT], sorted({one for of in TRIED for one in of})
    drawn: dict[tuple[str, ...], list[dict[str, float]]] = {of: [] for of in TRIED}
    for draw in range(DRAWS):
        fold = fold_of(prepared.split.group[part.train], 5, np.random.default_rng(draw))
        margins, success, p_label = margins_out_of_fold(prepared, part.train, fold, config, names)
        for of, of_draw in drawn.items():
            p_success = calibrated(np.mean([margins[one] for one in of], axis=0), success, fold)
            of_draw.append(judged(prepared, part.train, p_success, p_label))
    rows = [{"set": name, "of": " + ".join(of)} | means(own, drawn[TRIED[0]]) for of, own in drawn.items()]
    sys.stdout.write("\n".join(map(json.dumps, rows)) + "\n")
    sys.stdout.flush()
    return rows


if __name__ == "__main__":
    main()
