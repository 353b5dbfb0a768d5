"""Which endpoint of a catalog is asked, and how."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from fake_endpoint import KEY

from pointsman_train.collect.stage import collect
from pointsman_train.errors import DataError


def table(config) -> pd.DataFrame:
    return pd.read_parquet(config.out)


def test_of_several_endpoints_the_first_that_speaks_chat_is_asked_and_gets_the_key_in_its_own_header(serve, configure):
    endpoint, other = serve(), serve()
    config = configure({"m": endpoint.url}, ["a"])
    catalog = json.loads(Path(config.catalog).read_text())
    first = catalog["m"].pop("endpoint") | {"provider": "one", "api_key_header": "api-key", "headers": {"x-team": "me"}}
    speechless = {"provider": "two", "base_url": other.url, "apis": ["responses"]}
    catalog["m"]["endpoints"] = [speechless, first, {"provider": "three", "base_url": other.url, "timeout_s": 5}]
    # What another model says is not read, nor what is of serving alone.
    catalog |= {"o": {"parameters": "70B", "endpoint": {"base_url": "not known yet"}}}
    catalog["m"] |= {"capabilities": ["vision"], "context_window": "128k"}
    Path(config.catalog).write_text(json.dumps(catalog))
    config.pool = ["m"]
    collect(config)
    assert table(config)["score"].tolist() == [1.0]
    assert not other.seen
    (seen,) = endpoint.seen
    assert (seen.headers["api-key"], seen.headers["x-team"], seen.authorization) == (KEY, "me", "")
    catalog["m"]["endpoints"] = [speechless]
    Path(config.catalog).write_text(json.dumps(catalog))
    with pytest.raises(DataError, match="none of 1 endpoints has 'chat' among its apis"):
        collect(config)
