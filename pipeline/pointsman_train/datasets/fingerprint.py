"""A hash of what a data set says, whatever file it came from and in whatever order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pointsman_train.data import Bools, Floats, Ints


def fingerprint(
    texts: Sequence[Sequence[str]],
    models: Sequence[str],
    score: Floats,
    trials: Ints,
    cost_usd: Floats,
    stands_for: Floats | None = None,
    logged: Bools | None = None,
) -> str:
    """Hash prompts, models and outcomes with SHA-256.

    Prompts are taken in order of the first of ``texts``, models by name. Scores and costs count as 32-bit
    floats, since tables keep them in either width, and 0.1 must be 0.1.

    Parameters
    ----------
    texts
        Sequences of length n_prompts, the ids first.
    models
        Names of the columns.
    score, trials, cost_usd
        ndarrays of shape (n_prompts, n_models); NaN is a value like another.
    stands_for
        ndarray of the same shape, where outcomes stand for others.
    logged
        ndarray of the same shape, where some outcomes are of a service's log.

    Examples
    --------
    >>> one, two = np.array([[0.5, 1.0]]), np.array([[1.0, 0.5]])
    >>> trials = np.ones((1, 2), dtype=np.int64)
    >>> a = fingerprint([["q"], ["Why?"]], ["x", "y"], one, trials, one)
    >>> a == fingerprint([["q"], ["Why?"]], ["y", "x"], two, trials, two)
    True
    """
    rows = sorted(range(len(texts[0])), key=texts[0].__getitem__)
    columns = sorted(range(len(models)), key=models.__getitem__)
    digest = hashlib.sha256()
    for sequence in ([models[i] for i in columns], *([column[i] for i in rows] for column in texts)):
        for text in (str(len(sequence)), *sequence):
            data = text.encode()
            # The length before each text keeps ("ab", "c") apart from ("a", "bc").
            digest.update(len(data).to_bytes(8, "little") + data)
    index = np.ix_(rows, columns)
    tables = [_single(score[index]), trials[index].astype("<i8"), _single(cost_usd[index])]
    tables += [] if stands_for is None else [_single(stands_for[index])]
    tables += [] if logged is None else [logged[index].astype("<i8")]
    for array in tables:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _single(values: Floats) -> NDArray[np.float32]:
    # Adding 0 turns -0.0 into 0.0; one NaN stands for the many that floats have.
    return np.where(np.isnan(values), np.nan, values + 0.0).astype("<f4")
