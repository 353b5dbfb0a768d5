"""Whether the choice of a model survives noise that keeps a prompt's meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pointsman_train.data import Ints
from pointsman_train.errors import DataError
from pointsman_train.evaluate.bootstrap import Estimate, Weights
from pointsman_train.evaluate.noise import NOISES, Noise, disturb
from pointsman_train.evaluate.ratio import estimate_ratios, mean

Choose: TypeAlias = Callable[[Sequence[str]], NDArray[np.integer]]
"""From prompts to chosen models, ndarray of shape (n_prompts,)."""


def robustness(
    prompts: Sequence[str],
    choose: Choose,
    weights: Weights,
    rng: np.random.Generator,
    noises: Mapping[str, Noise] = NOISES,
) -> dict[str, Estimate]:
    """Share of prompts whose chosen model stays the same under each kind of noise, and the mean over kinds.

    ``choose`` is called once for the prompts as they are and once for each kind. To save time give some of the
    prompts, with the same columns of the weights.

    Parameters
    ----------
    prompts
        Of the test set.
    choose
        The router at its default operating point, as served.
    weights
        ndarray of shape (1 + n_resamples, n_prompts), clustered by near-duplicates.
    rng
        One draw, the seed of all noise.
    noises
        By name.

    Returns
    -------
    dict
        ``robustness_<kind>`` and ``robustness``, 1 where nothing changes.

    Raises
    ------
    DataError
        When ``choose`` does not give one model for each prompt.
    """
    seed = int(rng.integers(2**63))
    before = _chosen(choose, prompts)
    kept = {kind: _chosen(choose, disturb(prompts, noise, seed)) == before for kind, noise in noises.items()}
    ratios = {f"robustness_{kind}": mean(same.astype(np.float64)) for kind, same in kept.items()}
    ratios["robustness"] = mean(np.mean(list(kept.values()), axis=0))
    return estimate_ratios(ratios, weights)


def _chosen(choose: Choose, prompts: Sequence[str]) -> Ints:
    found = np.asarray(choose(prompts), np.int64)
    if found.shape != (len(prompts),):
        raise DataError(f"the choices have the shape {found.shape!r}, expected one for each of {len(prompts)} prompts")
    return found
