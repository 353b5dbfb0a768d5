"""Measure the runtime, say what moved against the committed figures, and write them where asked to.

usage: make bench            measures, compares, leaves runs/bench/bench.json
       make bench WRITE=1    commits the figures too: docs/measured/bench.json and the README's tables
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from bench.measure import measure
from bench.moved import TOLERANCE, moved
from bench.paths import MEASURED, RUNS
from bench.readme import write_tables


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--write", action="store_true", help="update docs/measured/bench.json and the README's tables")
    options = parser.parse_args()
    RUNS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    found = measure(lambda step: _say(f"{time.monotonic() - began:5.0f} s  {step}"))
    text = json.dumps(found, indent=1) + "\n"
    (RUNS / "bench.json").write_text(text)
    if MEASURED.is_file():
        changes = moved(json.loads(MEASURED.read_text()), found)
        _say("\n".join(changes) or f"nothing moved by more than {100 * TOLERANCE:.0f} % against the committed figures")
    if options.write:
        MEASURED.write_text(text)
        write_tables()
    _say(f"{RUNS / 'bench.json'} has the figures" + ("" if options.write else "; WRITE=1 commits them"))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
