from __future__ import annotations

import pytest

from pointsman_train.graders import GradeItem, make_grader


@pytest.mark.parametrize(
    ("settings", "answer", "reference", "expected"),
    [
        ({}, "It is 2024-05-01.", r"\d{4}-\d\d-\d\d", 1.0),
        ({"whole": True}, "It is 2024-05-01.", r"\d{4}-\d\d-\d\d", 0.0),
        ({"whole": True}, " 2024-05-01\n", r"\d{4}-\d\d-\d\d", 1.0),
        ({}, "OSLO", "oslo", 0.0),
        ({"flags": "i"}, "OSLO", "oslo", 1.0),
        ({"flags": "m"}, "a\nb", "^b$", 1.0),
        ({}, "a\nb", "^b$", 0.0),
        ({"flags": "s"}, "a\nb", "a.b", 1.0),
        ({"pattern": "^yes"}, "yes", "no", 1.0),
        ({"most": 3}, "abcdef", "f", 0.0),
    ],
)
def test_the_pattern_is_searched(settings, answer, reference, expected):
    assert make_grader("regex", settings).grade(answer, GradeItem("", reference)).score == expected


@pytest.mark.parametrize(("reference", "why"), [("", "there is no pattern"), ("(", "is no regular expression")])
def test_a_reference_that_is_no_pattern_is_ungraded(reference, why):
    verdict = make_grader("regex").grade("a", GradeItem("", reference))
    assert verdict.score is None
    assert why in verdict.reason
