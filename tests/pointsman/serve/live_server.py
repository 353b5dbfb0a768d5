"""A real uvicorn on loopback, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import openai
import uvicorn

from pointsman.serve.connection import Connection


class Live:
    """A server in a thread of its own."""

    def __init__(self, app: Any, config: uvicorn.Config | None = None) -> None:
        self.app = app
        config = config or uvicorn.Config(app, port=0, http=Connection, ws="none", lifespan="on", log_level="warning")
        self.server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> Live:
        self._thread.start()
        until(lambda: self.server.started)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    def client(self, key: str = "none-needed") -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0)


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)
