from __future__ import annotations

import json
import logging

import pytest

from pointsman import UnknownModelError
from pointsman.dispatch.catalog import Catalog, Endpoint
from pointsman.dispatch.core import Dispatcher
from pointsman.dispatch.errors import CatalogError, KeyMissingError
from pointsman_train.collect.endpoints import read_endpoints
from pointsman_train.paths import data_dir

KEY = "sk-recognisable-0123456789"
TOML = """
["openai/small"]
input_per_m = 0.1
output_per_m = 0.4
context_window = 8000
capabilities = ["tools", "json_schema"]
source = "a note, left alone"

[["openai/small".endpoints]]
base_url = "https://api.example.com/v1/"
model = "small-2026"
api_key_env = "EXAMPLE_KEY"

[["openai/small".endpoints]]
provider = "mine"
base_url = "http://127.0.0.1:8000/v1"
input_per_m = 0.05
context_window = 4000
collects_data = false
zdr = true
headers = {X-Title = "me"}
apis = ["chat"]
"""


def written(tmp_path, content, name="catalog.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def one(**endpoint):
    return {"m": {"endpoint": {"base_url": "http://h/v1"} | endpoint}}


def test_an_endpoint_has_what_its_model_has_unless_it_says_otherwise(tmp_path):
    first, second = Catalog.read(written(tmp_path, TOML, "catalog.toml")).of("openai/small")
    assert (first.provider, first.remote_model, first.base_url) == (
        "api.example.com", "small-2026", "https://api.example.com/v1",
    )  # fmt: skip
    assert (first.input_per_m, first.context_window, first.collects_data, first.zdr) == (0.1, 8000, True, False)
    assert (second.provider, second.remote_model, second.input_per_m) == ("mine", "openai/small", 0.05)
    assert (second.context_window, second.collects_data, second.zdr) == (4000, False, True)
    assert second.capabilities == {"tools", "json_schema", "json_object"}
    assert dict(second.headers) == {"x-title": "me"}
    assert second.apis == {"chat"}


def test_a_catalog_of_the_collector_is_a_catalog_here():
    path = data_dir() / "fleet" / "catalog.yaml"
    collected = {one.model: one for one in read_endpoints(str(path), [])}
    served = Catalog.read(path)
    assert set(served.models) == set(collected)
    for model, [endpoint] in served.models.items():
        other = collected[model]
        assert (endpoint.base_url, endpoint.remote_model) == (other.base_url, other.remote_model)
        assert (endpoint.input_per_m, endpoint.output_per_m) == (other.input_per_m, other.output_per_m)


def test_a_model_without_an_endpoint_is_not_served_and_a_price_may_be_text(tmp_path):
    catalog = Catalog.read(written(tmp_path, one() | {"n": None, "o": {"input_per_m": "1e-1"}}))
    assert list(catalog.models) == ["m"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "expected a mapping, got a list"),
        ({}, "none of 0 models has a section 'endpoint'"),
        ({"m": 3}, "'m': expected a mapping with prices and endpoints, got a int"),
        ({"pointsman/auto": {}}, "does not begin with 'pointsman/'"),
        ({"m\n": {}}, "a model's name is plain ASCII"),
        ({"m": {"endpoint": {}}}, "endpoint 1: expected a mapping with base_url"),
        ({"m": {"contxt_window": 4}}, "unknown key 'contxt_window'; did you mean 'context_window'?"),
        (one(api_key="x"), "unknown keys ['api_key']"),
        (one(base_url="ftp://h"), "base_url must be http:// or https://"),
        (one(base_url="http://u:p@h/v1"), "base_url must be http:// or https://"),
        (one(base_url="http://h:99999/v1"), "base_url is 'http://h:99999/v1', which is no address: Port out of range"),
        (one(base_url="http://127.0.0.256/v1"), "which is no address"),
        (one(base_url="http://a..b/v1"), "which is no address"),
        (one(base_url="http://[::1/v1"), "which is no address"),
        (one(base_url=None), "endpoint 1: expected a mapping with base_url"),
        ({"m": {"endpoint": {}, "api_key_env": "K"}}, "api_key_env is an endpoint's; move it into 'endpoint'"),
        ({"m": {"endpoint": {}, "endpoints": []}}, "it has both 'endpoint' and 'endpoints'"),
        ({"gpt-4": {"1": {"endpoint": {}}}}, "'1' is a mapping of its own; in TOML a name with a dot is quoted"),
        (one(api_key_env=KEY), "api_key_env is the name of an environment variable in capitals"),
        (one(headers={"Authorization": KEY}), "headers has ['authorization']; a key goes into"),
        (one(headers={"a b": "c"}), "headers is 'a b', expected the name of a header"),
        (one(headers={"a": "c\r\nd: e"}), "headers is expected to be plain ASCII text"),
        (one(input_per_m=-1), "input_per_m is -1, expected US dollars"),
        (one(context_window=1.5), "context_window is 1.5, expected a whole number"),
        (one(capabilities=["telepathy"]), "capabilities has ['telepathy'], expected some of"),
        (one(apis=[]), "apis has [], expected some of ['chat', 'responses']"),
        (one(zdr="yes"), "zdr is 'yes', expected true or false"),
        (one(timeout_s=0), "timeout_s is 0, expected seconds, more than 0"),
        ({"m": {"endpoints": [{"base_url": "http://h/v1"}] * 2}}, "several endpoints have the provider 'h'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_without_a_key(tmp_path, content, message):
    with pytest.raises(CatalogError) as error:
        Catalog.read(written(tmp_path, content))
    assert message in str(error.value)
    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("c.txt", "", "ends in .toml, .json, .yaml, .yml"), ("c.json", "{", "cannot be parsed"),
     ("c.toml", "a = ", "cannot be parsed"), ("c.yaml", "a: [", "cannot be parsed")],
)  # fmt: skip
def test_a_file_that_cannot_be_parsed_is_told(tmp_path, name, content, message):
    with pytest.raises(CatalogError, match=message):
        Catalog.read(written(tmp_path, content, name))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CatalogError, match="cannot be read: No such file"):
        Catalog.read(tmp_path / "catalog.json")


