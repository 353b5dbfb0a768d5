"""What a router is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import DataError, PoolError

BOUNDARY_MARGIN = 0.1
"""Lead in utility below which a decision is a close call."""


@dataclass(frozen=True, slots=True)
class TestSet:
    """The test split's known outcomes, and the training means that decisions may use.

    Attributes
    ----------
    models
        The ladder, cheapest first.
    score
        ndarray of shape (n_prompts, n_models), in [0, 1]; no value is unknown.
    success
        ndarray of shape (n_prompts, n_models), whether the score reaches the success threshold.
    cost_usd
        ndarray of shape (n_prompts, n_models), US dollars per answer, not negative; no value is unknown.
    label
        ndarray of shape (n_prompts,), the cheapest rung that succeeds. Where none does it is what the
        all-fail policy says, usually ``n_models``.
    group
        ndarray of shape (n_prompts,); near-duplicates share an id and are resampled together.
    source
        The benchmark, product or tenant of each prompt, "" where unknown.
    train_mean_cost, train_mean_score
        ndarray of shape (n_models,), means over the training split. Decisions use these, never the test
        means.
    boundary_margin
        A decision that leads by less in utility is a score-side boundary case.
    stands_for
        ndarray of shape (n_prompts,): how many prompts like it each stands for; None is one each.

    Raises
    ------
    PoolError
        Where the ladder has fewer than two models.
    DataError
        Where a shape is wrong, a value is unknown or out of range, or a label contradicts ``success``.
    """

    # The name begins like a test class's; without this, pytest tries to collect it.
    __test__: ClassVar[bool] = False

    models: tuple[str, ...]
    score: Floats
    success: Bools
    cost_usd: Floats
    label: Ints
    group: Ints
    source: Sequence[str]
    train_mean_cost: Floats
    train_mean_score: Floats
    boundary_margin: float = BOUNDARY_MARGIN
    stands_for: Floats | None = None

    def __post_init__(self) -> None:
        """Check shapes and ranges once, so that no figure has to."""
        _check_shapes(self)
        _check_values(self)
        _check_labels(self)

    def __len__(self) -> int:
        """Return the number of prompts."""
        return int(self.score.shape[0])

    def take(self, rows: Ints) -> TestSet:
        """Take these prompts, in this order, against the same training means."""
        return replace(
            self,
            score=self.score[rows],
            success=self.success[rows],
            cost_usd=self.cost_usd[rows],
            label=self.label[rows],
            group=self.group[rows],
            source=[self.source[i] for i in rows.tolist()],
            stands_for=None if self.stands_for is None else self.stands_for[rows],
        )

    @property
    def counts(self) -> Floats:
        """How many prompts each stands for, of shape (n_prompts,)."""
        return np.ones(len(self)) if self.stands_for is None else self.stands_for

    def mean(self, table: Floats) -> Floats:
        """Mean over the prompts and those that they stand for, of each column of a table with a row a prompt."""
        return np.asarray(np.average(table, axis=0, weights=self.stands_for))

    @property
    def dearest(self) -> int:
        """The ladder's last rung."""
        return len(self.models) - 1

    @property
    def best_single(self) -> int:
        """The rung with the best training mean score; a tie goes to the cheaper."""
        return int(np.argmax(self.train_mean_score))

    @property
    def solvable(self) -> Bools:
        """Prompts that some model of the ladder gets right, of shape (n_prompts,)."""
        return np.asarray(self.success.any(axis=1))

    @property
    def boundary(self) -> Bools:
        """Label-side boundary prompts, of shape (n_prompts,): solvable, but not by the cheapest rung."""
        return self.solvable & ~self.success[:, 0]

    @property
    def cheapest_right(self) -> Ints:
        """Cheapest rung that succeeds, rung 0 where none does, of shape (n_prompts,)."""
        # argmax of a row without success is 0, which is the cheapest.
        rung: Ints = self.success.argmax(axis=1)
        return rung

    @property
    def is_dearest(self) -> Floats:
        """Indicator of the dearest model: 1 in its column, 0 elsewhere, of shape (n_prompts, n_models)."""
        indicator = np.zeros_like(self.score)
        indicator[:, -1] = 1.0
        return indicator


def _check_shapes(testset: TestSet) -> None:
    n_models, n_prompts = len(testset.models), len(testset.score)
    if n_models < 2:
        raise PoolError(f"the ladder is {testset.models!r}; a router needs two models or more to choose from")
    if n_prompts == 0:
        raise DataError("the test split has no prompts; give it a larger share of the data")
    expected: dict[str, tuple[int, ...]] = dict.fromkeys(("score", "success", "cost_usd"), (n_prompts, n_models))
    expected |= dict.fromkeys(("label", "group", "source"), (n_prompts,))
    expected |= dict.fromkeys(("train_mean_cost", "train_mean_score"), (n_models,))
    expected |= {} if testset.stands_for is None else {"stands_for": (n_prompts,)}
    for name, shape in expected.items():
        got = np.shape(getattr(testset, name))
        if got != shape:
            raise DataError(f"{name} has the shape {got!r}, expected {shape!r}: {n_prompts} prompts, {n_models} models")


def _check_values(testset: TestSet) -> None:
    top = {"score": 1.0, "cost_usd": np.inf, "train_mean_cost": np.inf, "train_mean_score": 1.0}
    for name, highest in top.items():
        values = getattr(testset, name)
        bad = np.argwhere(~(np.isfinite(values) & (values >= 0) & (values <= highest)))
        if len(bad):
            at = tuple(int(i) for i in bad[0])
            raise DataError(
                f"{name} is {float(values[at])!r} at {at!r}, expected a known value from 0 to {highest:g}; "
                "leave prompts with unknown outcomes out of the test set"
            )


def _check_labels(testset: TestSet) -> None:
    solvable = testset.solvable
    expected = np.where(solvable, testset.success.argmax(axis=1), testset.label)
    bad = (testset.label != expected) | (testset.label < 0) | (testset.label > len(testset.models))
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"label is {int(testset.label[row])!r} at prompt {row}, where success is "
            f"{testset.success[row].tolist()!r}; expected the cheapest rung that succeeds, or "
            f"0 to {len(testset.models)} where none does"
        )
