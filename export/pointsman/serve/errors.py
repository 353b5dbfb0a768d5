"""The errors of starting a server, in the runtime's tree."""

from __future__ import annotations

from pointsman.errors import PointsmanError


class ServeError(PointsmanError, ValueError):
    """The server cannot start as it was asked to."""
