"""The rules: what can be graded by a pure function of answer and reference."""

from __future__ import annotations

from pointsman_train.graders import contains, exact, form, json_object, keywords, listing, number
from pointsman_train.graders.rule import Rule

GRADERS: dict[str, Rule] = {
    "contains": contains.grade,
    "exact": exact.grade,
    "form": form.grade,
    "json": json_object.grade,
    "keywords": keywords.grade,
    "list": listing.grade,
    "number": number.grade,
}
"""Every rule, by the name that the prompts table uses: ``grade(answer, reference)`` in [0, 1] or None."""
