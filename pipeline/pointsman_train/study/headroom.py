"""Whether there is anything to gain: how far the best single model is from knowing every outcome."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.evaluate.bootstrap import Estimate, Weights, estimate, means
from pointsman_train.evaluate.ratio import Ratio, estimate_ratios, mean
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check, above, below, percent, points

QUESTION = "Does one model dominate?"


def check_headroom(testset: TestSet, weights: Weights, least_score: float, least_saving: float) -> Check:
    """Compare the per-prompt oracle with the best single model.

    Parameters
    ----------
    testset
        Every prompt with all its outcomes. The best single model is that of the training prompts.
    least_score, least_saving
        Gain in mean score, and share of the best single model's cost saved, that make a router worth having.
    """
    figures = headroom_figures(testset, weights)
    best = testset.models[testset.best_single]
    score, saving = figures["oracle_gain"], figures["oracle_saving"]
    if above(score, least_score) or above(saving, least_saving):
        verdict = PAYS
        advice = "There is something to gain; whether a prompt's text tells it is what the check of the gain says."
    elif below(score, least_score) and below(saving, least_saving):
        verdict = WILL_NOT
        advice = f"Use {best} for everything, or try a pool with models that are cheaper or good at other things."
    else:
        verdict = CANNOT_TELL
        advice = "Collect outcomes of all models on more prompts: the intervals hold both a gain and none."
    found = (
        f"On {percent(figures['another_gains'])} of {len(testset):,} prompts {best} fails and another model succeeds. "
        f"Knowing every outcome would bring {points(score)} of score and save {percent(saving)} of its cost, "
        f"USD {1000 * figures['oracle_saving_usd'].value:.3g} per thousand prompts. The dearest model costs "
        f"{figures['cost_spread'].value:.3g} times the cheapest."
    )
    return Check("headroom", QUESTION, verdict, found, advice, figures, {"single models": _singles(testset, weights)})


def headroom_figures(testset: TestSet, weights: Weights) -> dict[str, Estimate]:
    """Compute the oracle's lead over the best single model, and the spread of the ladder's costs."""
    oracle, best = testset.cheapest_right[:, None], testset.best_single
    score = np.take_along_axis(testset.score, oracle, axis=1)[:, 0]
    cost = np.take_along_axis(testset.cost_usd, oracle, axis=1)[:, 0]
    best_cost = testset.cost_usd[:, best]
    gains = testset.solvable & ~testset.success[:, best]
    figures = estimate_ratios(
        {
            "another_gains": mean(gains.astype(np.float64)),
            "oracle_gain": mean(score - testset.score[:, best]),
            "oracle_saving": Ratio(best_cost - cost, best_cost, len(testset)),
            "oracle_saving_usd": mean(best_cost - cost),
            "cost_spread": Ratio(testset.cost_usd[:, -1], testset.cost_usd[:, 0], len(testset)),
        },
        weights,
    )
    return figures


def _singles(testset: TestSet, weights: Weights) -> dict[str, Estimate]:
    rows: Floats = means(weights, testset.score)
    return {model: estimate(rows[:, m], len(testset)) for m, model in enumerate(testset.models)}
