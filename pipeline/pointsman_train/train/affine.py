"""Affine maps of margins, which export as one product; and the label's calibration by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from pointsman_train.cores import one_thread
from pointsman_train.data import Floats, Ints
from pointsman_train.train.sums import Sums


@dataclass(frozen=True, slots=True)
class Affine:
    """``margins @ weight + bias``.

    Attributes
    ----------
    weight
        ndarray of shape (n, n).
    bias
        ndarray of shape (n,).
    """

    weight: Floats
    bias: Floats

    def __call__(self, margins: Floats) -> Floats:
        """Map margins of shape (n_prompts, n)."""
        return margins @ self.weight + self.bias

    def label_probability(self, margins: Floats) -> Floats:
        """Probability of each class, of the shape of ``margins``; rows sum to 1."""
        return np.asarray(softmax(self(margins), axis=1))

    def of(self, margins: Sums) -> Sums:
        """Map margins of a graph."""
        return margins.mapped(self.weight, self.bias)


def identity(n: int) -> Affine:
    """Leave margins as they are."""
    return Affine(np.eye(n), np.zeros(n))


def scaled_softmax(margins: Floats, target: Ints, weight: Floats | None = None) -> Affine:
    """One temperature and one offset a class, by maximum likelihood with a light pull to no change.

    Parameters
    ----------
    margins
        ndarray of shape (n_prompts, n_classes), out of fold.
    target
        ndarray of shape (n_prompts,), class positions. Without any, margins stay as they are.
    weight
        ndarray of shape (n_prompts,), of each; None is one each.
    """
    n = margins.shape[1]
    if not len(target):
        return identity(n)

    def loss(parameters: Floats) -> float:
        scaled = margins * np.exp(parameters[0]) + parameters[1:]
        chosen = log_softmax(scaled, axis=1)[np.arange(len(target)), target]
        return float(-np.average(chosen, weights=weight) + 1e-4 * np.sum(parameters**2))

    with one_thread():
        found = minimize(loss, np.zeros(n + 1), method="L-BFGS-B").x
    return Affine(np.exp(found[0]) * np.eye(n), found[1:])
