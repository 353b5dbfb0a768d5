"""The answer's number equals the reference's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pointsman_train.errors import GraderError
from pointsman_train.graders.maths import MathWorker
from pointsman_train.graders.rule import apply
from pointsman_train.graders.seam import GradeItem, Verdict
from pointsman_train.graders.settings import at_least
from pointsman_train.graders.text import after_marker, alternatives

RELATIVE_TOLERANCE = 1e-9
"""Allowed difference, relative to the reference where that is above 1: noise of decimals, not rounding."""

_MINUS = "\u2212"
_NUMBER = re.compile(r"(?<![\w.])[-\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\d])")


def _read(text: str) -> list[float]:
    glued = re.sub(r"(?<=\d)\s*\.(?=\s|$)", "", text.replace("\\,", "").replace("$", " ").replace("#", " "))
    return [float(found.replace(",", "").replace(_MINUS, "-")) for found in _NUMBER.findall(glued)]


def stated_number(answer: str) -> float | None:
    """Return the number that an answer gives: the first after "Answer:", else its last, else None.

    Examples
    --------
    >>> stated_number("3 * 4 = 12."), stated_number("Answer: 1,200 dollars in 2 parts"), stated_number("none")
    (12.0, 1200.0, None)
    """
    marked = after_marker(answer)
    if marked is not None and (numbers := _read(marked.replace("*", " "))):
        head = marked.splitlines()[0]
        return _read(head)[-1] if "=" in head and _read(head) else numbers[0]
    numbers = _read(answer)
    return numbers[-1] if numbers else None


def grade(answer: str, reference: str) -> float | None:
    """Return 1.0 where the answer's number equals an alternative of the reference, else 0.0.

    Parameters
    ----------
    answer
        The model's answer, with or without words, units and thousands separators.
    reference
        A number, or several separated by "|".

    Returns
    -------
    float or None
        None where the reference holds no number.

    Examples
    --------
    >>> grade("1,024 bytes", "1024"), grade("about 1000", "1024"), grade("no idea", "1024")
    (1.0, 0.0, 0.0)
    >>> grade("3", "three") is None
    True
    """
    wanted = [numbers[0] for part in alternatives(reference) if (numbers := _read(part))]
    if not wanted:
        return None
    stated = stated_number(answer)
    if stated is None:
        return 0.0
    return float(any(abs(stated - number) <= RELATIVE_TOLERANCE * max(1.0, abs(number)) for number in wanted))


_EXPRESSION = re.compile(r"\\(?:[dt]?frac|sqrt|pi|cdot|times|left|infty|cup)|\d\s*/\s*\d|[\^√π%]|\d\s*[({\[]")


def is_expression(text: str) -> bool:
    """Whether a text has LaTeX, a fraction, a root, a power or a percent sign in it."""
    return _EXPRESSION.search(text) is not None


@dataclass(frozen=True, slots=True)
class Number:
    """A number. Where the reference, or what the answer states, is an expression, ``math-verify`` compares the two.

    An expression has LaTeX, a fraction, a root, a power or a percent sign in it.

    Attributes
    ----------
    latex
        False compares plain numbers alone, and leaves references that are expressions ungraded.
    seconds
        For one comparison of expressions; one that takes longer is ungraded.
    """

    latex: bool = True
    seconds: float = 20.0
    _worker: MathWorker = field(default_factory=MathWorker, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        at_least(0.1, seconds=self.seconds)

    def grade(self, answer: str, item: GradeItem) -> Verdict:
        """Grade one answer."""
        stated, beyond = stated_part(answer), is_expression(item.reference)
        if not beyond and not (self.latex and is_expression(stated)):
            return apply(grade, answer, item.reference)
        if not self.latex:
            return Verdict(None, "the reference is an expression, which the setting latex leaves out")
        try:
            found = [self._worker.same(stated, part, self.seconds) for part in alternatives(item.reference)]
        except GraderError as error:
            return Verdict(None, str(error))
        if not found or None in found:
            return Verdict(None, f"the reference {item.reference!r} is no expression")
        return Verdict(float(any(found)), "compared as expressions")


def stated_part(answer: str) -> str:
    r"""Return the part of an answer that states its result: the box, what follows "Answer:", or the last line.

    Examples
    --------
    >>> stated_part("We add 1/3.\nAnswer: 2"), stated_part(r"So \boxed{\frac{1}{2}}.")
    ('2', 'So \\boxed{\\frac{1}{2}}.')
    """
    lines = [line for line in answer.splitlines() if line.strip()]
    if "\\boxed" in answer:
        return next(line for line in reversed(lines) if "\\boxed" in line)
    return after_marker(answer) or (lines[-1] if lines else "")
