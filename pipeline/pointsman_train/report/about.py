"""What a report tells of a router beside what was measured: its name, what its points promise, its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pointsman.manifest import Manifest
from pointsman_train.train.router import TrainedRouter


@dataclass(frozen=True, slots=True)
class Promise:
    """What an operating point promises.

    Attributes
    ----------
    target
        What it was fitted to, in words, on prompts that the heads had not seen.
    held_out
        What an exported router's manifest says that it held on its own test split, by figure: value, low and high end.
        Empty where these prompts are that test split.
    """

    target: str
    held_out: Mapping[str, Sequence[float | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of the router.

    Attributes
    ----------
    name
        Of the router; with its version where it is exported.
    default
        Name of the default operating point.
    promises
        By operating point.
    data
        What ``data.json`` holds of the training data: counts, fingerprints and what was left out.
    left_out
        Rows of the judged data that were left out or only noted while they were read, by the reason.
    warnings
        What the reader must know first.
    """

    name: str
    default: str
    promises: Mapping[str, Promise] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def about_trained(name: str, router: TrainedRouter, data: Mapping[str, Any], warnings: tuple[str, ...] = ()) -> About:
    """Tell of a router that was just trained."""
    promises = {point: Promise(fitted.target) for point, fitted in router.operating_points.items()}
    return About(name, router.default_operating_point, promises, data, data.get("left_out", {}), warnings)


def about_exported(
    manifest: Manifest, left_out: Mapping[str, int] | None = None, warnings: tuple[str, ...] = ()
) -> About:
    """Tell of an exported router what its manifest says."""
    points = manifest.operating_points.items()
    return About(
        name=f"{manifest.name}/{manifest.version}",
        default=manifest.default_operating_point,
        promises={name: Promise(point.target, point.held_out) for name, point in points},
        data=manifest.data,
        left_out=left_out or {},
        warnings=warnings,
    )
