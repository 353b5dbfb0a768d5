"""A pattern occurs in the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pointsman_train.errors import GraderError
from pointsman_train.graders.seam import GradeItem, Verdict

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


@dataclass(frozen=True, slots=True)
class Regex:
    r"""Searches the answer for a regular expression: the setting's, or the reference where that is "".

    Write patterns that cannot backtrack without end (no repeated group within a repeated group): Python cannot
    stop one.

    Attributes
    ----------
    pattern
        For every prompt; "" takes each prompt's reference.
    whole
        True demands that the whole answer matches, stripped of outer space.
    flags
        Any of "i" (case), "m" (lines), "s" (dot matches line ends).
    most
        Characters of the answer that are searched.

    Examples
    --------
    >>> Regex(flags="i").grade("Made in OSLO", GradeItem("", r"\boslo\b")).score
    1.0
    """

    pattern: str = ""
    whole: bool = False
    flags: str = ""
    most: int = 20_000
    _of_setting: re.Pattern[str] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if unknown := set(self.flags) - _FLAGS.keys():
            raise GraderError(f"flags has {sorted(unknown)}, expected some of {sorted(_FLAGS)}")
        if self.pattern:
            object.__setattr__(self, "_of_setting", self._compiled(self.pattern))

    def _compiled(self, pattern: str) -> re.Pattern[str]:
        try:
            return re.compile(pattern, sum(_FLAGS[flag] for flag in set(self.flags)))
        except (re.error, OverflowError, RecursionError) as error:
            raise GraderError(f"the pattern {pattern!r} is no regular expression: {error}") from error

    def grade(self, answer: str, item: GradeItem) -> Verdict:
        """Grade one answer."""
        if self._of_setting is None and not item.reference:
            return Verdict(None, "there is no pattern: give a reference or the setting pattern")
        try:
            pattern = self._of_setting or self._compiled(item.reference)
        except GraderError as error:
            return Verdict(None, str(error))
        text = answer.strip()[: self.most]
        return Verdict(float(bool(pattern.fullmatch(text) if self.whole else pattern.search(text))))
