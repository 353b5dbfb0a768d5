"""A real uvicorn on loopback, over the fake upstreams of the dispatcher's tests."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "dispatch"))
sys.path.insert(0, str(Path(__file__).parent))

from live_server import Live

_OTHERS = Path(__file__).parents[1] / "dispatch" / "conftest.py"
_spec = importlib.util.spec_from_file_location("dispatch_conftest", _OTHERS)
_dispatch = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_dispatch)
serve, hasty, familiars, catalog = _dispatch.serve, _dispatch.hasty, _dispatch.familiars, _dispatch.catalog


@pytest.fixture
def live(router, catalog, hasty) -> Iterator[Callable[..., Live]]:
    """Start servers that stop with the test."""
    from pointsman.serve import app

    with contextlib.ExitStack() as stack:

        def make(*upstreams: Any, entries: Any = None, router: Any = router, settings: Any = None, **more: Any) -> Live:
            made = app(router, catalog(*upstreams, entries=entries), settings=settings or hasty(), **more)
            return stack.enter_context(Live(made))

        yield make
