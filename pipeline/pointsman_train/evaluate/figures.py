"""Every figure of a router on a test set, by its flat name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.errors import DataError
from pointsman_train.evaluate import curve as curves
from pointsman_train.evaluate.bootstrap import Estimate, Weights, check_weights, estimate, mean_of_known, means
from pointsman_train.evaluate.calibration import brier, ece, log_loss
from pointsman_train.evaluate.discrimination import auc
from pointsman_train.evaluate.labels import label_figures
from pointsman_train.evaluate.pgr import exact_figures
from pointsman_train.evaluate.quality import dearest_share_max, quality, regret
from pointsman_train.evaluate.rates import boundary_share, rates
from pointsman_train.evaluate.ratio import HALF_COST, Ratio, estimate_ratios, mean
from pointsman_train.evaluate.routellm import binned_figures
from pointsman_train.evaluate.router import Point, Router
from pointsman_train.evaluate.sweep import half_cost_point
from pointsman_train.evaluate.testset import TestSet

# What an operating point carries into the manifest.
POINT_FIGURES = (
    "quality",
    "cost_usd",
    "cost_saving",
    "quality_gain",
    "quality_share",
    "dearest_cost_share",
    "under_routing_rate",
    "dearest_share",
)


def evaluate(testset: TestSet, router: Router, weights: Weights) -> dict[str, Estimate]:
    """Compute every figure that the router allows, each with its interval.

    Figures of probabilities are left out for a router without them, figures of close calls for one without
    margins, the share of unfamiliar prompts for one without a guard, RouteLLM's own computation on ladders of more
    than two models. What a test set leaves undefined is NaN.

    What is read off the sweep (hull gain, savings, AIQ, APGR, CPT, half cost) judges the probabilities, without the
    guard. Everything at the default operating point (rates, quality, cost, regret, oracle gap) is as served, with
    rule and guard.

    Parameters
    ----------
    testset
        Known outcomes.
    router
        What it chose for them.
    weights
        ndarray of shape (1 + n_resamples, n_prompts), from
        :func:`~pointsman_train.evaluate.bootstrap.weights_of`. Use the same for all that is compared.

    Returns
    -------
    dict
        From flat names, such as ``hull_gain`` and ``boundary_accuracy_half_cost``, to estimates.
    """
    _check(testset, router, weights)
    figures = operating_figures(testset, router, weights) | curve_figures(testset, router, weights)
    if router.p_success is not None:
        figures |= success_figures(testset, router.p_success, weights)
    if router.p_label is not None:
        figures |= label_figures(testset, router.p_label, weights, router.default.margin)
    if router.unfamiliar is not None:
        unfamiliar = mean(router.unfamiliar.astype(np.float64))
        figures |= estimate_ratios({"unfamiliar_share": unfamiliar}, weights, testset.group)
    return figures


def flatten(prefix: str, figures: Mapping[str, Estimate]) -> dict[str, float]:
    """Flatten estimates to the names of ``metrics.json`` and MLflow; undefined values stay NaN.

    Parameters
    ----------
    prefix
        ``"test"``, or ``"baseline/<name>"``.
    figures
        From :func:`evaluate`.

    Examples
    --------
    >>> flatten("test", {"aiq": Estimate(0.5, 0.4, 0.6, 10, np.array([0.5, 0.4, 0.6]))})
    {'test/aiq': 0.5, 'test/aiq_low': 0.4, 'test/aiq_high': 0.6}
    """
    flat: dict[str, float] = {}
    for name, figure in figures.items():
        flat[f"{prefix}/{name}"] = figure.value
        flat[f"{prefix}/{name}_low"] = figure.low
        flat[f"{prefix}/{name}_high"] = figure.high
    return flat


def operating_figures(testset: TestSet, router: Router, weights: Weights) -> dict[str, Estimate]:
    """Rates, quality and cost at the default operating point and at half cost, and regret at the default."""
    half = _at_point(testset, half_cost_point(testset, router))
    ratios = _at_point(testset, router.default)
    ratios |= {name + HALF_COST: ratio for name, ratio in half.items()}
    ratios |= {"regret": regret(testset, router), "boundary_share": boundary_share(testset)}
    return estimate_ratios(ratios, weights, testset.group)


def point_figures(testset: TestSet, point: Point, weights: Weights) -> dict[str, Estimate]:
    """Compute the figures that an operating point carries into the manifest."""
    figures = operating_figures(testset, Router((point,), point, 0.0), weights)
    return {name: figures[name] for name in POINT_FIGURES}


def curve_figures(testset: TestSet, router: Router, weights: Weights) -> dict[str, Estimate]:
    """AIQ, hull gain, savings, APGR and CPT, oracle gap and collapse check."""
    points, against = curves.curve(testset, router, weights), curves.frame(testset, weights)
    default = curves.curve(testset, Router((router.default,), router.default, router.default_lambda), weights)
    resampled = {
        "aiq": curves.aiq(points, against),
        "aiq_zero": curves.aiq(against.singles, against),
        "aiq_oracle": curves.aiq(against.oracle, against),
        "hull_gain": curves.hull_gain(points, against),
        **{f"cs{share}": curves.cost_saved_at(points, against, share / 100) for share in (95, 90, 80)},
        "cost_save_at_best_single": curves.cost_save_at_best_single(points, against),
        "performance_gain_at_best_single": curves.performance_gain_at_best_single(points, against),
        "oracle_gap": curves.oracle_gap(default, against),
        "dearest_share_max": dearest_share_max(testset, router, weights),
        **exact_figures(testset, router, weights, points, against),
    }
    if len(testset.models) == 2 and router.p_success is not None:
        preference = router.p_success[:, 1] - router.p_success[:, 0]
        resampled |= binned_figures(preference, testset.score[:, 0], testset.score[:, 1], weights)
    return {name: estimate(values, len(testset)) for name, values in resampled.items()}


def success_figures(testset: TestSet, p_success: Floats, weights: Weights) -> dict[str, Estimate]:
    """AUC, Brier score, log loss and ECE: the mean over models, and ``_rung_<k>`` of each.

    The macro AUC is the mean over the models that have both successes and failures.
    """
    success = testset.success
    aucs = [auc(p, y, weights) for p, y in zip(p_success.T, success.T, strict=True)]
    by_model = {
        "auc": np.stack(aucs, axis=1),
        "brier": means(weights, brier(p_success, success)),
        "log_loss": means(weights, log_loss(p_success, success)),
        "ece": ece(p_success, success, weights),
    }
    resampled: dict[str, Floats] = {}
    for name, values in by_model.items():
        resampled["auc_macro" if name == "auc" else name] = mean_of_known(values)
        resampled |= {f"{name}_rung_{rung}": values[:, rung] for rung in range(values.shape[1])}
    return {name: estimate(values, len(testset)) for name, values in resampled.items()}


def _at_point(testset: TestSet, point: Point) -> dict[str, Ratio]:
    return rates(testset, point) | quality(testset, point)


def _check(testset: TestSet, router: Router, weights: Weights) -> None:
    n_prompts, n_models = testset.score.shape
    check_weights(weights, testset)
    for name, table, columns in (
        ("p_success", router.p_success, n_models),
        ("p_label", router.p_label, n_models + 1),
    ):
        if table is not None and table.shape != (n_prompts, columns):
            raise DataError(f"{name} has the shape {table.shape!r}, expected {(n_prompts, columns)!r}")
