from __future__ import annotations

import fnmatch
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_router import TINY, Told, tiny

from pointsman import NoCandidateError, Router, UnknownModelError, WishError
from pointsman.manifest import Model
from pointsman.wishes import matches


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ({"models": ["*a*"]}, ("small", "large")),
        ({"models": ["!s*"]}, ("mid", "large")),
        ({"models": ["*l*", "!large"]}, ("small",)),
        ({"exclude": ("mid", "lar*")}, ("small",)),
        ({"models": ["small", "mid"], "exclude": ["s*"]}, ("mid",)),
    ],
)
def test_a_pool_may_be_told_by_patterns_and_by_what_is_taken_out(wish, left):
    decision = tiny([0.5, 0.5, 0.5]).route("Hi", **wish)
    assert tuple(decision.utilities) == left
    assert set(decision.excluded) == {"small", "mid", "large"} - set(left)


def test_a_pool_that_nothing_fits_is_told_with_each_reason():
    with pytest.raises(NoCandidateError) as error:
        tiny([0.5, 0.5, 0.5]).route("Hi", models=["gpt-*", "!mid"])
    assert error.value.reasons == {
        "small": "not in the requested models",
        "mid": "excluded by the request",
        "large": "not in the requested models",
    }


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("*", True), ("a*a", True), ("ab*a", True), ("aba", True), ("a*b*a", True), ("**", True), ("*b*", True),
     ("aba*aba", False), ("a*c", False), ("?ba", False), ("[a]ba", False), ("", False), ("*ab", False)],
)  # fmt: skip
def test_a_star_stands_for_any_text_and_nothing_else_does(pattern, fits):
    assert matches("aba", [pattern]) is fits


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_patterns_are_those_of_the_standard_library_where_only_stars_are_marks(pattern, name):
    assert matches(name, [pattern]) == fnmatch.fnmatchcase(name, pattern)


@pytest.mark.parametrize("name", ["o3 [high]", "what?", "a*b"])
def test_a_name_with_the_marks_of_a_pattern_is_itself(name):
    models = (Model(name, 1.0, 0.3, 0.3), *TINY.models[1:])
    router = Router(replace(TINY, models=models, labels=(name, *TINY.labels[1:])), Told([0.5, 0.5, 0.5], 0.6))
    assert router.route("Hi", models=[name]).model == name
    assert list(router.route("Hi", exclude=[name]).excluded) == [name]


@pytest.mark.parametrize("argument", ["models", "exclude"])
def test_a_misspelt_name_is_no_pattern(argument):
    with pytest.raises(UnknownModelError, match="did you mean 'large'"):
        tiny([0.5, 0.5, 0.5]).route("Hi", **{argument: ["larg"]})


@pytest.mark.parametrize(
    ("wish", "model", "reason"),
    [
        ({"min_success": 0.5}, "small", "utility"),
        ({"min_success": 0.65}, "large", "utility; raised to min_success"),
        ({"min_success": 0.9}, "large", "utility; no model reaches min_success"),
        ({"on_boundary": "step_up"}, "mid", "utility; stepped up at the boundary"),
        ({"on_boundary": "default"}, "mid", "utility; default at the boundary"),
        ({"on_boundary": "default", "exclude": ["mid"]}, "small", "utility"),
        ({"on_boundary": "step_up", "exclude": ["mid"]}, "small", "utility"),
        ({"min_success": np.float32(0.66)}, "large", "utility; raised to min_success"),
        ({"cost_quality": np.arange(11)[10]}, "small", "utility"),
        ({"cost_quality": 0}, "large", "utility"),
        ({"cost_quality": 10}, "small", "utility"),
    ],
)
def test_wishes_change_the_choice_and_say_so(wish, model, reason):
    # Utilities are 0.475, 0.4 and 0.2: a close call between the first two.
    decision = tiny([0.6, 0.65 - 1e-9, 0.7]).route("Hi", **wish)
    assert (decision.model, decision.reason) == (model, reason)
    assert decision.estimated_cost_usd == {"small": 1.0, "mid": 2.0, "large": 4.0}[model]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"cost_quality": 11}, "cost_quality is 11, expected a number from 0 to 10"),
        ({"min_success": "high"}, "min_success is 'high', expected a number from 0 to 1"),
        ({"min_success": float("nan")}, "min_success is nan"),
        ({"on_boundary": "up"}, "on_boundary is 'up', expected one of ['decide', 'step_up', 'default']"),
        ({"operating_point": "plain", "cost_quality": 5}, "both operating_point and cost_quality are given"),
    ],
)
def test_a_wish_out_of_range_is_told(wish, words):
    with pytest.raises(WishError, match=re.escape(words)):
        tiny([0.5, 0.5, 0.5]).route("Hi", **wish)


def test_an_unfamiliar_prompt_goes_to_the_fallback_whatever_is_wished():
    wish = {"cost_quality": 10, "min_success": 0.9, "on_boundary": "step_up"}
    decision = tiny([0.9, 0.1, 0.95], similarity=0.25).route("Hi", **wish)
    assert (decision.model, decision.reason) == ("mid", "unfamiliar prompt")
