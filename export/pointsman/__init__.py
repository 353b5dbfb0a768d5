"""The thin runtime: load an exported router and route prompts with it.

>>> from pointsman import Router
>>> router = Router.load("export/routers/pointsman/1")  # doctest: +SKIP
>>> router.route("What is 17 * 23?").model  # doctest: +SKIP
'small'
"""

from pointsman.decision import Decision
from pointsman.errors import (
    BundleCorruptError,
    BundleError,
    BundleNotFoundError,
    NoCandidateError,
    PointsmanError,
    PromptError,
    RoutingError,
    SchemaVersionError,
    UnknownModelError,
    UnknownOperatingPointError,
)
from pointsman.router import Router

__all__ = [
    "BundleCorruptError",
    "BundleError",
    "BundleNotFoundError",
    "Decision",
    "NoCandidateError",
    "PointsmanError",
    "PromptError",
    "Router",
    "RoutingError",
    "SchemaVersionError",
    "UnknownModelError",
    "UnknownOperatingPointError",
]
