"""Random numbers that are a process's own."""

from __future__ import annotations

import os

import numpy as np


class Chance:
    """A generator, anew in each process that a fork makes: siblings would otherwise draw the same numbers.

    Parameters
    ----------
    rng
        Given, it is used wherever it is, so that what is drawn can be repeated; None is one of its own.

    Examples
    --------
    >>> given = np.random.default_rng(0)
    >>> Chance(given).rng is given
    True
    """

    __slots__ = ("_given", "_process", "_rng")

    def __init__(self, rng: np.random.Generator | None = None) -> None:
        self._given, self._process = rng is not None, os.getpid()
        self._rng = np.random.default_rng() if rng is None else rng

    @property
    def rng(self) -> np.random.Generator:
        """The generator of this process."""
        if not self._given and self._process != os.getpid():
            self._rng, self._process = np.random.default_rng(), os.getpid()
        return self._rng
