"""Choose the default's blocks on out-of-fold predictions of training prompts alone: what each brings beside its time.

usage: python docs/choose_blocks.py     (about ten minutes; writes docs/measured/choose_blocks.json)

As in docs/choose_formulation.py, a fifth of each open set is put aside first and never read; mmlu_pro is not looked at.
Differences are to the default with all blocks, paired, with intervals of 95 %.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from choose_caution import out_of_fold
from choose_formulation import SETS
from quality import data
from quality_recipes import DEFAULT, recipes

from pointsman.decide import Rule
from pointsman_train.data import Floats
from pointsman_train.evaluate.bootstrap import weights_of
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.sweep import serve, sweep_of
from pointsman_train.pipeline import Prepared
from pointsman_train.split.split import fold_of
from pointsman_train.study.folds import hold_out
from pointsman_train.study.headline import headline
from pointsman_train.train.rows import describe_models
from pointsman_train.train.stage import TrainConfig

MEASURED = Path(__file__).resolve().parent / "measured" / "choose_blocks.json"
# Which of the two blocks that read the embedding are there.
BLOCKS = {
    "vectors and neighbours": (True, True),
    "vectors": (True, False),
    "neighbours": (False, True),
    "neither": (False, False),
}


def main() -> None:
    """Measure every choice on every set."""
    MEASURED.write_text(json.dumps({name: measure(name, _configs()) for name in SETS}, indent=1) + "\n")


def _configs() -> dict[str, TrainConfig]:
    configs = {}
    for blocks, (vectors, neighbours) in BLOCKS.items():
        config = recipes([DEFAULT])[DEFAULT]
        config.features.vectors.enabled, config.features.codebook.enabled = vectors, neighbours
        configs[blocks] = config
    return configs


def measure(name: str, configs: Mapping[str, TrainConfig]) -> dict[str, dict[str, list[float]]]:
    """Figures of each choice on a set; with the first, the figures themselves, then the differences to it."""
    first: Mapping[str, Floats] = {}
    found = {}
    for choice, config in configs.items():
        figures = resampled(data(name), config)
        found[choice] = {key: _interval(values - (first[key] if first else 0.0)) for key, values in figures.items()}
        first = first or figures
        sys.stderr.write(f"{name}, {choice}: {found[choice]}\n")
    return found


def resampled(prepared: Prepared, config: TrainConfig) -> dict[str, Floats]:
    """Headline figures of out-of-fold predictions under each resample, the prompts' own first."""
    labelled, group = prepared.labelled, prepared.split.group
    (part,) = hold_out(group, 0.2, np.random.default_rng(0))
    fold = fold_of(group[part.train], 5, np.random.default_rng(0))
    p_success, p_label = out_of_fold(prepared, part.train, fold, config)
    descriptors, mean_score = describe_models(labelled, part.train)
    kept = complete_rows(labelled, part.train)
    testset, _ = take_testset(labelled, group, kept, descriptors.mean_cost, mean_score)
    p_success, p_label = p_success[kept[part.train]], p_label[kept[part.train]]
    rules = sweep_of(Rule(caution=config.rule.caution), testset.train_mean_cost)
    points = tuple(serve(testset, p_success, rule, p_label=p_label) for rule in rules)
    return headline(testset, Router(points, points[0], 0.0, p_success, p_label), weights_of(testset))


def _interval(values: Floats) -> list[float]:
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return [round(float(value), 4) for value in (values[0], low, high)]


if __name__ == "__main__":
    main()
