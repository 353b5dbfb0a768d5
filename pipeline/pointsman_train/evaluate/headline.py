"""The numbers that two versions are compared by at one look."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.stage import Evaluation

# Before "baseline/..." in the alphabet, so that MLflow's compare view begins with them.
AT_A_GLANCE = "at_a_glance"

_FIGURES = (
    "hull_gain",
    "cs90",
    "boundary_accuracy",
    "boundary_label_accuracy",
    "under_routing_rate",
    "over_routing_rate",
    "quality",
    "cost_saving",
    "cost_usd",
    "auc_macro",
    "ece",
)


def headline(evaluation: Evaluation, detail: Detail) -> dict[str, Estimate]:
    """Take the headline figures that there are, boundary cases and both splits first of all.

    ``left_out_gap_<figure>`` is the random split's less that with sources left out.
    """
    figures = {name: evaluation.figures[name] for name in _FIGURES if name in evaluation.figures}
    if "all" in detail.robustness:
        figures["robustness"] = detail.robustness["all"]
    if detail.probe is not None:
        figures["source_told"] = detail.probe.recovered
    if detail.left_out is not None:
        figures |= {f"left_out_gap_{name}": gap for name, gap in detail.left_out.gap.items()}
    return figures


def headline_tags(figures: Mapping[str, Estimate]) -> dict[str, str]:
    """Write the headline for the tags of a registered version, each number with its interval.

    Examples
    --------
    >>> import numpy as np
    >>> headline_tags({"hull_gain": Estimate(0.25, 0.125, 0.375, 9, np.array([0.25]))})
    {'hull_gain': '0.250 [0.125, 0.375]'}
    """
    return {name: str(figure) for name, figure in figures.items()}
