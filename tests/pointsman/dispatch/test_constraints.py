from __future__ import annotations

from dataclasses import replace

import pytest

from pointsman import NoCandidateError
from pointsman.dispatch.api import Api
from pointsman.dispatch.catalog import Catalog, Endpoint
from pointsman.dispatch.constraints import screen
from pointsman.dispatch.controls import Controls, Preferences
from pointsman.dispatch.needs import Needs

PLAIN = Needs(1000, 500, 200, False, frozenset(), frozenset({"temperature"}))
SMALL = Endpoint(
    "a/small", "one", "http://h/v1", "s", input_per_m=1.0, output_per_m=2.0, context_window=1100,
    capabilities=frozenset({"tools"}), parameters=frozenset({"temperature"}),
)  # fmt: skip
LARGE = Endpoint(
    "b/large", "two", "http://h/v1", "l", input_per_m=5.0, output_per_m=9.0, context_window=9000, max_output=300,
    capabilities=frozenset({"tools", "images"}), collects_data=False, zdr=True, apis=frozenset({"chat"}),
)  # fmt: skip
CATALOG = Catalog({"a/small": (SMALL,), "b/large": (LARGE, replace(LARGE, provider="three", zdr=False))})


def screened(needs=None, api=Api.CHAT, catalog=CATALOG, **controls):
    return screen(["a/small", "b/large"], catalog, Controls(**controls), api, needs)


def left(pool):
    return [endpoint.id for endpoints in pool.endpoints.values() for endpoint in endpoints]


NOTHING_KEPT = Catalog({**{"a/small": (replace(SMALL, zdr=True),)}, "b/large": CATALOG.of("b/large")})
EVERY = ["a/small@one", "b/large@two", "b/large@three"]


@pytest.mark.parametrize(
    ("controls", "expected"),
    [
        ({}, EVERY),
        ({"models": ("b/*",)}, EVERY[1:]),
        ({"models": ("*", "!b/*")}, EVERY[:1]),
        ({"models": ("!a/*",)}, EVERY[1:]),
        ({"exclude": ("b/large",)}, EVERY[:1]),
        ({"provider": Preferences(only=("one", "three"))}, ["a/small@one", "b/large@three"]),
        ({"provider": Preferences(ignore=("two",))}, ["a/small@one", "b/large@three"]),
        ({"provider": Preferences(order=("three",))}, EVERY),
        ({"provider": Preferences(order=("three",), allow_fallbacks=False)}, ["b/large@three"]),
        ({"provider": Preferences(data_collection="deny")}, EVERY[1:]),
        ({"provider": Preferences(zdr=True)}, ["b/large@two"]),
        ({"provider": Preferences(data_collection="deny"), "catalog": NOTHING_KEPT}, EVERY),
        ({"provider": Preferences(max_price={"prompt": 1.0})}, EVERY[:1]),
        ({"provider": Preferences(max_price={"prompt": 5.0, "completion": 9.0})}, EVERY),
    ],
)
def test_the_pool_is_what_the_request_leaves(controls, expected):
    assert left(screened(**controls)) == expected


def test_models_that_lack_what_is_needed_are_left_out_with_the_reason():
    pool = screened(replace(PLAIN, capabilities=frozenset({"images", "tools"})))
    assert pool.excluded == {"a/small": "its context window is 1100 tokens, the request may need 1200"}
    pool = screened(replace(PLAIN, input_tokens=900, capabilities=frozenset({"images", "tools"})))
    assert pool.excluded == {"a/small": "is not stated to be capable of images"}
    with pytest.raises(NoCandidateError) as error:
        screened(replace(PLAIN, capabilities=frozenset({"reasoning"})))
    assert error.value.reasons["b/large"] == "is not stated to be capable of reasoning"


def test_the_room_for_an_answer_counts_where_it_is_stated():
    stated = replace(PLAIN, input_tokens=10, output_tokens=400, stated_output=True)
    assert screened(stated).excluded == {"b/large": "answers with at most 300 tokens, 400 are asked for"}
    assert screened(replace(stated, stated_output=False)).excluded == {}


def test_required_parameters_must_be_stated():
    wish = Preferences(require_parameters=True)
    few = replace(PLAIN, input_tokens=10)
    assert screened(few, provider=wish).excluded == {"b/large": "is not stated which parameters it understands"}
    with pytest.raises(NoCandidateError, match="a/small: does not understand logprobs"):
        screened(replace(few, parameters=frozenset({"logprobs"})), provider=wish)


def test_an_endpoint_answers_in_the_apis_that_it_offers():
    assert screened(api=Api.RESPONSES).excluded == {"b/large": "does not offer the responses API"}


def test_a_pinned_model_needs_only_what_the_request_says():
    assert left(screened(None)) == EVERY


def test_an_unknown_price_is_no_price_that_is_allowed():
    free = Catalog({"a/small": (replace(SMALL, input_per_m=None),), "b/large": (LARGE,)})
    pool = screened(catalog=free, provider=Preferences(max_price={"prompt": 9.0}))
    assert pool.excluded == {"a/small": "its prompt price is not known, at most 9 are allowed"}


def test_nothing_left_tells_each_models_reasons_and_each_endpoints_where_they_differ():
    with pytest.raises(NoCandidateError) as error:
        screened(models=("b/*",), provider=Preferences(only=("two",), max_price={"completion": 3.0}))
    assert error.value.reasons == {
        "a/small": "not in the requested models",
        "b/large": "two: its completion price is 9 USD per million tokens, at most 3 are allowed, "
        "three: not one of the providers asked for",
    }
