"""A Python callable of the user's, by its import path."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pointsman_train.errors import GraderError
from pointsman_train.graders.seam import GradeItem, Verdict


@dataclass(frozen=True, slots=True)
class Calling:
    """Grades by ``function(answer, item)``, which returns a score in [0, 1], a bool, a Verdict, or None.

    The function is trusted: it runs in this process, from several threads at once.

    Attributes
    ----------
    path
        "package.module:function".

    Examples
    --------
    >>> Calling("operator:contains").grade("abc", "b").score
    1.0
    """

    path: str
    _function: Callable[[str, GradeItem], Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_function", _load(self.path))

    def grade(self, answer: str, item: GradeItem) -> Verdict:
        """Grade one answer; ungraded where the function raises or returns anything else."""
        try:
            got = self._function(answer, item)
            return got if isinstance(got, Verdict) else self._verdict(got)
        except Exception as error:  # foreign code: whatever it raises is its failure, not the answer's
            return Verdict(None, f"{self.path} failed: {type(error).__name__}: {error}")

    def _verdict(self, got: object) -> Verdict:
        if got is None:
            return Verdict(None, f"{self.path} gave no score")
        if isinstance(got, int | float):
            return Verdict(float(got))
        raise GraderError(f"it returned {got!r}, expected a score in [0, 1], a Verdict or None")


def _load(path: str) -> Callable[[str, GradeItem], Any]:
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise GraderError(f"path is {path!r}, expected 'package.module:function'")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise GraderError(f"{path!r} cannot be imported: {error}; is its folder on the Python path?") from error
    if not callable(found):
        raise GraderError(f"{path!r} is {type(found).__name__}, expected a function")
    function: Callable[[str, GradeItem], Any] = found
    return function
