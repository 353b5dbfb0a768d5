"""A count table over a few obvious kinds of prompt, and a baseline: no learning beyond counting.

A prompt's cohort is its length bucket, and whether it looks like code, mathematics, multiple choice or non-ASCII
text. Each cohort's success rate is pulled towards that of its parent, the cohort without the last of these, and so
on up to the rate of all prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.errors import ConfigError
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import INT64, GraphBuilder
from pointsman_train.train.link import logit
from pointsman_train.train.success import Descriptors, Targets
from pointsman_train.train.sums import Sums, result
from pointsman_train.train.trees import Ensemble


@dataclass(frozen=True, slots=True)
class Factor:
    """A sum of surface features, cut at edges: with n edges there are n + 1 levels."""

    columns: tuple[str, ...]
    edges: tuple[float, ...]


FACTORS = (
    Factor(("chars",), (75.0, 150.0, 300.0, 900.0)),
    # code: fenced, or with names and lines as programs have them
    Factor(("fences", "indents", "snake_case"), (2.0,)),
    # mathematics: formulas in TeX, or written out
    Factor(("dollars", "backslashes", "carets", "operations"), (3.0,)),
    # multiple choice: (A), B. or C: at the start of a line or word; initials seldom make three
    Factor(("choices",), (3.0,)),
    # anything but ASCII
    Factor(("latin", "greek", "cyrillic", "symbols", "other"), (1.0,)),
)
LEVELS = tuple(len(factor.edges) + 1 for factor in FACTORS)


@dataclass(slots=True)
class CohortConfig:
    """Settings of the count table.

    Attributes
    ----------
    strength
        Answers' worth of pull of a cohort's rate towards its parent's.
    """

    strength: float = 20.0

    def check(self, where: str) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        if self.strength <= 0:
            raise ConfigError(f"{where}.strength must be above 0, got {self.strength!r}")


@dataclass(frozen=True, slots=True)
class CohortModel:
    """A table of success rates.

    Attributes
    ----------
    sums
        ndarray of shape (n_features, n_edges), 0 or 1: which features are summed to be compared with each edge.
    table
        ndarray of shape (n_cohorts, n_models), log-odds of success.
    """

    sums: Floats
    table: Floats

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models)."""
        return np.asarray(self.table[cohort_of(features, self.sums)])

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Add the comparisons and the look-up."""
        sums = g.add("MatMul", features, g.const(self.sums))
        steps = g.add("Cast", g.add("GreaterOrEqual", sums, g.const(_edges())), to=INT64)
        cohort = g.add("MatMul", steps, g.const(_strides()))
        return result(g.add("Gather", g.const(self.table), cohort, axis=0), self.table.shape[1])

    def ensembles(self) -> tuple[Ensemble, ...]:
        """Return nothing: there are no trees."""
        return ()


@dataclass(frozen=True, slots=True)
class Cohort:
    """The cohort formulation."""

    config: CohortConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> CohortModel:
        """Count known answers by cohort."""
        sums, n_models = edge_sums(layout), targets.success.shape[1]
        cohort = cohort_of(features, sums)
        successes, answers = np.zeros((2, int(np.prod(LEVELS)), n_models))
        np.add.at(successes, cohort, targets.successes)
        np.add.at(answers, cohort, targets.weight)
        shape = (*LEVELS, n_models)
        rates = shrunk_rates(successes.reshape(shape), answers.reshape(shape), self.config.strength)
        return CohortModel(sums, logit(rates.reshape(-1, n_models)))


def edge_sums(layout: Layout) -> Floats:
    """Zero-one matrix from the features to the sums that are compared with each edge."""
    columns = [factor.columns for factor in FACTORS for _ in factor.edges]
    sums = np.zeros((len(layout.names), len(columns)))
    for edge, names in enumerate(columns):
        sums[[layout.names.index(name) for name in names], edge] = 1.0
    return sums


def cohort_of(features: Features, sums: Floats) -> Ints:
    """Find each prompt's row of the table; counts are whole numbers, so the sums are exact."""
    reached = features.astype(np.float64) @ sums >= _edges()
    return np.asarray(reached @ _strides(), np.int64)


def shrunk_rates(successes: Floats, answers: Floats, strength: float) -> Floats:
    """Success rates by cohort, each pulled towards that of all cohorts that agree with it but for the last factor.

    ``rate = (successes + strength * parent) / (answers + strength)``; the rate of all prompts, at the root, has one
    success and one failure added.

    Parameters
    ----------
    successes, answers
        ndarrays of shape (levels of each factor..., n_models).

    Examples
    --------
    >>> successes, answers = np.array([[9.0], [0.0]]), np.array([[10.0], [0.0]])
    >>> shrunk_rates(successes, answers, 2.0).round(3).tolist()  # the root: 10 of 12
    [[0.889], [0.833]]
    """
    factors = successes.ndim - 1
    below = tuple(range(factors))
    rate = (successes.sum(axis=below) + 1) / (answers.sum(axis=below) + 2)
    for depth in range(1, factors + 1):
        below = tuple(range(depth, factors))
        parent = np.expand_dims(rate, -2)
        rate = (successes.sum(axis=below) + strength * parent) / (answers.sum(axis=below) + strength)
    return np.asarray(rate)


def _edges() -> Floats:
    return np.array([edge for factor in FACTORS for edge in factor.edges])


def _strides() -> Ints:
    """How far each edge that is reached moves on in the table, whose last factor varies fastest."""
    strides = [int(np.prod(LEVELS[i + 1 :])) for i in range(len(FACTORS))]
    return np.repeat(strides, [len(factor.edges) for factor in FACTORS]).astype(np.int64)
