from __future__ import annotations

import sys
from types import ModuleType

import pytest

from pointsman_train.graders import GradeItem, Verdict, make_grader


def fail(answer, item):
    raise KeyError("lost")


@pytest.fixture(autouse=True)
def module(monkeypatch):
    module = ModuleType("users_own")
    module.same = lambda answer, item: answer == item.reference
    module.share = lambda answer, item: len(answer) / 10
    module.none = lambda answer, item: None
    module.word = lambda answer, item: "good"
    module.verdict = lambda answer, item: Verdict(0.25, "a quarter")
    module.fail = fail
    monkeypatch.setitem(sys.modules, "users_own", module)


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("same", "yes", Verdict(1.0)),
        ("same", "no", Verdict(0.0)),
        ("share", "abc", Verdict(0.3)),
        ("verdict", "", Verdict(0.25, "a quarter")),
        ("none", "", Verdict(None, "users_own:none gave no score")),
        ("fail", "", Verdict(None, "users_own:fail failed: KeyError: 'lost'")),
    ],
)
def test_a_callable_grades(name, answer, expected):
    assert make_grader("callable", {"path": f"users_own:{name}"}).grade(answer, GradeItem("", "yes")) == expected


@pytest.mark.parametrize(("name", "answer"), [("word", ""), ("share", "x" * 11)])
def test_what_is_no_score_is_ungraded(name, answer):
    verdict = make_grader("callable", {"path": f"users_own:{name}"}).grade(answer, GradeItem(""))
    assert verdict.score is None
    assert "expected" in verdict.reason
