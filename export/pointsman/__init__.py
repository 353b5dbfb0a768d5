"""The thin runtime: load an exported router and route prompts with it.

>>> from pointsman import Router
>>> router = Router.load("export/routers/pointsman/1")  # doctest: +SKIP
>>> router.route("What is 17 * 23?").model  # doctest: +SKIP
'small'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.decision import Decision
from pointsman.errors import (
    BundleCorruptError,
    BundleError,
    BundleNotFoundError,
    ExtraMissingError,
    NoCandidateError,
    PointsmanError,
    PromptError,
    RoutingError,
    SchemaVersionError,
    UnknownModelError,
    UnknownOperatingPointError,
    WishError,
)
from pointsman.router import Router

if TYPE_CHECKING:
    from pointsman.dispatch.spans import Spans
    from pointsman.dispatch.transport import async_http_client, http_client

__all__ = [
    "BundleCorruptError",
    "BundleError",
    "BundleNotFoundError",
    "Decision",
    "ExtraMissingError",
    "NoCandidateError",
    "PointsmanError",
    "PromptError",
    "Router",
    "RoutingError",
    "SchemaVersionError",
    "Spans",
    "UnknownModelError",
    "UnknownOperatingPointError",
    "WishError",
    "async_http_client",
    "http_client",
]


def __getattr__(name: str) -> Any:
    """Import what sends requests when it is first asked for: httpx2 takes as long as all of the rest."""
    if name not in ("Spans", "async_http_client", "http_client"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pointsman.dispatch import spans, transport

    return getattr(spans if name == "Spans" else transport, name)
