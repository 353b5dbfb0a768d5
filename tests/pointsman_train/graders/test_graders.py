from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.graders import GRADERS


def grade(name: str, answer: str, reference: str) -> float | None:
    return GRADERS[name](answer, reference)


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("42", "42", 1.0),
        ("**42**", "42", 1.0),
        ("The sum is 42.", "42", 1.0),
        ("40 + 2 = 42", "42", 1.0),
        ("42 apples", "42", 1.0),
        ("$1,234.50", "1234.5", 1.0),
        ("-7", "-7", 1.0),
        ("7", "-7", 0.0),
        ("2.60", "2.6", 1.0),
        ("12.7 km", "12.7", 1.0),
        ("Step 1: 4*5=20\nAnswer: 20\nI hope these 2 lines help.", "20", 1.0),
        ("Answer: 4 * 5 = 20", "20", 1.0),
        ("So it is \\(\\boxed{80}\\) in 2 years.", "80", 1.0),
        ("**Answer: 20**", "20", 1.0),
        ("first 5, then 20", "5", 0.0),
        ("no number", "5", 0.0),
        ("", "5", 0.0),
        ("\\(3.5\\)", "3.5", 1.0),
        ("7", "5|7", 1.0),
        ("5", "five", None),
    ],
)
def test_number_reads_the_stated_number(answer, reference, expected):
    assert grade("number", answer, reference) == expected


@given(st.integers(-(10**9), 10**9))
def test_every_whole_number_matches_itself_and_not_its_successor(value):
    assert grade("number", f"{value:,}", str(value)) == 1.0
    assert grade("number", str(value), str(value + 1000)) == 0.0


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("Oslo", "oslo", 1.0),
        ("Oslo.", "Oslo", 1.0),
        ("It is in Oslo", "Oslo", 0.0),
        ("The city is Oslo.", "Oslo", 1.0),
        ('The reversed word is "neerg".', "neerg", 1.0),
        ("Ana is taller than Ben.", "Ben", 0.0),
        ("`[1, 2]`", "[1, 2]", 1.0),
        ("```\n5 3\n```", "5 3", 1.0),
        ("She drives on.\nAnswer: red", "red", 1.0),
        ("Step 1.\nThe answer is \\boxed{\\text{red}}.", "red", 1.0),
        ("red or blue", "red", 0.0),
        ("Émile", "Emile", 1.0),
        ("[1, 3]", "[1, 2]", 0.0),
        ("Zoe asked for the lamp.", "Zoe", 1.0),
        ("Zoe has the lamp.", "lamp", 1.0),
        ("At the end, Zoe has the lamp.", "Zoe", 1.0),
        ("It is not Zoe", "Zoe", 0.0),
        ("lemonade", "LEMONADE", 0.0),
        ("The word is LEMONADE.", "LEMONADE", 1.0),
        ("o", "O", 1.0),
        ("", "Oslo", 0.0),
        ("Oslo", " | ", None),
    ],
)
def test_exact_matches_a_reading_of_the_answer_after_normalising(answer, reference, expected):
    assert grade("exact", answer, reference) == expected


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("It was Jane Austen.", "Austen|Jane Austen", 1.0),
        ("Brasília", "Brasilia", 1.0),
        ("H2O", "h2o", 1.0),
        ("catalogue", "cat", 0.0),
        ("O(log n)", "O(log n)", 1.0),
        ("word " * 20 + "Paris", "Paris", 0.0),
        ("Paris", "", None),
    ],
)
def test_contains_finds_whole_words_in_a_short_answer(answer, reference, expected):
    assert grade("contains", answer, reference) == expected


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("Plants turn light into sugar.", "plant & light|sun", 1.0),
        ("Sunlight feeds plants.", "plant & light|sun", 1.0),
        ("Implants glow in the light.", "plant & light|sun", 0.0),
        ("A plant.", "plant & light|sun", 0.0),
        ("word " * 80 + "plants and light", "plant & light", 0.0),
        ("A plant.", "plant &", None),
        ("A plant.", "", None),
    ],
)
def test_keywords_demand_one_word_of_every_group(answer, reference, expected):
    assert grade("keywords", answer, reference) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("fig, pear, plum", 1.0),
        ("Fig, pear and plum.", 1.0),
        ("1. fig\n2. pear\n3. plum", 1.0),
        ("- fig\n- pear\n- plum", 1.0),
        ("['fig', 'pear', 'plum']", 1.0),
        ("fig > pear > plum", 1.0),
        ("Here is the list:\nfig, pear, plum", 1.0),
        ("The order is fig, pear, plum", 1.0),
        ("fig, plum, pear", 0.0),
        ("fig, pear", 0.0),
        ("fig, pear, plum, apple", 0.0),
    ],
)
def test_list_demands_the_items_in_order(answer, expected):
    assert grade("list", answer, "fig, pear, plum") == expected


