"""How well the complexity classifier names the label: the cheapest rung that succeeds, or all-fail.

All-fail counts as the rung after the dearest, in accuracy and in distance.
"""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.evaluate.bootstrap import Estimate, Weights, estimate, mean_of_known
from pointsman_train.evaluate.ratio import Ratio, estimate_ratios, mean_among, resampled_ratios
from pointsman_train.evaluate.testset import TestSet


def label_figures(
    testset: TestSet, p_label: Floats, weights: Weights, margin: Floats | None = None
) -> dict[str, Estimate]:
    """Accuracy, balanced accuracy and rung distance, over all prompts and over boundary prompts of both definitions.

    Parameters
    ----------
    testset
        Gives labels and boundary.
    p_label
        ndarray of shape (n_prompts, n_models + 1); the likeliest label is named, the cheaper where tied.
    weights
        ndarray of shape (n_rows, n_prompts).
    margin
        ndarray of shape (n_prompts,), lead of the chosen model's utility; None leaves the close calls out.
    """
    named = p_label.argmax(axis=1)
    groups = {"label": np.ones(len(testset), dtype=bool), "boundary_label": testset.boundary}
    if margin is not None:
        groups["score_boundary_label"] = margin < testset.boundary_margin
    figures: dict[str, Estimate] = {}
    for prefix, among in groups.items():
        ratios = {
            f"{prefix}_accuracy": label_accuracy(testset.label, named, among),
            f"{prefix}_rung_distance": rung_distance(testset.label, named, among),
        }
        figures |= estimate_ratios(ratios, weights, testset.group)
        balanced = balanced_accuracy(testset.label, named, among, weights)
        figures[f"{prefix}_balanced_accuracy"] = estimate(balanced, int(among.sum()))
    return figures


def label_accuracy(label: Ints, named: Ints, among: Bools) -> Ratio:
    """Share of prompts whose label is named right."""
    return mean_among((named == label).astype(np.float64), among)


def rung_distance(label: Ints, named: Ints, among: Bools) -> Ratio:
    """Mean absolute distance in rungs between the label and what was named."""
    return mean_among(np.abs(named - label).astype(np.float64), among)


def balanced_accuracy(label: Ints, named: Ints, among: Bools, weights: Weights) -> Floats:
    """Mean over labels of the share of their prompts that is named right, one number per row of the weights.

    A label without prompts in a resample is left out of that resample's mean. Undefined where there is no
    prompt.
    """
    present = np.unique(label[among])
    if len(present) == 0:
        return np.full(len(weights), np.nan)
    recalls = [label_accuracy(label, named, among & (label == each)) for each in present]
    return mean_of_known(resampled_ratios(recalls, weights))
