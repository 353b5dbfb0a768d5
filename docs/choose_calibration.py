"""Choose how the success model is calibrated, on training prompts that are held out from all of a fit.

usage: python docs/choose_calibration.py     (about ten minutes; writes docs/measured/calibration.json)

A fifth of each open set is put aside first and never read; mmlu_pro is not looked at. Of the rest a draw takes so many
prompts to train on, or four fifths, and judges on the others. What is written is the mean over the draws, which all
calibrations share, with the standard error of the difference to the first.

The same is done out of fold, as other choices are made here, to show why that will not do for this one. There each fold
is calibrated on the other folds: where a model succeeds less often by chance in one fold, it does so more often in the
others, so that an offset for each model moves its probabilities the wrong way, in each fold another one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from choose_caution import means
from choose_formulation import SETS
from choose_trees import judged
from quality import data
from quality_recipes import DEFAULT, recipes
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.engine import Prepared
from pointsman_train.featurize.fit import Taught, fit_featurizer
from pointsman_train.split.split import fold_of
from pointsman_train.study.folds import hold_out
from pointsman_train.train.affine import Affine
from pointsman_train.train.both_heads import BothHeads
from pointsman_train.train.calibration import SUCCESS_CALIBRATIONS, SuccessCalibration
from pointsman_train.train.fitting import fit_heads, label_probabilities
from pointsman_train.train.formulations import FORMULATIONS
from pointsman_train.train.link import logit
from pointsman_train.train.rows import describe_models, labels_that_occur, rows_of
from pointsman_train.train.sigmoid import Sigmoid, shared_logistic
from pointsman_train.train.stage import TrainConfig

MEASURED = Path(__file__).resolve().parent / "measured" / "calibration.json"
# Training prompts (None is four fifths) and draws.
SIZES = ((300, 12), (1_000, 12), (None, 8))


def difficulty(margins: Floats, success: Floats) -> Sigmoid:
    """One slope and one offset for what the models have in common: ``logit p_m = a mean(z) + (z_m - mean(z)) + c``."""
    rows, models = np.nonzero(~np.isnan(success))
    mean, target = margins.mean(axis=1)[rows], success[rows, models]
    common, own = np.column_stack([mean, np.ones(len(rows))]), margins[rows, models] - mean

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = common @ parameters + own
        missed = target * log_expit(z) + (1 - target) * log_expit(-z)
        return -float(missed.sum()), common.T @ (expit(z) - target)

    a, c = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B").x
    n = margins.shape[1]
    return Sigmoid(Affine(np.eye(n) + (a - 1) / n, np.full(n, c)))


TRIED: Mapping[str, Callable[[Floats, Floats], SuccessCalibration]] = {
    "shared_logistic": shared_logistic,
    "difficulty": difficulty,
    **{name: SUCCESS_CALIBRATIONS[name] for name in ("none", "platt", "isotonic")},
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One draw: margins of its training prompts, out of fold, and of the prompts it is judged on."""

    train: Bools
    test: Bools
    fold: Ints
    success: Floats
    out_of_fold: Floats
    held_out: Floats
    p_label_out_of_fold: Floats
    p_label_held_out: Floats


def main() -> None:
    """Measure every calibration on every set."""
    found = [row for prompts, draws in SIZES for name in SETS for row in measure(name, prompts, draws)]
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")


def measure(name: str, prompts: int | None, draws: int) -> list[dict[str, object]]:
    """Figures of each calibration of the same margins, held out and out of fold."""
    prepared = data(name)
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for draw in range(draws):
        drawn = fitted(prepared, prompts, np.random.default_rng(draw), recipes([DEFAULT])[DEFAULT])
        for calibration, calibrate in TRIED.items():
            p = calibrate(drawn.out_of_fold, drawn.success).success_probability(drawn.held_out)
            figures = judged(prepared, drawn.test, p, drawn.p_label_held_out)
            found.setdefault(("held out", calibration), []).append(figures)
            p = _by_other_folds(calibrate, drawn)
            figures = judged(prepared, drawn.train, p, drawn.p_label_out_of_fold)
            found.setdefault(("out of fold", calibration), []).append(figures)
    rows = [
        {"set": name, "prompts": prompts, "judged": where, "calibration": calibration}
        | means(own, found[where, next(iter(TRIED))])
        for (where, calibration), own in found.items()
    ]
    sys.stdout.write("\n".join(map(json.dumps, rows)) + "\n")
    sys.stdout.flush()
    return rows


def fitted(prepared: Prepared, prompts: int | None, rng: np.random.Generator, config: TrainConfig) -> Drawn:
    """Fit on a draw of the training prompts."""
    labelled, group = prepared.labelled, prepared.split.group
    train, test = _drawn(group, prompts, rng)
    fold = fold_of(group[train], 5, rng)
    rows, others = rows_of(labelled, group, train), rows_of(labelled, group, test)
    descriptors, _ = describe_models(labelled, train)
    classes = labels_that_occur(rows.targets.label, labelled)
    taught = Taught(labelled.models, rows.targets.success, rows.source, fold)
    features = fit_featurizer(rows.prompt, taught, config.features)
    layout = features.featurizer.layout
    heads = BothHeads(FORMULATIONS[config.formulation](config), classes, descriptors, layout, config.complexity)
    # Without a calibration, log-odds are the margins.
    both = fit_heads(heads, SUCCESS_CALIBRATIONS["none"], features, rows, fold)
    unseen = features.featurizer.transform(others.prompt)
    n_models = len(labelled.models)
    return Drawn(
        train,
        test,
        fold,
        rows.targets.success,
        logit(both.p_success),
        both.success.margins(unseen),
        both.p_label,
        label_probabilities(both.label_calibration, both.complexity.margins(unseen), classes, n_models),
    )


def _drawn(group: Ints, prompts: int | None, rng: np.random.Generator) -> tuple[Bools, Bools]:
    """Return the prompts to train on and to judge on; near-duplicates are never in both."""
    (part,) = hold_out(group, 0.2, np.random.default_rng(0))
    at = np.flatnonzero(part.train)
    train = np.zeros_like(part.train)
    if prompts is None:
        train[at[fold_of(group[at], 5, rng) != 0]] = True
    else:
        train[rng.choice(at, prompts, replace=False)] = True
    return train, part.train & ~np.isin(group, group[train])


def _by_other_folds(calibrate: Callable[[Floats, Floats], SuccessCalibration], drawn: Drawn) -> Floats:
    p = np.empty_like(drawn.out_of_fold)
    for k in range(int(drawn.fold.max()) + 1):
        out = drawn.fold == k
        calibration = calibrate(drawn.out_of_fold[~out], drawn.success[~out])
        p[out] = calibration.success_probability(drawn.out_of_fold[out])
    return p


if __name__ == "__main__":
    main()
