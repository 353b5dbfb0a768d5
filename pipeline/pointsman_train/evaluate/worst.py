"""The boundary prompts that routing does worst on, one by one, with the decision explained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.bootstrap import divide
from pointsman_train.evaluate.router import Choice
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.featurize.featurizer import Features

WORST = 20
REASONS = 5
NEIGHBOURS = 3

Contributions: TypeAlias = Callable[[Features], Floats]
"""From features (n_prompts, n_features) to what each column adds to each model's log-odds of success.

The result has the shape (n_prompts, n_models, n_columns), one column for each name given beside it.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One prompt that was routed to the wrong model.

    Attributes
    ----------
    row
        Its position among the test prompts.
    chosen, label
        Rungs: where it went, and the cheapest that succeeds.
    loss
        Utility lost against the label's model, in units of success probability.
    score_lost, cost_lost_usd
        Of which score; and US dollars above the label's answer, negative where it was cheaper.
    p_success
        Probability of success of each model, in ladder order.
    margin
        Lead of the chosen model over the runner-up, as the decision rule says it; None where unknown.
    """

    row: int
    chosen: int
    label: int
    loss: float
    score_lost: float
    cost_lost_usd: float
    p_success: tuple[float, ...]
    margin: float | None


@dataclass(frozen=True, slots=True)
class Reason:
    """What one column of the features added to the chosen model's log-odds above the label's; negative spoke for it."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training prompt: its position among them, and its cosine similarity to the case, in [-1, 1]."""

    position: int
    similarity: float


def worst_cases(
    testset: TestSet,
    point: Choice,
    lam: float,
    p_success: Floats,
    count: int = WORST,
    among: Bools | None = None,
) -> tuple[Case, ...]:
    """Find the prompts with the largest loss against the label's model, the largest first.

    The loss is ``(s_label - s_chosen) - lam (c_label - c_chosen) / c_max`` with the prompt's own scores and costs.
    Of equal losses, those come first whose probabilities were most sure of the wrong model. Of near-duplicates
    only the worst is listed. Prompts without a loss, and those that no model gets right, never are.

    Parameters
    ----------
    testset
        Known outcomes.
    point
        What was chosen, usually the router's default.
    lam
        Price of cost at that point.
    p_success
        ndarray of shape (n_prompts, n_models).
    count
        At most how many.
    among
        Mask of shape (n_prompts,), the prompts to look at; None is the label-side boundary.

    Raises
    ------
    ConfigError
        When ``count`` is below 1.
    """
    if count < 1:
        raise ConfigError(f"the table of worst prompts was asked for {count!r} rows, expected 1 or more")
    label = np.where(testset.solvable, testset.label, point.choice)
    score_lost = _at(testset.score, label) - point.take(testset.score)
    cost_lost = point.take(testset.cost_usd) - _at(testset.cost_usd, label)
    loss = score_lost + lam * cost_lost * _per_dollar(testset)
    wanted = (testset.boundary if among is None else among) & (loss > 0)
    sure = point.take(p_success) - _at(p_success, label)
    rows = np.lexsort((-sure, -loss))
    rows = _first_of_each(testset.group, rows[wanted[rows]])[:count]
    return tuple(
        Case(
            row=int(row),
            chosen=int(point.choice[row]),
            label=int(label[row]),
            loss=float(loss[row]),
            score_lost=float(score_lost[row]),
            cost_lost_usd=float(cost_lost[row]),
            p_success=tuple(p_success[row].tolist()),
            margin=None if point.margin is None else float(point.margin[row]),
        )
        for row in rows
    )


def reasons(
    cases: Sequence[Case], features: Features, contributions: Contributions, names: Sequence[str], count: int = REASONS
) -> tuple[tuple[Reason, ...], ...]:
    """Say what spoke for the chosen model and against the label's, the largest in size first.

    Parameters
    ----------
    cases
        From :func:`worst_cases`.
    features
        ndarray of shape (n_prompts, n_features), of all test prompts.
    contributions
        See :data:`Contributions`.
    names
        Of the columns of the contributions.
    count
        At most how many of each case; those that add nothing are left out.

    Returns
    -------
    For each case its reasons.

    Raises
    ------
    DataError
        When the contributions do not fit the names.
    """
    if not cases:
        return ()
    found = contributions(features[[case.row for case in cases]])
    if found.ndim != 3 or found.shape[::2] != (len(cases), len(names)):
        raise DataError(
            f"the contributions have the shape {found.shape!r}, expected {len(cases)} prompts, models, "
            f"{len(names)} named columns"
        )
    at = np.arange(len(cases))
    difference = found[at, [case.chosen for case in cases]] - found[at, [case.label for case in cases]]
    return tuple(_largest(row, names, count) for row in difference)


def neighbours(cases: Floats, training: Floats, count: int = NEIGHBOURS) -> tuple[tuple[Neighbour, ...], ...]:
    """Find the training prompts nearest to each case, the nearest first.

    Parameters
    ----------
    cases, training
        ndarrays of shape (n_cases, n_dimensions) and (n_training_prompts, n_dimensions), embeddings of any length.
        A prompt whose embedding is zero is near to nothing, and nothing is near to it.
    count
        At most how many of each case.

    Examples
    --------
    >>> neighbours(np.array([[0.0, 2.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 1.0]]), count=1)
    ((Neighbour(position=1, similarity=0.7071067811865475),), ())
    """
    similarity = _unit(cases) @ _unit(training).T
    similarity[np.isnan(similarity)] = -np.inf
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :count]
    return tuple(
        tuple(Neighbour(int(k), float(row[k])) for k in order if np.isfinite(row[k]))
        for row, order in zip(similarity, nearest, strict=True)
    )


def _at(table: Floats, rung: Ints) -> Floats:
    return np.take_along_axis(table, rung[:, None], axis=1)[:, 0]


def _per_dollar(testset: TestSet) -> float:
    """Share of the dearest model's mean cost that one dollar is, as the decision rule scales it."""
    top = float(testset.train_mean_cost.max())
    return 1 / top if top > 0 else 0.0


def _first_of_each(group: Ints, rows: Ints) -> Ints:
    _, first = np.unique(group[rows], return_index=True)
    return rows[np.sort(first)]


def _largest(row: Floats, names: Sequence[str], count: int) -> tuple[Reason, ...]:
    order = np.argsort(-np.abs(row), kind="stable")[:count]
    return tuple(Reason(names[k], float(row[k])) for k in order if row[k])


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return divide(vectors, length)
