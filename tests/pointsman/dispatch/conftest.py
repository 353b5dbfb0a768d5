"""Upstreams on loopback, and catalogs for the real router of the test run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pandas as pd
import pytest

import pointsman
from pointsman.dispatch.catalog import Catalog
from pointsman.dispatch.core import Dispatcher
from pointsman.dispatch.settings import Breaker, Retries, Settings
from pointsman_train.paths import data_dir

sys.path.insert(0, str(Path(__file__).parent))

from asking import Asker
from fake_upstream import Upstream, entry

QUICK = Retries(first_backoff_s=0.01, longest_backoff_s=0.02, longest_retry_after_s=2.0, deadline_s=20.0)


@pytest.fixture
def serve() -> Iterator[Callable[..., Upstream]]:
    """Start upstreams that stop with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *replies, **settings: stack.enter_context(Upstream(*replies, **settings))


@pytest.fixture
def hasty() -> Callable[..., Settings]:
    """Make settings whose waits are short."""

    def make(breaker: Breaker | None = None, retries: Retries = QUICK, **settings: Any) -> Settings:
        return Settings(retries=retries, breaker=breaker or Breaker(), **settings)

    return make


@pytest.fixture(scope="session")
def familiars(router) -> list[str]:
    """Prompts that the router knows the like of, so that their probabilities decide."""
    prompts = pd.read_parquet(data_dir() / "fleet" / "prompts.parquet").prompt.tolist()[:200]
    known = [one for one, made in zip(prompts, router.route_many(prompts), strict=True) if not made.unfamiliar]
    assert len(known) > 20
    return known[:20]


@pytest.fixture
def catalog(router, tmp_path) -> Callable[..., Catalog]:
    """Make a catalog: each model of the router has an endpoint at each upstream given, or the entry given for it."""

    def make(*upstreams: Upstream | str, entries: dict[str, dict[str, Any]] | None = None, **shared: Any) -> Catalog:
        content = {model: entry(*upstreams, **shared) for model in router.models} | (entries or {})
        path = tmp_path / "catalog.json"
        path.write_text(json.dumps(content))
        return Catalog.read(path)

    return make


@pytest.fixture
def core(router, catalog):
    def make(settings=None, router=router, entries=None, shared=None, **more):
        return Dispatcher(router, catalog("http://127.0.0.1:9/v1", entries=entries, **(shared or {})), settings, **more)

    return make


@pytest.fixture
def client(router, catalog, hasty):
    """Make the official client over the transport; upstreams and entries are for the catalog."""
    made = []

    def make(*upstreams, entries=None, shared=None, settings=None, timeout=None, **more):
        http = pointsman.http_client(
            router, catalog(*upstreams, entries=entries, **(shared or {})), settings=settings or hasty(), **more
        )
        made.append(http)
        return openai.OpenAI(http_client=http, api_key="caller-key", **({"timeout": timeout} if timeout else {}))

    yield make
    for http in made:
        http.close()


@pytest.fixture
def run(router, catalog, hasty):
    """Run a coroutine with the official async client over the transport."""

    def make(work, *upstreams, settings=None, **more):
        async def main():
            http = pointsman.async_http_client(router, catalog(*upstreams), settings=settings or hasty(), **more)
            async with openai.AsyncOpenAI(http_client=http, api_key="caller-key") as made:
                return await work(made)

        return asyncio.run(main())

    return make


@pytest.fixture(params=["sync", "async", "aiohttp"])
def ask(request, router, hasty):
    if request.param != "aiohttp":
        return Asker(request.param == "async", router, hasty)
    from pointsman.serve.upstream import AiohttpTransport

    return Asker(True, router, hasty, AiohttpTransport)
