"""Whole sources, dealt into folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pointsman_train.errors import LabelError


def deal_sources(source: Sequence[str], most_folds: int) -> list[tuple[str, ...]]:
    """Deal sources into folds of about the same number of prompts, the largest source first.

    Raises
    ------
    LabelError
        When there are fewer than two sources.

    Examples
    --------
    >>> deal_sources(["a", "b", "b", "b", "c", "c"], most_folds=2)
    [('b',), ('a', 'c')]
    """
    names, prompts = np.unique(np.asarray(source, dtype=object).astype(str), return_counts=True)
    if len(names) < 2:
        raise LabelError(
            f"the test prompts have {len(names)} source(s), {names.tolist()!r}; leaving a source out takes two or "
            "more: name the column that tells where a prompt comes from in dataset.columns.source"
        )
    folds: list[list[str]] = [[] for _ in range(min(most_folds, len(names)))]
    filled = np.zeros(len(folds))
    for k in np.argsort(-prompts, kind="stable"):
        lightest = int(np.argmin(filled))
        folds[lightest].append(str(names[k]))
        filled[lightest] += prompts[k]
    return [tuple(sorted(fold)) for fold in folds]
