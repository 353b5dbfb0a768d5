"""The errors of dispatching, in the runtime's tree.

::

    PointsmanError
    ├── CatalogError            the catalog cannot be read, or does not fit the router or the environment
    ├── SettingsError           a setting is out of range
    └── RoutingError
        ├── BodyError           the request's body, or a routing field in it, is of the wrong form
        ├── NoCandidateError    every model was excluded (of pointsman.errors)
        └── KeyMissingError     an endpoint's key is not in the environment any more
"""

from __future__ import annotations

from pointsman.errors import PointsmanError, RoutingError


class CatalogError(PointsmanError, ValueError):
    """The serving catalog cannot be used."""


class SettingsError(PointsmanError, ValueError):
    """A setting of the dispatcher is out of range."""


class BodyError(RoutingError, ValueError):
    """The request's body is of the wrong form.

    Parameters
    ----------
    message
        What was got, what was expected.
    field
        Name of the field at fault; None where it is the body as a whole.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        self.field = field
        super().__init__(message)


class KeyMissingError(RoutingError):
    """The environment variable of an endpoint's key is not set, or holds what no header can carry."""
