from __future__ import annotations

import json
from collections import Counter

import pytest

from pointsman_train.errors import GraderError
from pointsman_train.graders import GradeItem, make_grader, rendered
from pointsman_train.graders.choice import Choice, order, read_letter

OPTIONS = ["Oslo", "Bergen", "Narvik", "Bodo"]
REFERENCE = json.dumps({"options": OPTIONS, "answer": "Narvik"})


def item(seed=0, reference=REFERENCE):
    return GradeItem("Which has the ore railway?", reference, seed)


def test_the_prompt_lists_every_option_once_in_the_trials_order():
    lines = rendered(Choice(), item(3)).splitlines()
    assert lines[0] == "Which has the ore railway?"
    assert sorted(line[3:] for line in lines[2:6]) == sorted(OPTIONS)
    assert [line[:3] for line in lines[2:6]] == ["A) ", "B) ", "C) ", "D) "]
    assert lines[-1] == "Answer with the letter of the right option."


def test_the_same_seed_gives_the_same_order_and_other_seeds_give_others():
    assert rendered(Choice(), item(3)) == rendered(Choice(), item(3))
    assert len({rendered(Choice(), item(seed)) for seed in range(30)}) > 10


def test_an_order_is_the_same_on_every_machine():
    assert [order(4, item(seed)) for seed in range(3)] == [(0, 1, 2, 3), (2, 3, 1, 0), (3, 2, 0, 1)]


def test_every_option_comes_first_equally_often():
    first = Counter(order(4, item(seed))[0] for seed in range(4000))
    assert all(900 < first[position] < 1100 for position in range(4))


@pytest.mark.parametrize("seed", range(12))
def test_the_letter_shown_before_the_right_option_is_right_and_no_other(seed):
    lines = rendered(Choice(), item(seed)).splitlines()[2:6]
    scores = {line[3:]: Choice().grade(line[0], item(seed)).score for line in lines}
    assert scores == {"Oslo": 0.0, "Bergen": 0.0, "Narvik": 1.0, "Bodo": 0.0}


def test_always_the_same_letter_is_right_in_a_quarter_of_trials():
    right = sum(Choice().grade("A", item(seed)).score for seed in range(2000))
    assert 430 < right < 570


def test_without_shuffling_the_order_is_the_references():
    grader = make_grader("choice", {"shuffle": False})
    assert grader.grade("C", item(5)).score == 1.0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("C", 2),
        ("C.", 2),
        ("(C)", 2),
        ("C) Narvik", 2),
        ("**C**", 2),
        ("C - Narvik", 2),
        ("The answer is C.", 2),
        ("The correct answer is (C) Narvik, not (A) Oslo.", 2),
        ("A look at the map helps. Answer: C", 2),
        ("A is wrong, so the answer is C", 2),
        ("I choose option C because it has ore.", 2),
        (r"\boxed{C}", 2),
        ("Narvik", 2),
        ("It is Narvik.", 2),
        ("A good question. I think that it is Narvik.", 2),
        ("Oslo or Narvik", None),
        ("A or C", None),
        ("(A) and (C)", None),
        ("Answer: A, C", None),
        ("E", None),
        ("none of them", None),
        ("", None),
    ],
)
def test_the_named_option_is_read(answer, expected):
    assert read_letter(answer, tuple(OPTIONS)) == expected


def test_an_answer_that_names_no_option_fails_with_the_reason():
    assert Choice().grade("no idea", item()).reason == "failed: names no option, or several"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("", "no JSON object with options and answer"),
        ("[1]", "no JSON object with options and answer"),
        ('{"options": ["a"], "answer": 0}', "expected 2 to 26 that differ"),
        ('{"options": ["a", "A"], "answer": 0}', "expected 2 to 26 that differ"),
        ('{"options": ["a", 2], "answer": 0}', "expected a list of texts"),
        ('{"options": ["a", "b"], "answer": 2}', "the answer is 2, expected one of the options"),
        ('{"options": ["a", "b"], "answer": true}', "the answer is True, expected one of the options"),
    ],
)
def test_a_reference_without_options_is_ungraded_and_cannot_be_asked(reference, message):
    assert message in Choice().grade("A", item(0, reference)).reason
    assert Choice().grade("A", item(0, reference)).score is None
    with pytest.raises(GraderError, match=message):
        rendered(Choice(), item(0, reference))
