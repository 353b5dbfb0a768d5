"""Success rates of sources in the place of outcomes: what the task block learns from.

Of what was a chance to succeed, an outcome is 0 or 1, and thousands of weights that are learned from a few thousand
outcomes are mostly noise. Prompts of one source succeed about as often as each other, so that its rate is a target with
little noise. Sources are read in training alone: what is served reads words, and tells from them how well each model
does on the kind of task that a prompt looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Bools, Floats, Ints

# The rate of so many outcomes counts half, each outcome itself the other half.
_HALF_WAY = 20.0


@dataclass(frozen=True, slots=True)
class SourceRates:
    """Which prompts are of one source.

    Attributes
    ----------
    source
        ndarray of shape (n_prompts,), by number; -1 where it is not known.

    Examples
    --------
    >>> rates = source_rates(["exam"] * 80 + ["forum", ""])
    >>> success = np.array([1.0] * 60 + [0.0] * 22)  # the exam's rate is .75, and 80 outcomes weigh 80 / (80 + 20)
    >>> rates.of(np.ones(82, bool), success, None)[[0, 79, 80, 81]].round(2).tolist()
    [0.8, 0.6, 0.0, 0.0]
    """

    source: Ints

    def enough(self, success: Floats) -> bool:
        """Whether two sources have a rate to speak of; ``success`` is ndarray of shape (n_prompts, n_models)."""
        known = (self.source >= 0) & ~np.isnan(success).all(axis=1)
        return int((np.bincount(self.source[known]) >= _HALF_WAY).sum()) > 1

    def of(self, rows: Bools, success: Floats, count: Floats | None) -> Floats:
        """Return targets in [0, 1]: the fewer outcomes a source has, the nearer they are to the outcomes.

        They are the outcomes where there are not two sources, since the rate of one tells no prompt from another.

        Parameters
        ----------
        rows
            ndarray of shape (n_prompts,), mask of the prompts that a fit sees: rates are of these alone.
        success, count
            ndarrays of shape (n_rows,): outcomes, 0 or 1, and how many like it each stands for; None is one each.
        """
        source = self.source[rows] + 1  # 0 is for those not known
        if len(np.unique(source[source > 0])) < 2:
            return success
        weight = np.ones(len(success)) if count is None else count
        asked, squares, solved = (np.bincount(source, x) for x in (weight, weight**2, weight * success))
        rate, told = (
            np.divide(a, b, out=np.zeros(len(a)), where=b > 0) for a, b in ((solved, asked), (asked**2, squares))
        )
        share = told / (told + _HALF_WAY)  # by Kish's effective size, as evidence is
        share[0] = 0.0
        targets: Floats = success + share[source] * (rate[source] - success)
        return targets


def source_rates(source: Sequence[str]) -> SourceRates:
    """Take the sources as the prompts have them; an empty one is not known."""
    names, number = np.unique(np.asarray(source, dtype=object).astype(str), return_inverse=True)
    return SourceRates(np.where(names[number] == "", -1, number))
