"""Choose what the default formulation averages: hull gain on out-of-fold predictions of training prompts alone.

usage: python docs/choose_formulation.py     (about ten minutes; writes docs/measured/formulations.json)

A fifth of each open set is put aside first and never read. On the rest every formulation predicts each fold after
fitting on the others; averages of up to four cost nothing more.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from quality import data
from quality_recipes import DEFAULT, recipes

from pointsman_train.data import Floats, Ints
from pointsman_train.engine import Prepared
from pointsman_train.evaluate.bootstrap import resample_weights
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.evaluate.figures import curve_figures
from pointsman_train.evaluate.sweep import lambda_grid, route
from pointsman_train.featurize.fit import Taught, fit_featurizer
from pointsman_train.split.split import fold_of
from pointsman_train.study.folds import hold_out
from pointsman_train.train.calibration import SUCCESS_CALIBRATIONS, CalibrationConfig
from pointsman_train.train.formulations import FORMULATIONS
from pointsman_train.train.rows import describe_models, rows_of

SETS = ("llmrouter", "zeroeval", "routellm")
NAMES = ("pooled", "per_model", "difference", "logistic", "linear", "mlp", "neighbours")
RESAMPLES = 200
DEFAULT_CALIBRATION = CalibrationConfig().success
MEASURED = Path(__file__).resolve().parent / "measured" / "formulations.json"


def main() -> None:
    """Measure every combination on every set, best first by the mean over the sets."""
    found = {name: hull_gains(data(name)) for name in SETS}
    combinations = sorted(found[SETS[0]], key=lambda c: -float(np.mean([found[name][c] for name in SETS])))
    rows = [{"of": combination, **{name: found[name][combination] for name in SETS}} for combination in combinations]
    MEASURED.write_text(json.dumps(rows, indent=1) + "\n")


def hull_gains(prepared: Prepared) -> dict[str, float]:
    """Hull gain of each combination on the training prompts of one set, out of fold."""
    labelled, group = prepared.labelled, prepared.split.group
    (part,) = hold_out(group, 0.2, np.random.default_rng(0))
    fold = fold_of(group[part.train], 5, np.random.default_rng(0))
    margins = out_of_fold(prepared, part.train, fold)
    descriptors, mean_score = describe_models(labelled, part.train)
    kept = complete_rows(labelled, part.train)
    success = labelled.success[part.train]
    testset, _ = take_testset(labelled, group, kept, descriptors.mean_cost, mean_score)
    weights = resample_weights(testset.group, np.random.default_rng(0), RESAMPLES)
    found = {}
    for combination in (c for size in range(1, 5) for c in itertools.combinations(NAMES, size)):
        p = calibrated(np.mean([margins[name] for name in combination], axis=0), success, fold)
        router = route(testset, p[kept[part.train]], lambda_grid(descriptors.mean_cost), 0.0)
        found[" + ".join(combination)] = round(curve_figures(testset, router, weights)["hull_gain"].value, 4)
    return found


def out_of_fold(prepared: Prepared, train: np.ndarray, fold: Ints) -> Mapping[str, Floats]:
    """Margins of each formulation for each training prompt, from fits that did not see its fold."""
    config = recipes([DEFAULT])[DEFAULT]
    config.features.embedding.pieces = 16  # neighbours and mlp read all of a text
    rows = rows_of(prepared.labelled, prepared.split.group, train)
    descriptors, _ = describe_models(prepared.labelled, train)
    taught = Taught(prepared.labelled.models, rows.targets.success, rows.source, fold)
    fitted = fit_featurizer(rows.prompt, taught, config.features)
    margins = {name: np.empty_like(rows.score) for name in NAMES}
    for k, name in itertools.product(range(5), NAMES):
        out = fold == k
        formulation = FORMULATIONS[name](config)
        model = formulation.fit(fitted.features[~out], rows.targets.take(~out), descriptors, fitted.featurizer.layout)
        margins[name][out] = model.margins(fitted.features[out])
    return margins


def calibrated(margins: Floats, success: Floats, fold: Ints, by: str = DEFAULT_CALIBRATION) -> Floats:
    """Probabilities, each fold calibrated on the others."""
    calibrate = SUCCESS_CALIBRATIONS[by]
    p = np.empty_like(margins)
    for k in range(5):
        out = fold == k
        p[out] = calibrate(margins[~out], success[~out]).success_probability(margins[out])
    return p


if __name__ == "__main__":
    main()
