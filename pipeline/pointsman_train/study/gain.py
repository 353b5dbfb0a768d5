"""Whether a router beats mixing single models at random, and whether more labels help."""

from __future__ import annotations

import math

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check, below, percent, points
from pointsman_train.study.learning_curve import LearningCurve
from pointsman_train.study.learning_report import outlook

GAIN = "Does a router beat a random mix of the models?"
LABELS = "Are the labels too few?"
# A hull gain that can be told from a twentieth more or less.
_NARROW = 0.05
KEPT = ("hull_gain", "cs90", "auc_macro", "log_loss", "quality_gain", "cost_saving", "unfamiliar_share")


def check_gain(figures: dict[str, Estimate], least: float) -> Check:
    """Judge hull gain and the default operating point, on prompts that each router did not see.

    Parameters
    ----------
    figures
        Of :func:`pointsman_train.evaluate.figures.evaluate`, cross-fitted.
    least
        Hull gain below which a router is not worth having.
    """
    gain = figures["hull_gain"]
    if math.isnan(gain.value):
        verdict, advice = (
            WILL_NOT,
            "Knowing every outcome is no better than mixing single models: mix them, or use one.",
        )
    elif gain.low > 0:
        verdict, advice = PAYS, "Train, and choose the operating point by what you may lose."
    elif below(gain, least):
        verdict = WILL_NOT
        advice = (
            "Mix the single models at random for the same money: the prompts' text does not tell which will succeed."
        )
    else:
        verdict = CANNOT_TELL
        advice = f"{_wanted(gain)}."
    found = (
        f"HG {gain} on {gain.n:,} prompts, each judged by a router that had not seen it: 0 is a random mix, 1 knows "
        f"every outcome. At the default operating point {points(figures['quality_gain'])} of score against the best "
        f"single model, {percent(figures['cost_saving'])} of its cost saved."
    )
    kept = {name: figures[name] for name in KEPT if name in figures}
    return Check("gain", GAIN, verdict, found, advice, kept)


def check_labels(curve: LearningCurve, gain: Estimate, least: int) -> Check:
    """Judge whether there are enough labels to train on and to tell.

    Parameters
    ----------
    gain
        Cross-fitted hull gain.
    least
        Labelled training prompts that training asks for.
    """
    labels = curve.sizes[-1]
    if labels < least:
        verdict, advice = CANNOT_TELL, f"Label {least - labels} more training prompts before asking again."
    elif gain.low > 0:
        verdict, advice = PAYS, "There are enough: more of the same kind would add little."
        if curve.buys:
            advice = "More labels would help."
        elif not curve.gains:
            advice = "There are enough to gain by; whether more would help cannot be told from so few."
    elif curve.buys:
        verdict, advice = CANNOT_TELL, "Label more prompts: the curve still rises."
    elif prompts_wanted(gain) > gain.n:
        verdict, advice = CANNOT_TELL, f"{_wanted(gain)}."
    else:
        verdict, advice = (
            WILL_NOT,
            "Do not label more of the same: other prompts or other models may make a difference.",
        )
    outlooks = " ".join(line.strip() for line in outlook(curve).splitlines())
    found = f"{labels:,} labelled training prompts, {curve.prompts:,} test prompts. {outlooks}"
    largest = {name: row[-1] for name, row in curve.figures.items()}
    by_size = {name: dict(zip(map(str, curve.sizes), row, strict=True)) for name, row in curve.figures.items()}
    return Check("labels", LABELS, verdict, found, advice, largest, by_size)


def prompts_wanted(gain: Estimate) -> int:
    """Prompts to judge on for hull gain to be known to a twentieth.

    An interval narrows with the square root of their number.

    Examples
    --------
    >>> import numpy as np
    >>> prompts_wanted(Estimate(0.1, 0.0, 0.2, 500, np.zeros(1)))
    2000
    """
    if math.isnan(gain.low):
        return gain.n + 1
    return math.ceil(gain.n * ((gain.high - gain.low) / 2 / _NARROW) ** 2 - 1e-6)


def _wanted(gain: Estimate) -> str:
    wanted = prompts_wanted(gain)
    if math.isnan(gain.low):
        return "Judge on more prompts: hull gain is undefined in too many resamples"
    if wanted <= gain.n:
        return f"The interval is narrow and near 0: expect little, whatever is added to these {gain.n:,} prompts"
    return f"Judge on about {wanted:,} prompts, {wanted / gain.n:.1f} times these, to know HG to within {_NARROW}"
