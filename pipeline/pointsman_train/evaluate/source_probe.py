"""Whether the features tell where a prompt comes from, and so whether a router could learn that instead."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from pointsman_train.cores import one_thread
from pointsman_train.data import Floats, Ints
from pointsman_train.errors import DataError
from pointsman_train.evaluate.bootstrap import RESAMPLES, Estimate, estimate, resample_weights
from pointsman_train.evaluate.labels import balanced_accuracy
from pointsman_train.evaluate.ratio import estimate_ratios, mean
from pointsman_train.split.split import fold_of

MOST_PROMPTS = 5000
FOLDS = 5
# A source with fewer groups of near-duplicates is left out: two in a fold are nothing to learn from or to judge by.
LEAST_GROUPS = 10
# Part of the way from guessing to knowing, at the interval's low end.
_TELLS, _HINTS = 0.5, 0.1


@dataclass(frozen=True, slots=True)
class SourceProbe:
    """How well the features tell the source of prompts that the probe was not fitted on.

    Attributes
    ----------
    sources
        How many were told apart; 0 or 1 where there was nothing to tell, and every figure is undefined.
    left_out
        Prompts of sources that are too small.
    accuracy, balanced_accuracy
        Share of prompts whose source is named right, and its mean over sources.
    majority_share
        Share of the largest source: the accuracy of always naming it.
    recovered
        Part of the way from guessing to knowing: ``(b - 1/k) / (1 - 1/k)`` with the balanced accuracy b of k sources.
    """

    sources: int
    left_out: int
    accuracy: Estimate
    balanced_accuracy: Estimate
    majority_share: Estimate
    recovered: Estimate

    @property
    def tells(self) -> bool:
        """Whether the features tell the source, so that a router may have learnt it."""
        return bool(self.recovered.low > _TELLS)

    @property
    def verdict(self) -> str:
        """Say in words what it means."""
        if self.sources < 2:
            return "There are fewer than two sources of enough prompts, so there is none to be learnt."
        found = f"The features alone name the source of {100 * self.accuracy.value:.0f} % of prompts right"
        found += f" (always naming the largest: {100 * self.majority_share.value:.0f} %). "
        if self.tells:
            return found + (
                "The router may have learnt the source instead of the difficulty: "
                "on a new source, trust the figures with sources left out, not those of the random split."
            )
        if self.recovered.low > _HINTS:
            return found + "They hint at it; compare the random split with sources left out."
        return found + "They hardly tell it; what the router has learnt is something else."


def probe_source(
    features: NDArray[np.floating],
    source: Sequence[str],
    group: Ints,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    most_prompts: int = MOST_PROMPTS,
) -> SourceProbe:
    """Fit a multinomial logistic regression from features to source, and judge it on groups that it has not seen.

    It is weak on purpose: what it tells, any router can learn.

    Parameters
    ----------
    features
        ndarray of shape (n_prompts, n_features), as the router reads them, known values.
    source, group
        Of each prompt; groups of near-duplicates never straddle a fold.
    rng
        Draws the prompts where there are more than ``most_prompts``, the folds and the resamples.

    Raises
    ------
    DataError
        When a feature is not a finite number.
    """
    if not np.isfinite(features).all():
        column = int(np.argwhere(~np.isfinite(features))[0, 1])
        raise DataError(f"column {column} of the features has a value that is not a finite number")
    rows = _drawn(group, most_prompts, rng)
    member = np.unique(np.asarray(source)[rows], return_inverse=True)[1]
    kept = _large(member, group[rows])
    if len(np.unique(member[kept])) < 2:
        unknown = estimate(np.full(resamples + 1, np.nan), 0)
        return SourceProbe(len(np.unique(member[kept])), int((~kept).sum()), unknown, unknown, unknown, unknown)
    rows, member = rows[kept], np.unique(member[kept], return_inverse=True)[1]
    named = _named_out_of_fold(_flattened(features[rows]), member, fold_of(group[rows], FOLDS, rng))
    return _judged(member, named, group[rows], int((~kept).sum()), rng, resamples)


def _drawn(group: Ints, most: int, rng: np.random.Generator) -> Ints:
    """Draw group after group until there are so many prompts, of the last no more than fit; in the prompts' order."""
    if len(group) <= most:
        return np.arange(len(group))
    _, dense = np.unique(group, return_inverse=True)
    place = rng.permutation(int(dense.max()) + 1)[dense]
    return np.sort(np.argsort(place, kind="stable")[:most])


def _large(member: Ints, group: Ints) -> NDArray[np.bool_]:
    """Whether each prompt's source has enough groups."""
    pairs = np.unique(np.stack([member, group]), axis=1)
    return np.asarray(np.bincount(pairs[0])[member] >= LEAST_GROUPS)


def _flattened(features: NDArray[np.floating]) -> Floats:
    """Bring counts with long tails to one scale: signed logarithm, then mean 0 and variance 1."""
    flat = np.sign(features) * np.log1p(np.abs(features.astype(np.float64)))
    spread = flat.std(axis=0)
    return np.asarray((flat - flat.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _named_out_of_fold(columns: Floats, member: Ints, fold: Ints) -> Ints:
    named = np.empty(len(member), np.int64)
    for k in range(int(fold.max()) + 1):
        out = fold == k
        probe = LogisticRegression(C=0.1, max_iter=200, tol=1e-3)
        with one_thread(), warnings.catch_warnings():
            # A probe that is stopped early tells a little less, which is no error.
            warnings.simplefilter("ignore", ConvergenceWarning)
            named[out] = probe.fit(columns[~out], member[~out]).predict(columns[out])
    return named


def _judged(
    member: Ints, named: Ints, group: Ints, left_out: int, rng: np.random.Generator, resamples: int
) -> SourceProbe:
    weights = resample_weights(group, rng, resamples)
    counts = np.bincount(member)
    shares = {
        "accuracy": mean((named == member).astype(np.float64)),
        "majority_share": mean((member == counts.argmax()).astype(np.float64)),
    }
    found = estimate_ratios(shares, weights)
    balanced = balanced_accuracy(member, named, np.ones(len(member), bool), weights)
    guessing = 1 / len(counts)
    return SourceProbe(
        sources=len(counts),
        left_out=left_out,
        accuracy=found["accuracy"],
        balanced_accuracy=estimate(balanced, len(member)),
        majority_share=found["majority_share"],
        recovered=estimate((balanced - guessing) / (1 - guessing), len(member)),
    )
