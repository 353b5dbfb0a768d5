"""The README's tables, from the measured figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from quality_tables import table, write_between

from bench.machine import said
from bench.paths import MEASURED, PEERS, README
from bench.peers_table import peers_table

# Microseconds, and prompts a second and core, on two shared x86-64 cores with one thread.
TARGET_US: Mapping[str, int] = {"20": 150, "200": 350, "2000": 900, "20000": 3_000}
TARGET_RATE = {"256": 8_000}
TARGET_SPREAD = 3
TARGET_ADVERSARIAL_MS = 10
TARGET_FOOTPRINT: Mapping[str, tuple[str, float, str]] = {
    "import_beyond_s": ("import beyond numpy and onnxruntime", 0.150, "s"),
    "first_s": ("start of the process to the first decision", 0.5, "s"),
    "first_mb": ("resident memory after it", 110, "MB"),
    "warm_mb": ("resident memory after prompts of all lengths", 110, "MB"),
}
TARGET_BUNDLE_MB = 10


def write_tables() -> None:
    """Write what was measured between the README's markers."""
    found = json.loads(MEASURED.read_text())
    parts = [*_parts(found)]
    if PEERS.is_file():
        parts += [peers_table(json.loads(PEERS.read_text()))]
    write_between(README, "bench", "\n\n".join(parts))


def _parts(found: Mapping[str, Any]) -> Iterator[str]:
    about, routers = found["machine"], found["routers"]
    name, first = next(iter(routers.items()))
    yield (
        f"{said(about)}; one thread, warm, a load of {about['load']} from other work. Prompts of {found['prompts']}; "
        "(x) is how many times as long as the floor, an Identity graph on the same string in the same run. Quantiles "
        "are over five rounds, some seconds apart."
    )
    yield _decisions(routers)
    yield _rates(routers)
    yield _footprint(first["footprint"])
    yield f"Where the time of one decision goes, in us, by block of the graph of `{name}`:"
    yield _blocks(first["blocks"])
    yield _adversarial(first["adversarial"])


def _decisions(routers: Mapping[str, Any]) -> str:
    head = ["one decision, us", "words", "p50 (x)", "quietest round", "target", "p95 (x)", "p99 (x)", "target", "floor"]
    rows = [
        _decision(name, words, one) for name, router in routers.items() for words, one in router["decision"].items()
    ]
    return table(head, rows)


def _decision(name: str, words: str, one: Mapping[str, Any]) -> list[str]:
    quietest, most = f"{one['quietest_us']['p50']:,.0f}", f"{TARGET_SPREAD * one['us']['p50']:,.0f}"
    median = [_us(one, "p50"), quietest, f"{TARGET_US[words]:,}"]
    return [name, f"{int(words):,}", *median, _us(one, "p95"), _us(one, "p99"), most, f"{one['floor_us']['p50']:,.1f}"]


def _us(one: Mapping[str, Any], quantile: str) -> str:
    return f"{one['us'][quantile]:,.0f} ({one['ratio'][quantile]:.1f})"


def _rates(routers: Mapping[str, Any]) -> str:
    sizes = next(iter(next(iter(routers.values()))["batch"].values()))
    head = ["prompts a second and core, in batches of", "prompts", *(f"{size} (x)" for size in sizes), "target at 256"]
    rows = [
        [name, kind, *(f"{one['per_second']:,} ({one['ratio']:.1f})" for one in by_size.values()),
         f"{TARGET_RATE['256']:,}" if kind == "20 words" else ""]
        for name, router in routers.items() for kind, by_size in router["batch"].items()
    ]  # fmt: skip
    return table(head, rows)


def _footprint(found: Mapping[str, Any]) -> str:
    rows = []
    for key, (what, target, unit) in TARGET_FOOTPRINT.items():
        ratio = f"{found['ratio'][key]:.2f}" if key in found["ratio"] else ""
        rows.append([what, f"{found['router'][key]:.3g} {unit}", ratio, f"{target:g} {unit}"])
    rows.append(["bundle", f"{found['bundle_mb']:.1f} MB", "", f"{TARGET_BUNDLE_MB} MB"])
    return table(["footprint", "", "x", "target, at most"], rows)


def _blocks(found: Mapping[str, Mapping[str, float]]) -> str:
    names = sorted({block for one in found.values() for block in one}, key=lambda block: -found["20"].get(block, 0))
    head = ["words", *names]
    rows = [[f"{int(words):,}", *(f"{one.get(block, 0):,.0f}" for block in names)] for words, one in found.items()]
    return table(head, rows)


def _adversarial(found: Mapping[str, Mapping[str, float]]) -> str:
    worst = sorted(found, key=lambda name: -found[name]["ms"])
    listed = ", ".join(f"{name} {found[name]['ms']:.1f}" for name in worst[:5])
    return (
        f"Of {len(found)} strings of a megabyte made to be slow, the slowest take, in ms (median of "
        f"runs; target {TARGET_ADVERSARIAL_MS} at most): {listed}. The worst single run took "
        f"{max(one['worst_ms'] for one in found.values()):.1f} ms."
    )
