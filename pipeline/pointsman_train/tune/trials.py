"""What was tried: the trials of a study, and how much better than the settings as they are each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.evaluate.bootstrap import CONFIDENCE, Estimate, estimate
from pointsman_train.evaluate.directions import direction

COMPLETE, STOPPED, FAILED = "complete", "stopped", "failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial that has ended.

    Attributes
    ----------
    number
        From 0, in the order in which they began.
    default
        Whether it is of the settings as they are.
    settings
        What was searched, by its dotted name.
    state
        "complete", "stopped" by the pruner, or "failed" where these settings cannot be trained.
    note
        Why it is not complete; "" where it is.
    folds
        Figures of each fold that was judged, by name.
    figures
        Figures of all folds together, by name; empty where it is not complete.
    sought
        ndarray of shape (1 + n_resamples,): the figure that is sought, paired between all trials. Empty where it is not
        complete.
    seconds
        From its beginning to its end.
    """

    number: int
    default: bool
    settings: Mapping[str, Any]
    state: str
    note: str
    folds: tuple[Mapping[str, float], ...]
    figures: Mapping[str, float]
    sought: Floats
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a study has found so far.

    Attributes
    ----------
    metric
        The figure that is sought.
    prompts
        Training prompts behind it.
    trials
        Those that have ended, in their order; the settings as they are among them.
    importance
        Share of the variance between trials that each setting explains, by its name; empty where there are too few.
    """

    metric: str
    prompts: int
    trials: tuple[Trial, ...]
    importance: Mapping[str, float]

    @property
    def sign(self) -> int:
        """1 where more of the figure is better, else -1."""
        return direction(self.metric)

    @property
    def complete(self) -> list[Trial]:
        """Trials with a value, the best first, of equals the earlier."""
        done = [trial for trial in self.trials if trial.state == COMPLETE]
        return sorted(done, key=lambda trial: (-self.sign * trial.sought[0], trial.number))

    @property
    def default(self) -> Trial:
        """The trial of the settings as they are."""
        return next(trial for trial in self.trials if trial.default and trial.state == COMPLETE)

    @property
    def best(self) -> Trial:
        """The complete trial with the best value."""
        return self.complete[0]

    def gain(self, trial: Trial) -> Estimate:
        """By how much a trial is better than the settings as they are, more being better, with its paired interval."""
        return estimate(self.sign * (trial.sought - self.default.sought), self.prompts)

    @property
    def picked_gain(self) -> Estimate:
        """The gain of the best trial, its interval widened for its having been picked as the best of all."""
        others = [trial for trial in self.complete if not trial.default]
        gains = [self.sign * (trial.sought - self.default.sought) for trial in others]
        if self.best.default:
            return self.gain(self.best)
        return simultaneous(gains, others.index(self.best), self.prompts)

    @property
    def clear(self) -> bool:
        """Whether the best trial is better than the settings as they are by more than chance explains."""
        return not self.best.default and self.picked_gain.low > 0


def simultaneous(gains: Sequence[Floats], which: int, n: int) -> Estimate:
    """Interval of one of several differences, such that all of theirs hold at once in 95 of 100 cases.

    The best of many is the best partly by luck, and its own interval does not know that. With ``d_i`` the differences
    and ``s_i`` the standard deviations of their resamples, all intervals are ``d_i -+ c s_i``, where c is what the
    largest ``|d_i* - d_i| / s_i`` stays below in 95 % of the resamples. Differences that never vary are left out.

    Parameters
    ----------
    gains
        Each of shape (1 + n_resamples,), from the same weights, the value first.
    which
        Position of the one whose interval is wanted.
    n
        Prompts behind them.

    References
    ----------
    White (2000), A reality check for data snooping; Romano and Wolf (2005), Stepwise multiple testing as formalized
    data snooping.

    Examples
    --------
    >>> one = np.append(0.5, np.linspace(0.4, 0.6, 41))
    >>> alone, both = (simultaneous(several, 0, 9) for several in ([one], [one, np.append(0.0, one[:0:-1] * 0.5)]))
    >>> alone.low <= 0.41 and both.low <= alone.low
    True
    """
    table = np.stack([np.asarray(gain, np.float64) for gain in gains])
    value, draws = table[:, :1], table[:, 1:]
    spread = np.nanstd(draws, axis=1, keepdims=True)
    varies = spread[:, 0] > 0
    own = table[which]
    if not varies[which] or np.isnan(own).mean() > 1 - CONFIDENCE:
        return estimate(own, n)
    furthest = np.nanmax(np.abs(draws[varies] - value[varies]) / spread[varies], axis=0)
    reach = float(np.nanquantile(furthest, CONFIDENCE)) * float(spread[which, 0])
    return Estimate(float(own[0]), float(own[0]) - reach, float(own[0]) + reach, n, own)
