from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.errors import GraderError
from pointsman_train.graders import GRADERS, KINDS, GradeItem, Verdict, make_grader, rendered
from pointsman_train.graders.sandbox import Limits

NEEDED = {"callable": {"path": "operator:eq"}, "regex": {"pattern": "a+"}}
QUICK = sorted(KINDS.keys() - {"unit_tests", "number"})


def made(kind):
    return make_grader(kind, NEEDED.get(kind, {}), ask=lambda messages: "Score: 3")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_built_and_gives_a_verdict(kind):
    assert isinstance(made(kind).grade("", GradeItem("prompt", "")), Verdict)


@given(st.sampled_from(QUICK), st.text(), st.text())
def test_no_text_breaks_a_grader(kind, answer, reference):
    verdict = made(kind).grade(answer, GradeItem("prompt", reference))
    assert verdict.score is None or 0 <= verdict.score <= 1
    assert verdict.score is not None or verdict.reason


@pytest.mark.parametrize("kind", QUICK)
@pytest.mark.parametrize("answer", ["[" * 100_000, '{"a":' * 100_000, "\ud800", "9" * 10_000])
def test_hostile_answers_get_a_verdict(kind, answer):
    reference = '{"options": ["a", "b"], "answer": "a"}' if kind == "choice" else '{"type": "array"}'
    assert isinstance(made(kind).grade(answer, GradeItem("prompt", reference)), Verdict)


def test_every_rule_is_a_kind_with_the_same_verdicts():
    for name, rule in GRADERS.items():
        assert make_grader(name).grade("1, 2", GradeItem("", "1, 2")).score == rule("1, 2", "1, 2")


@pytest.mark.parametrize(
    ("name", "given_settings", "message"),
    [
        ("exakt", {}, "there is no grader 'exakt'; there are callable, choice, contains"),
        ("mine", {"kind": "nope"}, "there is no grader 'nope'"),
        ("list", {"strict": True}, r"'list' cannot be built: it has no settings, got \['strict'\]"),
        ("exact", {"fold": True}, r"Exact has no settings \['fold'\]; it has \['normalise'\]"),
        ("exact", {"normalise": 1}, "the setting normalise of Exact is 1, expected bool"),
        ("number", {"seconds": "5"}, "the setting seconds of Number is '5', expected float"),
        ("number", {"seconds": 0}, "seconds is 0, expected at least 0.1"),
        ("number", {"seconds": float("nan")}, "seconds is nan"),
        ("number", {"seconds": True}, "is True, expected float"),
        ("number", {"_worker": None}, "has no settings"),
        ("unit_tests", {"memory_mb": 8}, "memory_mb is 8, expected at least 128"),
        ("regex", {"pattern": "("}, "the pattern '\\(' is no regular expression"),
        ("regex", {"flags": "x"}, r"flags has \['x'\], expected some of \['i', 'm', 's'\]"),
        ("json_schema", {"schema": {"type": "strange"}}, "the schema is not valid"),
        ("json_schema", {"schema": "{}"}, "the setting schema of JsonSchema is '{}', expected"),
        ("callable", {}, "Calling needs the setting 'path'"),
        ("callable", {"path": "json"}, "expected 'package.module:function'"),
        ("callable", {"path": "no.such:thing"}, "cannot be imported"),
        ("callable", {"path": "json:nothing"}, "cannot be imported"),
        ("callable", {"path": "sys:path"}, "is list, expected a function"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(name, given_settings, message):
    with pytest.raises(GraderError, match=message):
        make_grader(name, given_settings)


def test_a_judge_needs_somebody_to_ask():
    with pytest.raises(GraderError, match="the grader 'judge' has nobody to ask"):
        make_grader("judge")


def test_settings_reach_the_limits_of_unit_tests():
    assert make_grader("unit_tests", {"cpu_seconds": 2}).limits == Limits(cpu_seconds=2)


def test_only_a_grader_that_renders_changes_the_prompt():
    item = GradeItem("Capital of Norway?", '{"options": ["Oslo", "Bergen"], "answer": 0}')
    assert rendered(make_grader("exact"), item) == "Capital of Norway?"
    assert "A) " in rendered(make_grader("choice"), item)


def test_a_verdict_has_a_score_in_range_or_a_reason():
    with pytest.raises(GraderError, match=r"score 1\.5, expected a number in \[0, 1\]"):
        Verdict(1.5)
    with pytest.raises(GraderError, match="score nan"):
        Verdict(float("nan"))
    with pytest.raises(GraderError, match="no reason"):
        Verdict(None, " ")


def test_a_form_whose_demands_have_no_sense_is_ungraded():
    verdict = make_grader("form").grade("words", GradeItem("", '{"min_words": "many"}'))
    assert verdict.score is None
    assert "cannot be applied: ValueError" in verdict.reason


def test_an_unreadable_reference_is_named():
    assert (
        make_grader("list").grade("fig", GradeItem("", " , ")).reason.startswith("the reference ' , ' cannot be read")
    )
