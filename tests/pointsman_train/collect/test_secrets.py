"""Keys are written nowhere, whatever an endpoint, a catalog or an environment does with them."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from pathlib import Path

import numpy as np
import pytest
from fake_endpoint import KEY, Reply, always

from pointsman_train.collect.client import Client
from pointsman_train.collect.endpoints import read_endpoints
from pointsman_train.collect.stage import collect, summarise
from pointsman_train.errors import CollectError, DataError

pytestmark = pytest.mark.usefixtures("quick")


def written(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite" for path in files)
    assert any(path.suffix == ".parquet" for path in files)
    return [path for path in files if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(),
        Reply(status=401),
        Reply(status=400),
        Reply(status=429),
        Reply(status=500),
        Reply(raw=f"<html>{KEY}</html>".encode()),
        Reply(status=302, headers={"Location": f"/v1/{KEY}"}),
        Reply(status=429, headers={"Retry-After": KEY}),
        Reply(cut=60),
        Reply(delay=5),
    ],
    ids=["good", "401", "400", "429", "500", "page", "redirect", "header", "cut", "hang"],
)
def test_a_key_that_the_endpoint_echoes_is_in_no_log_store_table_or_output(
    serve, configure, caplog, capfd, tmp_path, reply
):
    # At DEBUG the libraries below show the headers of a reply; the command turns them off.
    caplog.set_level(logging.INFO if reply.headers else logging.DEBUG)
    endpoint = serve(always(reply))
    config = configure({"m": endpoint.url}, ["x", "y"], timeout_s=0.2)
    collected = collect(config)
    assert {seen.authorization for seen in endpoint.seen} == {f"Bearer {KEY}"}
    assert caplog.records
    everything = [caplog.text, *capfd.readouterr(), summarise(collected, config), repr(collected), repr(config)]
    everything += [repr(record.__dict__) for record in caplog.records]
    assert not [text for text in everything if KEY in text]
    assert not written(tmp_path)


def test_a_key_is_in_no_repr_of_client_or_endpoint(serve, configure):
    config = configure({"m": serve().url}, ["x"])
    endpoint = read_endpoints(config.catalog, [])[0]

    async def shown() -> str:
        client = Client(endpoint, 1.0, np.random.default_rng(0))
        try:
            return repr(client) + str(client) + repr(vars(client)) + repr(client._openai)
        finally:
            await client.close()

    assert KEY not in repr(endpoint) + asyncio.run(shown())


def refused(config, **changes) -> str:
    """What is said of a catalog whose endpoint is changed so."""
    path = Path(config.catalog)
    catalog = json.loads(path.read_text())
    catalog["m"]["endpoint"] |= changes
    path.write_text(json.dumps(catalog))
    with pytest.raises((CollectError, DataError)) as caught:
        collect(config)
    return "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"api_key": KEY}, "unknown keys ['api_key']"),
        ({"api_key_env": KEY}, "is the name of an environment variable in capitals, not the key itself"),
        ({"base_url": f"http://me:{KEY}@127.0.0.1:1/v1"}, "without a password or a query"),
        ({"base_url": f"http://127.0.0.1:1/v1?key={KEY}"}, "without a password or a query"),
        ({"base_url": KEY}, "base_url must be http:// or https:// and a host"),
    ],
)
def test_a_key_in_the_wrong_place_of_a_catalog_is_refused_and_not_repeated(configure, changes, text):
    said = refused(configure({"m": "http://127.0.0.1:9/v1"}, ["x"]), **changes)
    assert text in said
    assert KEY not in said


@pytest.mark.parametrize("price", [True, -1, "cheap", None])
def test_a_price_that_is_none_is_told(configure, price):
    config = configure({"m": "http://127.0.0.1:9/v1"}, ["x"])
    catalog = json.loads(Path(config.catalog).read_text())
    catalog["m"]["output_per_m"] = price
    Path(config.catalog).write_text(json.dumps(catalog))
    with pytest.raises(DataError, match=f"output_per_m is {price!r}, expected US dollars per million tokens"):
        collect(config)


def test_a_price_that_yaml_takes_for_text_is_one(configure):
    config = configure({"m": "http://127.0.0.1:9/v1"}, ["x"])
    catalog = json.loads(Path(config.catalog).read_text())
    catalog["m"]["input_per_m"] = "1e-1"
    Path(config.catalog).write_text(json.dumps(catalog))
    assert read_endpoints(config.catalog, [])[0].input_per_m == 0.1


@pytest.mark.parametrize("tail", ["é", "\nx", "\x00"])
def test_a_key_that_no_header_carries_is_refused_and_not_repeated(configure, monkeypatch, tail):
    monkeypatch.setattr("os.environ", {"POINTSMAN_TEST_KEY": KEY + tail})
    said = refused(configure({"m": "http://127.0.0.1:9/v1"}, ["x"]))
    assert "'POINTSMAN_TEST_KEY' holds more than plain ASCII characters" in said
    assert KEY not in said


def test_a_key_with_a_line_end_as_files_have_it_is_used_without(serve, configure, monkeypatch):
    monkeypatch.setenv("POINTSMAN_TEST_KEY", KEY + "\n")
    endpoint = serve()
    collect(configure({"m": endpoint.url}, ["x"]))
    assert [seen.authorization for seen in endpoint.seen] == [f"Bearer {KEY}"]


def test_a_missing_key_is_told_before_anything_is_asked(serve, configure, monkeypatch):
    monkeypatch.delenv("POINTSMAN_TEST_KEY")
    endpoint = serve()
    with pytest.raises(CollectError, match="'POINTSMAN_TEST_KEY', the key of 'm', is not set"):
        collect(configure({"m": endpoint.url}, ["x"]))
    assert not endpoint.seen
