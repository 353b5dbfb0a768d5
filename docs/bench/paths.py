"""Where the benchmark reads and writes."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT / "docs" / "measured" / "bench.json"
PEERS = ROOT / "docs" / "measured" / "peers.json"
README = ROOT / "README.md"
RUNS = ROOT / "runs" / "bench"
