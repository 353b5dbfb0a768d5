"""The server: OpenAI's API on your own router, catalog and keys; needs ``pip install "pointsman[serve]"``.

- ``keys``, ``guard``: who may ask.
- ``body``, ``respond``: a request's body within limits, and an answer to a caller that may go away.
- ``endpoints``, ``asgi``: the paths, and the application.
- ``metrics``: what Prometheus reads.
- ``reload``, ``connection``, ``run``: a new bundle without a restart, what a connection may hold up, and the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.errors import ExtraMissingError

if TYPE_CHECKING:
    from pointsman.serve.asgi import app

__all__ = ["app"]


def __getattr__(name: str) -> Any:
    """Import Starlette when it is first needed."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from pointsman.serve import asgi
    except ModuleNotFoundError as error:
        raise ExtraMissingError(error.name) from error
    return asgi.app
