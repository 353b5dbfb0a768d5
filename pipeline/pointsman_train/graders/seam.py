"""The seam that every grader has: one answer in, one verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pointsman_train.errors import GraderError


@dataclass(frozen=True, slots=True)
class GradeItem:
    """What an answer is graded against.

    Attributes
    ----------
    prompt
        The prompt of the table, before a grader rendered it.
    reference
        What the grader compares with; its syntax is the grader's. "" where there is none.
    seed
        The trial's seed: decides whatever a grader does at random, such as the order of options.
    """

    prompt: str
    reference: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a grader says of one answer.

    Attributes
    ----------
    score
        In [0, 1]; None means *ungraded*, which is never a failure.
    reason
        Why the score is what it is, in a few words. Never blank where ``score`` is None.

    Examples
    --------
    >>> Verdict(None)
    Traceback (most recent call last):
        ...
    pointsman_train.errors.GraderError: an ungraded verdict has no reason; say why there is no score
    """

    score: float | None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.score is None and not self.reason.strip():
            raise GraderError("an ungraded verdict has no reason; say why there is no score")
        if self.score is not None and not 0 <= self.score <= 1:
            raise GraderError(f"a verdict has the score {self.score!r}, expected a number in [0, 1] or None")


class Grader(Protocol):
    """Grades answers. Safe to call from several threads at once."""

    def grade(self, answer: str, item: GradeItem) -> Verdict:
        """Grade one answer. Never raises for an answer or a reference: what cannot be graded is ungraded."""
        ...


@runtime_checkable
class Renderer(Protocol):
    """A grader that decides what the model is asked, such as one that shuffles options."""

    def render(self, item: GradeItem) -> str:
        """Return the prompt to ask in this trial. Raises :class:`GraderError` where the reference forbids it."""
        ...


def rendered(grader: Grader, item: GradeItem) -> str:
    """Return the prompt to ask the model: the item's own, unless its grader renders it.

    Raises
    ------
    GraderError
        Where the grader cannot render the item; its answers would be ungraded.
    """
    return grader.render(item) if isinstance(grader, Renderer) else item.prompt