def test_list_without_a_reference_is_ungraded():
    assert grade("list", "fig", " , ") is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"name": "Kim", "age": 31}', 1.0),
        ('```json\n{"age": 31, "name": "kim"}\n```', 1.0),
        ('Here you are: {"name": "Kim", "age": "31"} Bye', 1.0),
        ('{"name": "Kim", "age": 32}', 0.0),
        ('{"name": "Kim"}', 0.0),
        ('{"name": "Kim", "age": 31, "city": "Oslo"}', 0.0),
        ('{"name": "Kim", "age": true}', 0.0),
        ("{name: Kim}", 0.0),
        ("Kim is 31", 0.0),
    ],
)
def test_json_demands_the_keys_and_values(answer, expected):
    assert grade("json", answer, '{"name": "Kim", "age": 31}') == expected


def test_json_compares_nested_lists_in_order():
    reference = '{"a": [{"b": 1}, {"b": 2}]}'
    assert grade("json", reference, reference) == 1.0
    assert grade("json", '{"a": [{"b": 2}, {"b": 1}]}', reference) == 0.0


@pytest.mark.parametrize("reference", ["[1]", "none", ""])
def test_json_without_an_object_to_compare_with_is_ungraded(reference):
    assert grade("json", "{}", reference) is None


@pytest.mark.parametrize(
    ("answer", "form", "expected"),
    [
        ("red, blue, green", {"items": 3}, 1.0),
        ("red, blue, red", {"items": 3}, 0.0),
        ("red; blue", {"items": 2, "separator": ";"}, 1.0),
        ("bear, bat, cat", {"items": 3, "item_starts": "b"}, 0.0),
        ("apple, grape", {"items": 2, "item_letters": 5}, 1.0),
        ("one big red dog, cat", {"items": 2, "item_words": 3}, 0.0),
        ("Oak, elms.", {"items": 2, "from": ["oak", "elm", "elms"]}, 1.0),
        ("oak, stone", {"items": 2, "from": ["oak", "elm"]}, 0.0),
        ("One two three.", {"min_words": 3, "max_words": 3}, 1.0),
        ("One two.", {"min_words": 3}, 0.0),
        ("It rains. We stay in.", {"sentences": 2}, 1.0),
        ("It rains.", {"sentences": 2}, 0.0),
        ("Trains run.", {"contains": ["train"]}, 1.0),
        ("Restrained.", {"contains": ["train"]}, 0.0),
        ("There is a cat.", {"lacks": ["the"]}, 1.0),
        ("See The cat.", {"lacks": ["the"]}, 0.0),
        ("A dim light", {"avoid": "eo"}, 1.0),
        ("A bright Eve", {"avoid": "e"}, 0.0),
        ("ALL LOUD 7!", {"case": "upper"}, 1.0),
        ("Not loud", {"case": "lower"}, 0.0),
        ("- a\n- b", {"lines": 2, "line_starts": "- "}, 1.0),
        ("Sure:\n- a", {"lines": 2, "line_starts": "- "}, 0.0),
        ("1. a\n2. b", {"numbered": 2}, 1.0),
        ("1. a\n3. b", {"numbered": 2}, 0.0),
        ("We saw a storm.", {"last_word": "storm"}, 1.0),
        ('"Why not?"', {"ends_with": "?"}, 1.0),
        ("<note>hi</note>", {"starts_with": "<note>", "ends_with": "</note>"}, 1.0),
        ("  ", {"max_words": 5}, 0.0),
    ],
)
def test_form_checks_each_demand(answer, form, expected):
    assert grade("form", answer, json.dumps(form)) == expected


@pytest.mark.parametrize("reference", ["", "{}", "[1]", '{"rhyme": 2}'])
def test_form_with_unknown_demands_is_ungraded(reference):
    assert grade("form", "anything", reference) is None


@given(st.sampled_from(sorted(GRADERS)), st.text(), st.text())
def test_no_text_breaks_a_grader(name, answer, reference):
    assert grade(name, answer, reference) in (0.0, 1.0, None)