def test_a_model_of_the_ladder_without_an_entry_is_told(router, tmp_path):
    with pytest.raises(CatalogError, match=rf"no endpoint for \['{router.models[1]}'") as error:
        Catalog.read(written(tmp_path, one() | {router.models[0]: one()["m"]})).check(router.models)
    assert "it has ['m'" in str(error.value)


def test_an_entry_that_is_not_on_the_ladder_is_told_and_can_still_be_pinned(router, catalog, caplog):
    with caplog.at_level(logging.WARNING):
        Dispatcher(router, catalog("http://h/v1", entries=one()))
    assert "['m'] of the catalog: they are never chosen" in caplog.text


def test_a_missing_key_is_told_by_its_variable(tmp_path, monkeypatch):
    monkeypatch.delenv("POINTSMAN_TEST_KEY", raising=False)
    catalog = Catalog.read(written(tmp_path, one(api_key_env="POINTSMAN_TEST_KEY")))
    with pytest.raises(CatalogError, match="variable 'POINTSMAN_TEST_KEY', the key of 'm@h', is not set"):
        catalog.check([])
    monkeypatch.setenv("POINTSMAN_TEST_KEY", KEY + "\nx: y")
    with pytest.raises(KeyMissingError, match="holds more than plain ASCII") as error:
        catalog.of("m")[0].key()
    assert KEY not in str(error.value)


def test_a_key_and_headers_are_not_in_the_repr(tmp_path, monkeypatch):
    monkeypatch.setenv("POINTSMAN_TEST_KEY", KEY)
    catalog = Catalog.read(written(tmp_path, one(api_key_env="POINTSMAN_TEST_KEY", headers={"X-Org": KEY})))
    assert catalog.of("m")[0].key() == KEY
    assert KEY not in repr(catalog)


def test_an_unknown_model_is_told_with_the_nearest(tmp_path):
    catalog = Catalog.read(written(tmp_path, {"gpt-5-mini": one()["m"]}))
    with pytest.raises(UnknownModelError, match="'gpt-5-mni' is not a model of the catalog; did you mean 'gpt-5-mini'"):
        catalog.of("gpt-5-mni")


@pytest.mark.parametrize(
    ("prices", "cost"),
    [((1.0, 2.0, None), 0.00002), ((1.0, 2.0, 0.25), 0.0000125), ((None, 2.0, None), None), ((1.0, None, None), None)],
)
def test_a_cost_counts_cached_tokens_and_is_unknown_without_a_price(prices, cost):
    given, answer, cached = prices
    endpoint = Endpoint("m", "p", "", "m", input_per_m=given, output_per_m=answer, cached_per_m=cached)
    # 6 fresh, 10 cached, 2 out: 6 + 10 + 4, and 6 + 10/4 + 4.
    found = endpoint.cost_usd(16, 2, 10)
    assert found == (None if cost is None else pytest.approx(cost))


def test_a_file_that_is_no_yaml_is_told_by_line_and_not_quoted(tmp_path):
    path = tmp_path / "catalog.yaml"
    path.write_text("small:\n  api_key: sk-secret: [\n")
    with pytest.raises(
        CatalogError, match=r"cannot be parsed: mapping values are not allowed here in line 2, "
    ) as error:
        Catalog.read(path)
    assert "sk-secret" not in str(error.value)
    assert error.value.__cause__.__cause__ is None
