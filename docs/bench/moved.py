"""What moved against the committed figures: ratios and sizes, never absolute times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# By so much a figure may differ on the same code; tails and single slow strings swing more than medians.
TOLERANCE = 0.25
_WIDE = 1.0
_WIDE_WHERE = ("p95", "p99", "adversarial")
_BOUNDED = ("ratio", "bundle_mb", "onnx_mb", "short")


def moved(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Write a sentence for each figure that moved, worst first; figures that only one side has are left out.

    Examples
    --------
    >>> moved({"short": {"20 words": 10.0}}, {"short": {"20 words": 15.0}})
    ['short / 20 words: 10.0 before, 15.0 now, 50 % more']
    """
    old, new = dict(_figures(before)), dict(_figures(now))
    change = {name: new[name] / old[name] - 1 for name in new if old.get(name)}
    kept = {name: share for name, share in change.items() if max(share, -share / (1 + share)) > _tolerance(name)}
    return [
        f"{name}: {old[name]} before, {new[name]} now, {abs(share):.0%}".replace("%", " %")
        + (" more" if share > 0 else " less")
        for name, share in sorted(kept.items(), key=lambda one: -one[1])
    ]


def _tolerance(name: str) -> float:
    return _WIDE if any(part in name for part in _WIDE_WHERE) else TOLERANCE


def _figures(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """Yield every ratio and size with its path."""
    for key, value in tree.items():
        here = (*path, key)
        if isinstance(value, Mapping):
            yield from _figures(value, here)
        elif any(part in _BOUNDED for part in here):
            yield " / ".join(part for part in here if part not in ("routers", "decision", "ratio")), float(value)
