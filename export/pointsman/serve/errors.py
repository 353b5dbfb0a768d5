"""The errors of starting a server, in the runtime's tree."""

from __future__ import annotations

from pointsman.errors import PointsmanError


class ServeError(PointsmanError, ValueError):
    """The server cannot start as it was asked to."""


class ExtraMissingError(PointsmanError, ImportError):
    """A package of the extra ``serve`` is not installed.

    Parameters
    ----------
    package
        The package that was not found.
    """

    def __init__(self, package: str | None) -> None:
        super().__init__(f'{package} is not installed, which the server needs: pip install "pointsman[serve]"')
