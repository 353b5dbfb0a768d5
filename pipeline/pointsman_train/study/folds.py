"""Which prompts are trained on and which are judged on, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Bools, Ints
from pointsman_train.errors import LabelError
from pointsman_train.split.split import fold_of


@dataclass(frozen=True, slots=True)
class Fold:
    """One round.

    Attributes
    ----------
    name
        Of the round: a number, or the source that was left out.
    train, test
        Masks of shape (n_prompts,); never both true.
    """

    name: str
    train: Bools
    test: Bools


def k_fold(group: Ints, folds: int, rng: np.random.Generator) -> list[Fold]:
    """Judge every prompt once, by whole groups of near-duplicates.

    Examples
    --------
    >>> rounds = k_fold(np.array([0, 0, 1, 2]), 2, np.random.default_rng(0))
    >>> [(one.train | one.test).all() and not (one.train & one.test).any() for one in rounds]
    [True, True]
    """
    fold = fold_of(group, folds, rng)
    return [Fold(str(k), fold != k, fold == k) for k in range(folds)]


def hold_out(group: Ints, share: float, rng: np.random.Generator) -> list[Fold]:
    """Judge on one random share of the groups, in (0, 1)."""
    ids, member = np.unique(group, return_inverse=True)
    test = np.isin(member, rng.permutation(len(ids))[: round(share * len(ids))])
    return [Fold("held out", ~test, test)]


def sources_left_out(source: Sequence[str], group: Ints) -> list[Fold]:
    """Judge each source with a router that saw no prompt of it, nor a near-duplicate of one.

    Raises
    ------
    LabelError
        When there are fewer than two sources.
    """
    names = np.asarray(source)
    sources = sorted(set(source))
    if len(sources) < 2:
        raise LabelError(
            f"the prompts have {len(sources)} source(s), {sources!r}; leaving a source out takes two or more: "
            "name the column that tells where a prompt comes from in dataset.columns.source"
        )
    tests = [names == name for name in sources]
    return [Fold(name, ~np.isin(group, group[test]), test) for name, test in zip(sources, tests, strict=True)]
