"""What a decision is as an object; what it says is tested with the router."""

from __future__ import annotations

import copy
import json

import pytest

SUM = "What is 17 * 23?"


@pytest.fixture
def decision(router):
    return router.route(SUM, exclude=[router.models[0]])


def test_it_does_not_change(decision, router):
    for name in decision.to_dict():
        with pytest.raises(AttributeError):
            setattr(decision, name, None)
    with pytest.raises(AttributeError):
        decision.other = 1
    # What it hands out is the caller's own.
    for name in ("complexity", "p_success", "utilities", "excluded"):
        getattr(decision, name).clear()
    assert decision == router.route(SUM, exclude=[router.models[0]])
    assert list(decision.excluded) == [router.models[0]]
    assert list(decision.utilities) == list(router.models[1:])


def test_it_is_equal_to_one_that_says_the_same(decision, router):
    assert decision == router.route_many([SUM], exclude=[router.models[0]])[0]
    assert decision != router.route(SUM)
    assert decision != decision.to_dict()
    with pytest.raises(TypeError, match="unhashable"):
        hash(decision)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_says_the_same(decision, copied):
    assert copied(decision) == decision


def test_with_another_value_the_rest_stays(decision, router):
    other = decision.but(model=router.models[2], margin=None)
    assert other.to_dict() == decision.to_dict() | {"model": router.models[2], "margin": None}
    with pytest.raises(TypeError):
        decision.but(colour="red")


def test_it_prints_and_goes_into_json_as_what_it_says(decision):
    told = decision.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert repr(decision).startswith(f"Decision(model={decision.model!r}, label={decision.label!r}, complexity={{")
    assert all(f"{name}={value!r}" in repr(decision) for name, value in told.items())
