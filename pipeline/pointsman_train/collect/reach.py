"""Whether an endpoint can be reached at all: with nobody there, each request would wait out its tries in vain."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds without a connection after which nothing more is asked in this run: of an address where nobody has ever
# answered, as one that is spelt wrong, and of one that has, as where a network fails for a while.
NEVER_ANSWERED_S = 30.0
ANSWERED_S = 300.0
# Longer than any wait between two tries.
_QUIET_S = 60.0


class Reach:
    """Counts the time since an endpoint was last reached.

    Parameters
    ----------
    clock
        Seconds, monotonic.

    Examples
    --------
    >>> now = [0.0]
    >>> reach = Reach(clock=lambda: now[0])
    >>> reach.failed()
    False
    >>> now[0] = 31.0
    >>> reach.failed()
    True
    >>> now[0] = 500.0
    >>> reach.failed()
    False
    >>> reach.answered()
    >>> reach.failed()
    False
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._last = 0.0
        self._patience = NEVER_ANSWERED_S

    @property
    def lost(self) -> bool:
        """Whether the last connection could not be made."""
        return self._since is not None

    def answered(self) -> None:
        """Note that somebody was there, whatever was said."""
        self._since, self._patience = None, ANSWERED_S

    def failed(self) -> bool:
        """Note a connection that could not be made; says whether it has been so for too long."""
        now = self._clock()
        # What nobody tried in between was not lost for so long.
        if self._since is None or now - self._last > _QUIET_S:
            self._since = now
        self._last = now
        return now - self._since > self._patience
