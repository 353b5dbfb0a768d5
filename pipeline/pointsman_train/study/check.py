"""One check of a diagnosis: a verdict, the figures behind it, and what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman_train.evaluate.bootstrap import Estimate

PAYS, WILL_NOT, CANNOT_TELL = "pays", "will not pay", "cannot tell"


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found.

    Attributes
    ----------
    name
        One word or two.
    question
        What it asks.
    verdict
        "pays", "will not pay" or "cannot tell", as far as this check goes.
    found
        What was found, in a sentence with the figures and their intervals.
    advice
        What to do, in a sentence.
    figures
        By flat name.
    parts
        The same figures by something finer, such as the source, for a plot.
    """

    name: str
    question: str
    verdict: str
    found: str
    advice: str
    figures: Mapping[str, Estimate] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)


def percent(one: Estimate) -> str:
    """Write a share with its interval in percent.

    Examples
    --------
    >>> import numpy as np
    >>> percent(Estimate(0.5, 0.25, 0.75, 10, np.array([0.5])))
    '50.0 % [25.0, 75.0]'
    """
    return _scaled(one, " %", "")


def points(one: Estimate) -> str:
    """Write a difference of scores with its interval in points, hundredths of the score."""
    return _scaled(one, " points", "+")


def _scaled(one: Estimate, unit: str, plus: str) -> str:
    if math.isnan(one.value):
        return "undefined"
    interval = "" if math.isnan(one.low) else f" [{100 * one.low:{plus}.1f}, {100 * one.high:{plus}.1f}]"
    return f"{100 * one.value:{plus}.1f}{unit}{interval}"


def above(one: Estimate, level: float) -> bool:
    """Whether the whole interval lies at the level or above it; False where it is not known."""
    return one.low >= level


def below(one: Estimate, level: float) -> bool:
    """Whether the whole interval lies below the level; False where it is not known."""
    return one.high < level
