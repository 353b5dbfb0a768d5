"""Refusing to train on too few labels, and saying what so few have taught so far."""

from __future__ import annotations

import math

import numpy as np

from pointsman_train.data import Bools, Floats
from pointsman_train.errors import LabelError, PoolError
from pointsman_train.evaluate.bootstrap import mean_of_known, weights_of
from pointsman_train.evaluate.calibration import log_loss
from pointsman_train.evaluate.discrimination import auc
from pointsman_train.label.logged import nothing_complete_told
from pointsman_train.study.crossfit import Crossfit, crossfit
from pointsman_train.study.folds import Fold, k_fold
from pointsman_train.study.guess import guess_log_loss
from pointsman_train.study.subsets import nested_subsets
from pointsman_train.study.task import Task

_FOLDS = 3
_SHARES = (0.25, 0.5, 1.0)


def refuse_too_few(task: Task) -> None:
    """Stop before training on fewer labelled prompts than ``train.min_prompts``.

    Raises
    ------
    LabelError
        With the number there is, the number wanted, and the learning curve so far.
    """
    got, least = int(task.labelled_training.sum()), task.train.min_prompts
    if got >= least:
        return
    missing, share = least - got, got / max(int(task.labelled.asked.sum()), 1)
    in_all = f" (about {math.ceil(missing / share):,} more prompts in all, with this split)" if got else ""
    raise LabelError(
        f"{got} labelled training prompts, expected {least} or more (train.min_prompts): {missing} more are "
        f"needed{in_all}. What there is has taught this much, judged out of fold:\n{curve_so_far(task)}\n"
        "Label more prompts and run the same command again, or train on what there is with train.min_prompts=0"
        f"{nothing_complete_told(task.labelled)}"
    )


def curve_so_far(task: Task) -> str:
    """Write a small table: AUC and log loss, out of fold, on a quarter, a half and all of the training prompts."""
    total = int(task.labelled_training.sum())
    sizes = sorted({max(1, round(share * total)) for share in _SHARES}) if total else []
    rng = np.random.default_rng(task.train.seed)
    subsets = nested_subsets(task.training, task.labelled_training, task.split.group, sizes, rng) if sizes else []
    lines = [f"  {'prompts':>7}  {'AUC':>6}  {'log loss':>8}  log loss of guessing each model's success rate"]
    lines += [f"  {size:>7}  {_row(task, subset)}" for size, subset in zip(sizes, subsets, strict=True)]
    return "\n".join(lines if sizes else [*lines, "  no labelled prompt at all"])


def _row(task: Task, subset: Bools) -> str:
    try:
        found, guess = _out_of_fold(task, subset)
    except (LabelError, PoolError) as error:
        return f"cannot be measured: {error}"
    testset = found.testset
    weights, p, success = weights_of(testset, resamples=1)[:1], _probabilities(found), testset.success
    area = mean_of_known(np.stack([auc(a, b, weights) for a, b in zip(p.T, success.T, strict=True)], axis=1))[0]
    return f"{area:>6.3f}  {testset.mean(log_loss(p, success)).mean():>8.3f}  {guess:.3f}"


def _out_of_fold(task: Task, subset: Bools) -> tuple[Crossfit, float]:
    labelled, group = task.labelled, task.split.group
    complete = subset & ~np.isnan(labelled.success).any(axis=1) & (labelled.label >= 0)
    rounds = k_fold(group[subset], _FOLDS, np.random.default_rng(task.train.seed))
    folds = [Fold(one.name, _within(subset, one.train), _within(subset, one.test)) for one in rounds]
    if not all((fold.test & complete).any() for fold in folds):
        raise LabelError("a fold has no prompt with a label and an outcome of every model")
    guesses = [guess_log_loss(labelled, fold.train, fold.test & complete) for fold in folds]
    standing = np.ones(len(complete)) if labelled.stands_for is None else labelled.stands_for
    counts = [float(standing[fold.test & complete].sum()) for fold in folds]
    found = crossfit(labelled, group, folds, {"": task.train}, _FOLDS)[""]
    return found, float(np.average(guesses, weights=counts))


def _within(subset: Bools, part: Bools) -> Bools:
    mask = np.zeros_like(subset)
    mask[subset] = part
    return mask


def _probabilities(found: Crossfit) -> Floats:
    return np.concatenate([one.router.p_success for one in found.rounds if one.router.p_success is not None])
