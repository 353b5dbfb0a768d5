"""The numbers that two versions are compared by at one look."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.detail import GAPS, Detail, LeftOutFold
from pointsman_train.evaluate.figures import flatten
from pointsman_train.evaluate.stage import Evaluation

AT_A_GLANCE = "at_a_glance"
GAP = "left_out_gap_"

_FIGURES = (
    "boundary_accuracy",
    "under_routing_rate",
    "over_routing_rate",
    "hull_gain",
    "quality",
    "cost_saving",
    "cost_usd",
    "cs90",
    "boundary_label_accuracy",
    "auc_macro",
    "ece",
)
# That came later.
_LATER = ("score_boundary_accuracy", "boundary_accuracy_half_cost")
# In the order of what matters: boundary cases, then what routing gains, and how much of that is knowing the source.
_ORDER = (
    *_FIGURES[:4],
    f"{GAP}hull_gain",
    *_FIGURES[4:],
    *(f"{GAP}{name}" for name in GAPS if name != "hull_gain"),
    "robustness",
    "source_told",
    *_LATER,
)
# A name has the same number in every run, whatever else a run lacks: only so do they line up. New ones go to the end.
_NUMBER = {name: k for k, name in enumerate(_ORDER, start=1)}


def headline(evaluation: Evaluation, detail: Detail) -> dict[str, Estimate]:
    """Take the headline figures that there are, boundary cases and both splits first of all.

    ``left_out_gap_<figure>`` is the random split's less that with sources left out.
    """
    figures = headline_of(evaluation.figures)
    if detail.left_out is not None:
        figures |= {f"{GAP}{name}": gap for name, gap in detail.left_out.gap.items()}
    if "all" in detail.robustness:
        figures["robustness"] = detail.robustness["all"]
    if detail.probe is not None:
        figures["source_told"] = detail.probe.recovered
    return dict(sorted(figures.items(), key=lambda item: _NUMBER[item[0]]))


def headline_of(figures: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Take those that are figures of a test set alone."""
    return {name: figures[name] for name in (*_FIGURES, *_LATER) if name in figures}


def all_metrics(evaluation: Evaluation, detail: Detail) -> dict[str, float]:
    """Return everything that goes to ``metrics.json`` and MLflow, by flat name; undefined is NaN."""
    return evaluation.metrics() | detail.metrics() | at_a_glance(headline(evaluation, detail))


def fold_metrics(fold: LeftOutFold) -> dict[str, float]:
    """Return the same of one fold of left-out sources, under the names of the run, so that they line up with it."""
    prompts = {"test/prompts": float(fold.prompts)}
    return flatten("test", fold.figures) | at_a_glance(headline_of(fold.figures)) | prompts


def at_a_glance(figures: Mapping[str, Estimate]) -> dict[str, float]:
    """Name the headline so that MLflow's compare view, which is in the order of the alphabet, begins with it.

    Without the ends of the intervals, which would stand between: they are in ``test/...`` and in the tags.

    Examples
    --------
    >>> import numpy as np
    >>> half = Estimate(0.5, 0.4, 0.6, 9, np.array([0.5]))
    >>> at_a_glance({"hull_gain": half, "boundary_accuracy": half})
    {'at_a_glance/04_hull_gain': 0.5, 'at_a_glance/01_boundary_accuracy': 0.5}
    """
    return {f"{AT_A_GLANCE}/{_NUMBER[name]:02}_{name}": figure.value for name, figure in figures.items()}


def glance_tags(figures: Mapping[str, Estimate]) -> dict[str, str]:
    """Write the same with intervals, for the tags of a run, which the compare view shows below its metrics."""
    return {f"{AT_A_GLANCE}.{_NUMBER[name]:02}_{name}": text for name, text in headline_tags(figures).items()}


def headline_tags(figures: Mapping[str, Estimate]) -> dict[str, str]:
    """Write the headline for the tags of a registered version, each number with its interval.

    Examples
    --------
    >>> import numpy as np
    >>> headline_tags({"hull_gain": Estimate(0.25, 0.125, 0.375, 9, np.array([0.25]))})
    {'hull_gain': '0.250 [0.125, 0.375]'}
    """
    return {name: _text(figure) for name, figure in figures.items()}


def _text(figure: Estimate) -> str:
    # Costs of an answer are far below a cent, where three decimals say nothing.
    if 0 < abs(figure.value) < 0.001:
        return f"{figure.value:.3g} [{figure.low:.3g}, {figure.high:.3g}]"
    return str(figure)
