"""The table of other routers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quality_tables import table

from bench.machine import said


def peers_table(found: Mapping[str, Any]) -> str:
    """Write what each router took on the same prompts, and why one is missing."""
    peers = found["peers"]
    floor = {length: one["floor"]["p50"] for length, one in peers["pointsman"].get("us", {}).items()}
    head = ["p50 / p99 in ms (x the floor)", *(f"{int(length):,} words" for length in floor)]
    head += ["cold start, s", "memory, MB", "packages, MB"]
    rows = [[f"{name}: {one['what']}", *_cells(one, floor)] for name, one in peers.items()]
    about = found["machine"]
    return (
        "Other routers that decide in process, each in an environment of its own (`make bench-peers`), on the same "
        f"prompts and by the same harness; {said(about)}, a load of {about['load']}:\n\n{table(head, rows)}"
    )


def _ms(us: float) -> str:
    return f"{us / 1_000:.0f}" if us >= 100_000 else f"{us / 1_000:.2g}"


def _cells(one: Mapping[str, Any], floor: Mapping[str, float]) -> list[str]:
    if "failed" in one:
        return [one["failed"], *[""] * (len(floor) + 2)]
    times = [
        f"{_ms(at['route']['p50'])} / {_ms(at['route']['p99'])} ({at['route']['p50'] / floor[length]:,.0f})"
        for length, at in one["us"].items()
    ]
    return [*times, f"{one['first_s']:.2g}", f"{one['first_mb']:.0f}", f"{one['packages']}, {one['installed_mb']:,}"]
