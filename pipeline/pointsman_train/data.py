"""What flows between the stages.

A dataset becomes one :class:`Outcomes` (prompts by models, aligned arrays); labelling makes it a
:class:`~pointsman_train.label.labels.Labelled`, splitting adds a :class:`~pointsman_train.split.split.Split`. In every
array NaN (or -1 for a label) means *unknown*: never failure, never free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

UNKNOWN_LABEL = -1
# Of an outcome that was asked for by chance: one that stood for more would outweigh all others.
LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of the catalog.

    Attributes
    ----------
    name
        As in the outcomes table.
    input_per_m, output_per_m, avg_per_m
        List prices in USD per million tokens; None where unknown. ``avg_per_m`` is a price over input and output
        together, as some papers give it.
    """

    name: str
    input_per_m: float | None = None
    output_per_m: float | None = None
    avg_per_m: float | None = None


@dataclass(slots=True)
class DropLog:
    """Counts of what was left out, by reason. Nothing leaves a table without an entry here.

    Examples
    --------
    >>> log = DropLog()
    >>> log.add("score is null", 3)
    >>> log.add("no such prompt", 0)
    >>> log.counts
    {'score is null': 3}
    """

    _counter: Counter[str] = field(default_factory=Counter)

    def add(self, reason: str, rows: int) -> None:
        """Count ``rows`` more rows as dropped for ``reason``; zero rows leave no trace."""
        if rows:
            self._counter[reason] += rows

    def copy(self) -> DropLog:
        """Return a log that starts from this one's counts."""
        return DropLog(self._counter.copy())

    @property
    def counts(self) -> dict[str, int]:
        """Rows dropped, by reason, most first."""
        return dict(self._counter.most_common())


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What every model of the pool did with every prompt.

    Attributes
    ----------
    prompt_id, prompt, source
        One entry a prompt. ``source`` is the benchmark, product or tenant that a prompt came from, "" where unknown.
    models
        The pool, in the order of the columns below.
    score
        ndarray of shape (n_prompts, n_models), in [0, 1]; NaN where the model was not asked or its answer not graded.
    trials
        ndarray of shape (n_prompts, n_models): answers behind each score; 0 where ``score`` is NaN.
    cost_usd
        ndarray of shape (n_prompts, n_models), US dollars per answer; NaN where unknown.
    cost_source
        How ``cost_usd`` came about: "file", "tokens" or "price".
    drops
        What was left out on the way here.
    fingerprint
        SHA-256 of the content, for the record.
    stands_for
        ndarray of shape (n_prompts, n_models): how many outcomes like it each stands for, as
        :func:`~pointsman_train.datasets.selected.stands_for` says; None where each stands for itself.
    logged
        ndarray of shape (n_prompts, n_models), mask of the outcomes of a service's log; None where there are none.
    """

    prompt_id: Sequence[str]
    prompt: Sequence[str]
    source: Sequence[str]
    models: tuple[str, ...]
    score: Floats
    trials: Ints
    cost_usd: Floats
    cost_source: str
    drops: DropLog
    fingerprint: str
    stands_for: Floats | None = None
    logged: Bools | None = None

    def __len__(self) -> int:
        """Return the number of prompts."""
        return len(self.prompt_id)

    def take(self, rows: Iterable[int] | Ints | Bools) -> Outcomes:
        """Return the same table with only these rows, given as positions or as a mask."""
        index = np.arange(len(self))[np.asarray(rows)]
        return Outcomes(
            prompt_id=[self.prompt_id[i] for i in index],
            prompt=[self.prompt[i] for i in index],
            source=[self.source[i] for i in index],
            models=self.models,
            score=self.score[index],
            trials=self.trials[index],
            cost_usd=self.cost_usd[index],
            cost_source=self.cost_source,
            drops=self.drops,
            fingerprint=self.fingerprint,
            stands_for=None if self.stands_for is None else self.stands_for[index],
            logged=None if self.logged is None else self.logged[index],
        )


def told(reason: str) -> str:
    """Say of a reason whether what it counts was left out, or stays and is only noted.

    Examples
    --------
    >>> told("score is null"), told("cost is unknown (kept)")
    ('left out: score is null', 'noted: cost is unknown')
    """
    return f"noted: {reason.removesuffix(' (kept)')}" if reason.endswith(" (kept)") else f"left out: {reason}"
