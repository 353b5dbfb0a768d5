"""Rules: pure functions of answer and reference, and the grader that one of them makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pointsman_train.graders.seam import GradeItem, Verdict

Rule: TypeAlias = Callable[[str, str], float | None]
"""``grade(answer, reference)`` in [0, 1]; None where the reference cannot be read."""


@dataclass(frozen=True, slots=True)
class RuleGrader:
    """Grades by one rule, without settings.

    Examples
    --------
    >>> from pointsman_train.graders.contains import grade
    >>> RuleGrader(grade).grade("It is Oslo.", GradeItem("Capital of Norway?", "Oslo")).score
    1.0
    """

    rule: Rule

    def grade(self, answer: str, item: GradeItem) -> Verdict:
        """Grade one answer by the rule."""
        return apply(self.rule, answer, item.reference)


def apply(rule: Rule, answer: str, reference: str) -> Verdict:
    """Return a rule's verdict; ungraded where the reference, or the nesting of the answer, is beyond it."""
    try:
        score = rule(answer, reference)
    except (ValueError, TypeError, RecursionError) as error:
        return Verdict(None, f"the rule cannot be applied: {type(error).__name__}: {error}")
    if score is None:
        return Verdict(None, f"the reference {_short(reference)} cannot be read by this grader")
    return Verdict(score)


def _short(text: str, most: int = 60) -> str:
    return repr(text if len(text) <= most else text[:most] + "...")
