"""When an outcome counts as a success."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats, Ints


def succeeds(
    score: Floats, trials: Ints, success_threshold: float, min_trials: int, min_successes: int | None
) -> Floats:
    """Turn scores into successes.

    Parameters
    ----------
    score
        ndarray of any shape, in [0, 1]: the mean over the trials; NaN is unknown.
    trials
        ndarray of the same shape: answers behind each score.
    success_threshold
        Smallest score that counts as success.
    min_trials
        With fewer trials an outcome is unknown.
    min_successes
        If given, k of n: the trials that succeeded (``score * trials``, rounded) must be at least this many, and the
        threshold is not used. With fewer trials than that an outcome is unknown.

    Returns
    -------
    ndarray of the same shape: 1, 0, or NaN where unknown. Unknown is never failure.

    Examples
    --------
    >>> score, trials = np.array([0.5, 0.4, np.nan]), np.array([4, 4, 0])
    >>> succeeds(score, trials, 0.5, 1, None).tolist()
    [1.0, 0.0, nan]
    >>> succeeds(score, trials, 0.5, 1, 3).tolist()  # 2 of 4 succeeded, 3 were asked for
    [0.0, 0.0, nan]
    >>> succeeds(score, trials, 0.5, 5, None).tolist()
    [nan, nan, nan]
    """
    if min_successes is None:
        passed = score >= success_threshold
    else:
        passed = np.round(np.nan_to_num(score) * trials) >= min_successes
    # Fewer trials than the successes wanted cannot tell, even where every one of them failed.
    enough = max(min_trials, min_successes or 1)
    known = ~np.isnan(score) & (trials >= enough)
    return np.where(known, passed.astype(np.float64), np.nan)
