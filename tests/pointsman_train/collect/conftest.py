"""A fake endpoint for every test that wants one, and settings of a run against it."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pointsman_train.collect.config import CollectConfig, PromptsConfig

sys.path.insert(0, str(Path(__file__).parent))

from fake_endpoint import KEY, Endpoint

KEY_VARIABLE = "POINTSMAN_TEST_KEY"
# A dollar a million tokens each way: an answer of 10 and 2 tokens costs 12 millionths.
PRICES = {"input_per_m": 1.0, "output_per_m": 1.0}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)


@pytest.fixture
def serve() -> Iterator[Callable[..., Endpoint]]:
    """Start endpoints that stop with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *script, **settings: stack.enter_context(Endpoint(*script, **settings))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits be short: before retries, and for what others do."""
    monkeypatch.setattr("pointsman_train.collect.client.FIRST_BACKOFF_S", 0.01)
    monkeypatch.setattr("pointsman_train.collect.collect._POLL_S", 0.01)


@pytest.fixture
def configure(tmp_path: Path) -> Callable[..., CollectConfig]:
    """Write prompts and a catalog, and return settings that name them.

    ``models`` are the endpoints, cheapest first: the first costs PRICES, the next ten times as much, and so on.
    """

    def make(
        models: Mapping[str, str],
        prompts: Sequence[str] | pd.DataFrame,
        limits: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> CollectConfig:
        catalog = {
            model: {
                **{name: price * 10**rung for name, price in PRICES.items()},
                "endpoint": {"base_url": url, "api_key_env": KEY_VARIABLE, **(limits or {})},
            }
            for rung, (model, url) in enumerate(models.items())
        }
        (tmp_path / "catalog.json").write_text(json.dumps(catalog))
        if not isinstance(prompts, pd.DataFrame):
            prompts = pd.DataFrame({"prompt_id": [f"p{i}" for i in range(len(prompts))], "prompt": prompts})
        if "reference" not in prompts:
            prompts = prompts.assign(reference="42")
        prompts.to_parquet(tmp_path / "prompts.parquet")
        given: dict[str, Any] = {
            "prompts": PromptsConfig(path=str(tmp_path / "prompts.parquet")),
            "catalog": str(tmp_path / "catalog.json"),
            "store": str(tmp_path / "answers.sqlite"),
            "out": str(tmp_path / "outcomes.parquet"),
            "plan": "full",
            "max_tokens": 10,
        }
        return CollectConfig(**(given | settings))

    return make
