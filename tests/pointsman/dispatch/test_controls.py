from __future__ import annotations

import contextlib
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.dispatch import controls
from pointsman.dispatch.controls import Controls, Preferences, Target, read_controls, read_target
from pointsman.dispatch.errors import BodyError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3),
    max_leaves=5,
)


def test_fields_stand_at_the_top_or_in_the_object_which_wins():
    body = {"model": "x", "models": ["a/*"], "session_id": "s", "pointsman": {"session_id": "t", "min_success": 0.5}}
    assert read_controls(body) == Controls(models=("a/*",), session_id="t", min_success=0.5)


def test_names_of_openrouter_are_understood():
    provider = {
        "sort": "latency", "order": ["a"], "only": ["a", "b"], "ignore": ["c"], "data_collection": "deny", "zdr": True,
        "allow_fallbacks": False, "require_parameters": True, "max_price": {"prompt": 1, "completion": 2.5},
    }  # fmt: skip
    found = read_controls({"provider": provider, "allowed_models": ["x"], "cost_quality_tradeoff": 7})
    assert found.provider == Preferences(
        "latency", ("a",), ("a", "b"), ("c",), "deny", True, False, True, {"prompt": 1.0, "completion": 2.5}
    )
    assert (found.models, found.cost_quality) == (("x",), 7.0)


def test_null_is_not_given():
    assert read_controls({"models": None, "provider": {"sort": None}, "pointsman": None}) == Controls()


def test_defaults_count_where_the_body_says_nothing():
    defaults = {"models": ["a"], "operating_point": "balanced", "on_boundary": "step_up"}
    assert read_controls({"models": ["b"]}, defaults) == Controls(
        models=("b",), operating_point="balanced", on_boundary="step_up"
    )
    assert read_controls({"cost_quality": 3}, defaults).operating_point is None
    assert read_controls({"operating_point": "p"}, {"cost_quality": 3}).cost_quality is None


def test_a_default_for_the_providers_counts_field_by_field():
    defaults = {"provider": {"data_collection": "deny", "sort": "latency"}}
    asked = {"provider": {"sort": "price", "data_collection": None}}
    assert read_controls(asked, defaults).provider == Preferences(data_collection="deny", sort="price")
    assert read_controls({"provider": {"data_collection": "allow"}}, defaults).provider.data_collection == "allow"
    order = read_controls({"provider": {"sort": "price"}}, {"provider": {"order": ["a"], "zdr": True}}).provider
    assert order == Preferences(sort="price", zdr=True)
    assert defaults == {"provider": {"data_collection": "deny", "sort": "latency"}}


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"models": "a"}, "models", "models is 'a', expected a list of at most 500 names"),
        ({"models": [""]}, "models", "models is '', expected text of 1 to 300 characters"),
        ({"models": ["a"] * 501}, "models", "models is a list, expected"),
        ({"exclude": [3]}, "exclude", "exclude is 3, expected text"),
        ({"cost_quality": 11}, "cost_quality", "cost_quality is 11, expected a number from 0 to 10"),
        ({"cost_quality": True}, "cost_quality", "cost_quality is True"),
        ({"min_success": float("nan")}, "min_success", "min_success is nan, expected a number from 0 to 1"),
        ({"on_boundary": "up"}, "on_boundary", "expected one of ['decide', 'step_up', 'default']"),
        ({"session_id": "s" * 301}, "session_id", "session_id is 'sss"),
        ({"provider": []}, "provider", "provider is a list, expected an object"),
        ({"provider": {"quantizations": []}}, "provider", "provider has 'quantizations', expected some of ['sort'"),
        ({"provider": {"sort": "fast"}}, "provider.sort", "expected one of ['price', 'latency', 'throughput']"),
        ({"provider": {"zdr": 1}}, "provider.zdr", "provider.zdr is 1, expected true or false"),
        (
            {"provider": {"max_price": {"prompt": -1}}},
            "provider.max_price.prompt",
            "is -1, expected a number 0 or more",
        ),
        ({"provider": {"max_price": {"prompt": 10**400}}}, "provider.max_price.prompt", "is 1000"),
        ({"provider": {"max_price": {"image": 1}}}, "provider.max_price", "has 'image', expected some of"),
        ({"pointsman": 3}, "pointsman", "pointsman is 3, expected an object"),
        ({"pointsman": {"modles": []}}, "pointsman", "pointsman has 'modles', expected some of ['models'"),
        ({"operating_point": "a", "cost_quality": 1}, "cost_quality", "gives both operating_point and cost_quality"),
    ],
)
def test_a_field_of_the_wrong_form_is_told_by_its_name(body, field, message):
    with pytest.raises(BodyError) as error:
        read_controls(body)
    assert error.value.field == field
    assert message in str(error.value)


def test_a_long_value_is_cut_short_in_the_message():
    with pytest.raises(BodyError) as error:
        read_controls({"operating_point": "x" * 100_000})
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("model", "target"),
    [
        ("pointsman/auto", Target()),
        ("pointsman/no_loss", Target(operating_point="no_loss")),
        ("openai/small", Target(pinned="openai/small")),
    ],
)
def test_a_models_name_routes_or_pins(model, target):
    assert read_target(model) == target


@pytest.mark.parametrize("model", [None, "", 3, [], {}])
def test_a_model_that_is_no_text_is_told(model):
    with pytest.raises(BodyError, match="expected 'pointsman/auto' or the name of a model"):
        read_target(model)


def test_every_field_has_a_reader_and_is_cut():
    assert {field.name for field in fields(Controls)} == set(controls._FIELDS) <= controls.ROUTING_KEYS
    assert {field.name for field in fields(Preferences)} == set(controls._PREFERENCES)


@given(st.dictionaries(st.sampled_from([*sorted(controls.ROUTING_KEYS), "model"]), JSON))
def test_any_values_are_read_or_refused(body):
    with contextlib.suppress(BodyError):
        assert isinstance(read_controls(body), Controls)
        read_target(body.get("model"))
