from __future__ import annotations

import json

import numpy as np
import pytest

from pointsman_train.embedded import code, fact_list, number_forms, purpose_list, sense_list
from pointsman_train.embedded.explaining import definitions, purposes
from pointsman_train.embedded.instructions import json_writing
from pointsman_train.embedded.logic import ordering, tracking
from pointsman_train.embedded.structured import json_reading, table_reading
from pointsman_train.embedded.units_dates import units
from pointsman_train.graders import GRADERS
from pointsman_train.graders.text import alternatives


def drafts(family, level, size=200):
    return [family(np.random.default_rng([level, k]), level) for k in range(size)]


@pytest.mark.parametrize(("number", "words"), [(4, "four"), (21, "twenty-one"), (700, "seven hundred")])
def test_numbers_are_spelled(number, words):
    assert number_forms.in_words(number) == words


@pytest.mark.parametrize(("number", "numeral"), [(4, "IV"), (39, "XXXIX"), (388, "CCCLXXXVIII")])
def test_roman_numerals(number, numeral):
    assert number_forms.roman(number) == numeral


def test_what_a_program_prints_is_captured():
    assert code.printed("for i in range(2):\n    print(i)") == "0\n1"


def test_there_are_at_least_150_facts_and_none_is_asked_twice():
    questions = [q for level in fact_list.FACTS + sense_list.SENSE for q, _ in level]
    assert sum(map(len, fact_list.FACTS)) >= 150
    assert len(set(questions)) == len(questions)


@pytest.mark.parametrize("family", [definitions, purposes])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_no_question_names_what_its_answer_has_to_name(family, level):
    for draft in drafts(family, level):
        assert GRADERS[draft.grader](draft.prompt, draft.reference) == 0.0, draft.prompt


def test_every_profession_is_asked_about():
    asked = {subject for level in purpose_list.PURPOSES for subject, _ in level}
    assert purpose_list.PROFESSIONS - asked == set()


def test_every_fact_has_an_answer_that_its_question_does_not_give_away():
    for level in fact_list.FACTS + sense_list.SENSE:
        for question, answer in level:
            assert alternatives(answer), question


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_the_order_of_people_agrees_with_every_statement(level):
    for draft in drafts(ordering, level):
        if draft.grader != "list":
            continue
        order = draft.reference.split(", ")
        for statement in draft.prompt.split(". ")[: len(order) - 1]:
            named = sorted((statement.find(n), n) for n in order if n in statement.split())
            assert order.index(named[0][1]) < order.index(named[1][1]), draft.prompt


def test_without_swaps_everybody_keeps_what_they_have():
    for draft in drafts(tracking, 1):
        holder, thing = draft.prompt.split(" have now")[0].rsplit(" ", 1)[-1], draft.reference
        if "have now" in draft.prompt:
            assert f"{holder} has the {thing}" in draft.prompt


def test_the_total_of_an_order_is_that_of_its_json():
    totals = [d for d in drafts(json_reading, 4) if "total of the order" in d.prompt]
    assert totals
    for draft in totals:
        start, end = draft.prompt.index("{"), draft.prompt.rindex("}") + 1
        order = json.loads(draft.prompt[start:end])
        assert int(draft.reference) == sum(i["qty"] * i["price"] for i in order["items"])


def test_the_oldest_person_of_a_table_is_one():
    for draft in drafts(table_reading, 3):
        lines = [line for line in draft.prompt.splitlines() if line.count(",") == 4]
        if not lines or "oldest" not in draft.prompt:
            continue
        ages = [int(line.split(",")[2]) for line in lines[1:]]
        assert ages.count(max(ages)) == 1
        assert lines[1:][ages.index(max(ages))].split(",")[1] == draft.reference


def test_json_to_write_can_be_read_off_the_prompt():
    for draft in drafts(json_writing, 1):
        value = json.loads(draft.reference)
        assert all(str(v) in draft.prompt for v in value.values())


def test_units_have_at_most_two_decimals():
    for level in (1, 2, 3, 4):
        for draft in drafts(units, level):
            assert len(draft.reference.partition(".")[2]) <= 2, draft
