"""Fitting the word block's linear models, out of fold and on everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pointsman_train.cores import on_all_cores
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError
from pointsman_train.featurize.hardness import fit_beside, fit_hardness
from pointsman_train.featurize.logistic import Fit, fit_logistic
from pointsman_train.featurize.source_rates import SourceRates
from pointsman_train.featurize.vocabulary import Vocabulary
from pointsman_train.featurize.words import WordModel

Real = TypeVar("Real", np.float32, np.float64)


@dataclass(slots=True)
class WordsConfig:
    """Settings of the word block.

    Attributes
    ----------
    max_terms
        Words and word pairs kept, most frequent first.
    min_df
        Training prompts that a term must occur in.
    strength
        Inverse of the L2 penalty of the logistic regressions (scikit-learn's ``C``).
    """

    max_terms: int = 20_000
    min_df: int = 3
    strength: float = 1.0

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        if self.max_terms < 0 or self.min_df < 1 or self.strength <= 0:
            raise ConfigError(
                "train.features.words needs max_terms >= 0, min_df >= 1 and strength > 0, "
                f"got {self.max_terms!r}, {self.min_df!r} and {self.strength!r}"
            )


def fit_scores(
    presence: sp.csr_array,
    vocabulary: Vocabulary,
    success: Floats,
    fold: Ints,
    strength: float,
    stands_for: Floats | None = None,
    logged: Floats | None = None,
    rates: SourceRates | None = None,
) -> WordModel:
    """Fit one linear model per fold and model of the pool, then one per model on all rows.

    Prompts of a service's log, where there are some, first teach how hard each word is, for all models alike; each
    model's own weights are then fitted beside that, on prompts that were asked.

    Parameters
    ----------
    presence
        Sparse array of shape (n_prompts, n_terms), 1 where a term occurs.
    success
        ndarray of shape (n_prompts, n_models), 0 or 1, NaN where unknown (left out of the fit).
    fold
        ndarray of shape (n_prompts,), fold number from 0.
    stands_for
        ndarray of shape (n_prompts, n_models), how many outcomes like it each stands for; None is one each.
    logged
        ndarray of the same shape, successes of the prompts of a service's log, NaN elsewhere; None without such.
    rates
        Puts success rates of sources in the place of outcomes; None learns from outcomes.

    Returns
    -------
    WordModel with ``(n_folds + 1) * n_models`` scores: fold 0's models first, the fits on all rows last.
    """
    length = np.sqrt(np.maximum(presence @ vocabulary.idf**2, 1.0))
    scaled = presence.astype(np.float64)
    # In place: a copy for each factor is what most of the memory of a training would go to.
    scaled.data *= vocabulary.idf[scaled.indices]
    scaled.data *= np.repeat(1.0 / length, np.diff(scaled.indptr))
    hardness = None if logged is None else fit_hardness(scaled, logged, parts_of(fold), strength)

    def fit(part: int, rows: Bools, target: Floats, count: Floats | None) -> Fit:
        if rates is not None:
            target = rates.of(rows, target, count)
        if hardness is None:
            return fit_logistic(scaled[rows], target, count, strength)
        return fit_beside(hardness[part], scaled[rows], target, count, strength)

    fits = fits_of(fold, success, stands_for, fit)
    weights = np.stack([w for w, _ in fits], axis=1) * vocabulary.idf[:, None]
    return WordModel(weights=weights, bias=np.array([b for _, b in fits]))


def fits_of(
    fold: Ints, success: Floats, stands_for: Floats | None, fit: Callable[[int, Bools, Floats, Floats | None], Fit]
) -> list[Fit]:
    """Fit each model of the pool without each fold, fold 0 first, then on all rows.

    Parameters
    ----------
    fit
        Called with the position of the part, a mask of the rows to fit on, all of known outcome, their outcomes, and
        how many each stands for.
    """
    known = ~np.isnan(success)
    wanted = [
        (part, rows & known[:, m], m) for part, rows in enumerate(parts_of(fold)) for m in range(success.shape[1])
    ]

    def one(what: tuple[int, Bools, int]) -> Fit:
        part, rows, m = what
        return fit(part, rows, success[rows, m], None if stands_for is None else stands_for[rows, m])

    return on_all_cores(one, wanted)


def parts_of(fold: Ints) -> list[Bools]:
    """Masks of the rows without each fold, fold 0 first, then of all rows."""
    return [fold != k for k in range(int(fold.max()) + 1)] + [np.ones(len(fold), bool)]


def pick_out_of_fold(scores: NDArray[Real], fold: Ints, n_models: int) -> NDArray[Real]:
    """Take each row's scores from the fits that did not see its fold.

    Parameters
    ----------
    scores
        ndarray of shape (n_prompts, (n_folds + 1) * n_models), in :func:`fit_scores`'s order.

    Examples
    --------
    >>> scores = np.arange(6.0).reshape(1, 6)  # two folds and the whole, two models
    >>> pick_out_of_fold(scores, np.array([1]), 2).tolist()
    [[2.0, 3.0]]
    """
    columns = fold[:, None] * n_models + np.arange(n_models)
    return np.take_along_axis(scores, columns, axis=1)


def last_fit(model: WordModel, n_models: int) -> WordModel:
    """Keep only the fits on all rows: what is served."""
    return WordModel(weights=model.weights[:, -n_models:], bias=model.bias[-n_models:])
