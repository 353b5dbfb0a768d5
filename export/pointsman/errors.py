"""The runtime's errors, one tree.

::

    PointsmanError
    ├── BundleError                 the files of an exported router
    │   ├── BundleNotFoundError     no such folder, or a file of the bundle is missing
    │   ├── BundleCorruptError      a hash, a probe or the manifest does not match
    │   └── SchemaVersionError      the manifest is of a schema that this version cannot read
    ├── ExtraMissingError           a package that an extra brings is not installed
    └── RoutingError                one call of route()
        ├── PromptError             the prompt is not text or a list of chat messages
        ├── WishError               an argument of the call is out of range, or two contradict each other
        ├── UnknownModelError       the pool names a model that the router was not trained on
        ├── UnknownOperatingPointError
        └── NoCandidateError        every model was excluded; carries the reason for each
"""

from __future__ import annotations

from collections.abc import Mapping


class PointsmanError(Exception):
    """Base of every error that the runtime raises on purpose."""


class ExtraMissingError(PointsmanError, ImportError):
    """A package of an extra is not installed.

    Parameters
    ----------
    package
        The package that was not found.
    who
        What needs it, with its verb.
    extra
        Of pointsman, that brings it.
    """

    def __init__(self, package: str | None, who: str = "the server needs", extra: str = "serve") -> None:
        super().__init__(f'{package} is not installed, which {who}: pip install "pointsman[{extra}]"')


class BundleError(PointsmanError):
    """The exported router's files cannot be used."""


class BundleNotFoundError(BundleError):
    """The folder, or a file that a bundle must have, does not exist."""


class BundleCorruptError(BundleError):
    """A file differs from what the manifest says of it."""


class SchemaVersionError(BundleError):
    """The manifest was written for another schema version."""


class RoutingError(PointsmanError):
    """A prompt could not be routed."""


class PromptError(RoutingError, ValueError):
    """The prompt is neither text nor a list of chat messages."""


class WishError(RoutingError, ValueError):
    """An argument of the call is out of range, or two contradict each other."""


class UnknownModelError(RoutingError, ValueError):
    """The pool names a model that this router does not know."""


class UnknownOperatingPointError(RoutingError, ValueError):
    """No operating point has this name."""


class NoCandidateError(RoutingError):
    """Every model was excluded.

    Parameters
    ----------
    reasons
        Why each model was excluded, by model name.
    """

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        listed = "; ".join(f"{model}: {reason}" for model, reason in self.reasons.items())
        super().__init__(f"no model is left to choose from ({listed})")
