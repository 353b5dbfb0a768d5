from __future__ import annotations

import json
from collections import Counter

import pytest

from pointsman_train.embedded.build import SEED
from pointsman_train.embedded.generate import FAMILIES, generate, normal_form
from pointsman_train.errors import ConfigError
from pointsman_train.graders import GRADERS

ITEMS = generate(2400, SEED)


def test_a_longer_generation_starts_with_the_shorter_one():
    assert generate(500, SEED) == ITEMS[:500]


def test_another_seed_writes_other_prompts():
    others = {item.prompt_id for item in generate(500, SEED + 1)}
    assert len(others & {item.prompt_id for item in ITEMS[:500]}) < 250


def test_no_two_prompts_are_alike_after_normalising():
    assert len({normal_form(item.prompt) for item in ITEMS}) == len(ITEMS)
    assert len({item.prompt_id for item in ITEMS}) == len(ITEMS)


def test_families_are_balanced_and_each_has_several_levels():
    counts = Counter(item.family for item in ITEMS)
    assert len(counts) == len(FAMILIES) >= 12
    assert max(counts.values()) - min(counts.values()) <= 10
    for name, _, mix in FAMILIES:
        levels = {item.level for item in ITEMS if item.family == name}
        assert levels == set(mix)
        assert len(levels) >= 3


def perfect_answer(item):
    """What a model that knows all would say; forms have no single right answer."""
    return " ".join(group.split("|")[0] for group in item.reference.split(" & "))


@pytest.mark.parametrize("family", [name for name, _, _ in FAMILIES])
def test_the_reference_itself_is_graded_as_right(family):
    items = [item for item in ITEMS if item.family == family and item.grader != "form"]
    wrong = [item.prompt for item in items if GRADERS[item.grader](perfect_answer(item), item.reference) != 1.0]
    assert wrong == []


@pytest.mark.parametrize("family", [name for name, _, _ in FAMILIES])
def test_silence_fails_and_so_does_a_parrot_but_for_a_few_free_forms(family):
    items = [item for item in ITEMS if item.family == family]
    assert {GRADERS[item.grader]("", item.reference) for item in items} == {0.0}
    # A free text about a topic has the form of the request that names the topic.
    echoed = [GRADERS[item.grader](item.prompt, item.reference) for item in items if item.grader != "form"]
    assert None not in echoed
    assert sum(map(float, echoed)) <= 0.1 * len(items)


def test_arithmetic_references_are_what_python_computes():
    plain = [i for i in ITEMS if i.family == "arithmetic" and i.prompt.startswith("Compute ") and "%" not in i.prompt]
    assert len(plain) >= 5
    for item in plain:
        expression = item.prompt.removeprefix("Compute ").split(". Reply")[0].replace("^", "**").replace("plus", "+")
        assert eval(expression) == int(item.reference)


def test_sorted_lists_are_sorted():
    lists = [i for i in ITEMS if i.family == "sorting" and i.prompt.startswith("Sort these numbers from smallest")]
    assert lists
    for item in lists:
        values = [int(v) for v in item.reference.split(", ")]
        assert values == sorted(values)


def test_structured_references_are_json_objects():
    for item in ITEMS:
        if item.grader in ("json", "form"):
            assert isinstance(json.loads(item.reference), dict)


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (5, -1)])
def test_counts_and_seeds_out_of_range_are_refused(count, seed):
    with pytest.raises(ConfigError, match=f"got count={count} and seed={seed}"):
        generate(count, seed)
