"""Graders: pure functions ``grade(answer, reference) -> float | None``, one small file each.

The grade is in [0, 1]; None means *ungraded* (the reference cannot be read), which is never a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from pointsman_train.graders import contains, exact, form, json_object, listing, number

Grader: TypeAlias = Callable[[str, str], float | None]

GRADERS: dict[str, Grader] = {
    "contains": contains.grade,
    "exact": exact.grade,
    "form": form.grade,
    "json": json_object.grade,
    "list": listing.grade,
    "number": number.grade,
}
"""Every grader, by the name that the prompts table uses."""
