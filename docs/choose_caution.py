"""Choose the price of under-routing and the number of trees on out-of-fold predictions of training prompts alone.

usage: python docs/choose_caution.py     (about ten minutes; writes docs/measured/caution.json)

As in docs/choose_formulation.py, a fifth of each open set is put aside first and never read; mmlu_pro is not looked at.
What is written is the mean of several draws of the folds, with the standard error of the difference to a price of 0.2.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from choose_formulation import SETS, calibrated
from quality import data
from quality_recipes import DEFAULT, recipes

from pointsman.decide import Rule
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.engine import Prepared
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.evaluate.curve import curve, frame, hull_gain
from pointsman_train.evaluate.rates import boundary_accuracy
from pointsman_train.evaluate.ratio import resampled_ratios
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.sweep import half_cost_point, serve, sweep_of
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.featurize.fit import Taught, fit_featurizer
from pointsman_train.split.split import fold_of
from pointsman_train.study.folds import hold_out
from pointsman_train.train.affine import scaled_softmax
from pointsman_train.train.both_heads import BothHeads
from pointsman_train.train.fitting import label_probabilities
from pointsman_train.train.formulations import FORMULATIONS
from pointsman_train.train.label_shares import weigh_labels
from pointsman_train.train.rows import describe_models, labels_that_occur, rows_of
from pointsman_train.train.stage import TrainConfig

CAUTIONS = (0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0)
FIRST, DRAWS = 0.2, 6
# Trees of success and learning rate.
TREES = ((200, 0.04), (100, 0.06))
MEASURED = Path(__file__).resolve().parent / "measured" / "caution.json"


def main() -> None:
    """Measure every pair on every set."""
    found = [row for name in SETS for trees in TREES for row in measure(name, data(name), *trees)]
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")


def measure(name: str, prepared: Prepared, trees: int, rate: float) -> list[dict[str, object]]:
    """Hull gain and boundary accuracy at half cost, for each price of under-routing."""
    labelled, group = prepared.labelled, prepared.split.group
    (part,) = hold_out(group, 0.2, np.random.default_rng(0))
    descriptors, mean_score = describe_models(labelled, part.train)
    kept = complete_rows(labelled, part.train)
    rows = kept[part.train]
    drawn: dict[float, list[dict[str, float]]] = {caution: [] for caution in CAUTIONS}
    for draw in range(DRAWS):
        fold = fold_of(group[part.train], 5, np.random.default_rng(draw))
        p_success, p_label = out_of_fold(prepared, part.train, fold, config_of(trees, rate))
        testset, _ = take_testset(labelled, group, kept, descriptors.mean_cost, mean_score)
        for caution, of_draw in drawn.items():
            of_draw.append(figures(testset, p_success[rows], p_label[rows], caution))
    about = {"set": name, "trees": trees, "learning_rate": rate}
    found = [about | {"caution": caution} | means(own, drawn[FIRST]) for caution, own in drawn.items()]
    sys.stdout.write("\n".join(map(json.dumps, found)) + "\n")
    sys.stdout.flush()
    return found


def means(own: list[dict[str, float]], first: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each figure over the draws, and the standard error of its mean difference to the first setting's."""
    found = {}
    for name in own[0]:
        values, other = (np.array([draw[name] for draw in draws]) for draws in (own, first))
        found[name] = round(float(values.mean()), 5)
        found[f"{name}_difference_se"] = round(float((values - other).std(ddof=1) / np.sqrt(len(values))), 5)
    return found


def figures(testset: TestSet, p_success: Floats, p_label: Floats, caution: float) -> dict[str, float]:
    """Measure one price on the prompts that can be judged."""
    rules = sweep_of(Rule(caution=caution), testset.train_mean_cost)
    points = tuple(serve(testset, p_success, rule, p_label=p_label) for rule in rules)
    router, weights = Router(points, points[0], 0.0), np.ones((1, len(testset)))
    gain = hull_gain(curve(testset, router, weights), frame(testset, weights))
    boundary = resampled_ratios([boundary_accuracy(testset, half_cost_point(testset, router))], weights)
    return {"hull_gain": round(float(gain[0]), 4), "boundary_accuracy_half_cost": round(float(boundary[0, 0]), 4)}


def config_of(trees: int, rate: float) -> TrainConfig:
    """Return the default's settings with so many trees."""
    config = recipes([DEFAULT])[DEFAULT]
    for boosted in (config.per_model, config.difference):
        boosted.booster.trees, boosted.booster.learning_rate = trees, rate
    return config


def out_of_fold(prepared: Prepared, train: Bools, fold: Ints, config: TrainConfig) -> tuple[Floats, Floats]:
    """Calibrated probabilities of success and of labels, each prompt's from fits that did not see its fold."""
    margins, success, p_label = margins_out_of_fold(prepared, train, fold, config, [config.formulation])
    return calibrated(margins[config.formulation], success, fold, config.calibration.success), p_label


def margins_out_of_fold(
    prepared: Prepared, train: Bools, fold: Ints, config: TrainConfig, names: Sequence[str]
) -> tuple[Mapping[str, Floats], Floats, Floats]:
    """Margins of each formulation, the success itself, and probabilities of labels, out of fold."""
    rows = rows_of(prepared.labelled, prepared.split.group, train)
    descriptors, _ = describe_models(prepared.labelled, train)
    classes = labels_that_occur(rows.targets.label, prepared.labelled)
    taught = Taught(prepared.labelled.models, rows.targets.success, rows.source, fold)
    fitted = fit_featurizer(rows.prompt, taught, config.features)
    margins = {}
    for name in names:
        formulation = FORMULATIONS[name](config)
        heads = BothHeads(formulation, classes, descriptors, fitted.featurizer.layout, config.complexity)
        margins[name] = heads.success_out_of_fold(fitted.features, rows.targets, fold)
    labels = weigh_labels(rows.targets, None, classes)
    label_margins = heads.complexity_out_of_fold(fitted.features, labels, fold)
    calibration = scaled_softmax(label_margins[labels.row], labels.label)
    p_label = label_probabilities(calibration, label_margins, classes, len(prepared.labelled.models))
    return margins, rows.targets.success, p_label


if __name__ == "__main__":
    main()
