"""Fitting the word block's linear models, out of fold and on everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from pointsman_train.cores import on_all_cores
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError
from pointsman_train.featurize.vocabulary import Vocabulary
from pointsman_train.featurize.words import WordModel

Fit: TypeAlias = tuple[Floats, float]
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
) -> WordModel:
    """Fit one linear model per fold and model of the pool, then one per model on all rows.

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

    Returns
    -------
    WordModel with ``(n_folds + 1) * n_models`` scores: fold 0's models first, the fits on all rows last.
    """
    length = np.sqrt(np.maximum(presence @ vocabulary.idf**2, 1.0))
    scaled = presence.astype(np.float64)
    # In place: a copy for each factor is what most of the memory of a training would go to.
    scaled.data *= vocabulary.idf[scaled.indices]
    scaled.data *= np.repeat(1.0 / length, np.diff(scaled.indptr))
    fits = fits_of(
        fold, success, stands_for, lambda rows, target, count: fit_logistic(scaled[rows], target, count, strength)
    )
    weights = np.stack([w for w, _ in fits], axis=1) * vocabulary.idf[:, None]
    return WordModel(weights=weights, bias=np.array([b for _, b in fits]))


def fits_of(
    fold: Ints, success: Floats, stands_for: Floats | None, fit: Callable[[Bools, Floats, Floats | None], Fit]
) -> list[Fit]:
    """Fit each model of the pool without each fold, fold 0 first, then on all rows.

    Parameters
    ----------
    fit
        Called with a mask of the rows to fit on, all of known outcome, their outcomes, and how many each stands for.
    """
    parts = [fold != k for k in range(int(fold.max()) + 1)] + [np.ones(len(fold), bool)]
    known = ~np.isnan(success)
    wanted = [(rows & known[:, m], m) for rows in parts for m in range(success.shape[1])]

    def one(what: tuple[Bools, int]) -> Fit:
        return fit(what[0], success[what], None if stands_for is None else stands_for[what])

    return on_all_cores(one, wanted)


def fit_logistic(features: sp.csr_array | Floats, target: Floats, count: Floats | None, strength: float) -> Fit:
    """Fit a logistic regression; returns its weights and its intercept. Of threads it takes what it is given."""
    n = len(target) if count is None else float(np.sum(count))
    positives = float(np.sum(target if count is None else target * count))
    if positives in (0.0, float(n)):
        # One class only: no direction to learn, and the rate is smoothed by one success and one failure.
        return np.zeros(features.shape[1]), float(np.log((positives + 1) / (n - positives + 1)))
    fitted = LogisticRegression(C=strength, max_iter=300).fit(features, target, sample_weight=count)
    return fitted.coef_[0], float(fitted.intercept_[0])


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
