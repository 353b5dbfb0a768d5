from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.errors import DataError
from pointsman_train.evaluate.router import Blend, Choice
from pointsman_train.evaluate.slicing import by_label, by_language, by_length, by_margin, by_source, slicings


def _names(slicing):
    return [slicing.names[k] for k in slicing.member]


def test_labels_are_the_rungs_and_all_fail(hand):
    assert _names(by_label(hand)) == ["small", "medium", "large", "all-fail", "small", "medium"]


def test_lengths_are_counted_in_characters_and_limits_belong_to_the_shorter():
    found = _names(by_length(["", "x" * 100, "x" * 101, "x" * 3000, "x" * 3001]))

    assert found == ["up to 100 characters"] * 2 + ["101 to 300 characters"] + [
        "1001 to 3000 characters",
        "over 3000 characters",
    ]


def test_languages_come_with_the_most_frequent_first():
    slicing = by_language(["12", "What is the time?", "Who are you?", "34", "Name all of the colours."])

    assert slicing.names == ("English", "no letters")
    assert slicing.member.tolist() == [1, 0, 0, 1, 0]


def test_the_boundary_margin_is_a_limit_between_slices():
    margin = np.array([0.0, 0.024, 0.069, 0.07, 0.1, 0.4, 5.0, np.inf])

    assert _names(by_margin(margin, 0.07)) == [
        "below 0.025",
        "below 0.025",
        "0.05 to 0.07",
        "0.07 to 0.1",
        "0.1 to 0.2",
        "0.4 and more",
        "0.4 and more",
        "no probability decided",
    ]
    assert by_margin(margin, 0.0).names == by_margin(margin, 0.1).names


def test_every_prompt_is_in_one_slice_of_each_way(hand, hand_router):
    prompts = [f"What is the sum of {k} and {k}?" for k in range(6)]
    ways = slicings(hand, prompts, hand_router.default)

    assert [way.by for way in ways] == ["label", "source", "length", "language", "margin"]
    for way in ways:
        assert way.member.shape == (6,)
        assert way.member.min() >= 0
        assert way.member.max() < len(way.names)


def test_a_choice_without_margins_is_not_sliced_by_them(hand):
    ways = slicings(hand, [""] * 6, Blend(np.array([0.5, 0.5, 0.0])))

    assert "margin" not in [way.by for way in ways]


def test_texts_must_be_as_many_as_prompts(hand):
    with pytest.raises(DataError, match=r"5 texts were given for 6 test prompts"):
        slicings(hand, [""] * 5, Choice(np.zeros(6, int)))


def test_sources_are_sorted_and_an_empty_name_is_unknown():
    slicing = by_source(["web", "", "app", "web"])

    assert slicing.names == ("unknown source", "app", "web")
    assert slicing.member.tolist() == [2, 0, 1, 2]
