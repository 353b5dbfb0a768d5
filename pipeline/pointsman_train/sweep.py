"""What a run of several knows of the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sweep:
    """The sweep that a run is a part of: its folder, by which its runs know one another, and what this run changes."""

    folder: str
    changes: str
