from __future__ import annotations

import json

import pytest

from pointsman_train.graders import GradeItem, make_grader

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


REFERENCE = json.dumps(SCHEMA)


def verdict(answer, reference=REFERENCE, **settings):
    return make_grader("json_schema", settings).grade(answer, GradeItem("", reference))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"name": "Kim", "age": 3}', 1.0),
        ('```json\n{"name": "Kim", "age": 3}\n```', 1.0),
        ('Here: {"name": "Kim", "age": 3} Bye', 1.0),
        ('{"name": "Kim", "age": "3"}', 0.0),
        ('{"name": "Kim", "age": -3}', 0.0),
        ('{"name": "Kim"}', 0.0),
        ('{"name": "Kim", "age": 3, "city": "Oslo"}', 0.0),
        ("{name: Kim}", 0.0),
        ("Kim", 0.0),
        ("", 0.0),
    ],
)
def test_the_schema_decides(answer, expected):
    assert verdict(answer).score == expected


def test_the_reason_says_where_it_fails():
    assert verdict('{"name": "Kim", "age": "3"}').reason == "failed at /age: '3' is not of type 'integer'"


def test_strict_demands_json_and_nothing_else():
    assert verdict('Here: {"name": "Kim", "age": 3}', strict=True).score == 0.0
    assert verdict(' {"name": "Kim", "age": 3}\n', strict=True).score == 1.0


def test_a_list_can_be_demanded():
    assert verdict("They are [1, 2].", '{"type": "array", "items": {"type": "integer"}, "minItems": 2}').score == 1.0


def test_the_schema_of_the_settings_comes_before_the_reference():
    assert verdict("[1]", REFERENCE, schema={"type": "array"}).score == 1.0


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "no JSON",
        "[1]",
        "{}",
        '{"type": "strange"}',
        '{"$ref": "http://127.0.0.1:9/schema.json"}',
        '{"$ref": "#"}',
    ],
)
def test_a_schema_that_cannot_be_applied_is_ungraded_and_nothing_is_fetched(reference):
    assert verdict("{}", reference).score is None
