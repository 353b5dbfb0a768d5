"""Measure other routers on the same prompts, by the same harness, each in an environment of its own.

usage: make bench-peers            installs into .venv-peers/, measures, leaves runs/bench/peers.json
       make bench-peers WRITE=1    commits the figures too: docs/measured/peers.json and the README's table
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.floor import floor_graph
from bench.machine import machine
from bench.paths import PEERS as COMMITTED
from bench.paths import ROOT, RUNS
from bench.peer_list import PEERS, Peer
from bench.prompts import LENGTHS, read_corpus
from bench.readme import write_tables
from bench.routers import bundle_of, names

_ENVIRONMENTS = ROOT / ".venv-peers"
_SCRIPT = Path(__file__).parent / "peer.py"
_ROUNDS = 3
# Of one round: runs, and the seconds after which a slow router has had enough of one length.
_RUNS, _SECONDS = 700, 6.0


class _FailedError(Exception):
    """A router could not be installed or run; the message goes into the table."""


def main() -> None:
    """Install, measure, and write the figures where asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers")
    parser.add_argument("--write", action="store_true", help="update docs/measured/peers.json and the README's table")
    options = parser.parse_args()
    RUNS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(measure(), indent=1) + "\n"
    (RUNS / "peers.json").write_text(text)
    if options.write:
        COMMITTED.write_text(text)
        write_tables()
    _say(f"{RUNS / 'peers.json'} has the figures" + ("" if options.write else "; WRITE=1 commits them"))


def measure() -> dict[str, Any]:
    """Measure all in rounds, so that a busy minute does not fall on one of them alone."""
    about, failed, took = machine(), dict[str, str](), dict[str, list[dict[str, Any]]]()
    for peer in PEERS:
        _try(peer, failed, lambda peer=peer: _install(peer))
    with tempfile.TemporaryDirectory() as name:
        given = _given(Path(name))
        for turn in range(_ROUNDS):
            for peer in PEERS:
                _say(f"round {turn + 1} of {_ROUNDS}: {peer.name}")
                _try(peer, failed, lambda peer=peer: took.setdefault(peer.name, []).append(_measure(peer, given)))
    if "pointsman" in failed:
        raise SystemExit(f"pointsman: {failed['pointsman']}")
    rows = {peer.name: _row(peer, failed, took) for peer in PEERS}
    return {"machine": about, "router": names()[0], "peers": rows}


def _try(peer: Peer, failed: dict[str, str], step: Any) -> None:
    if peer.name in failed:
        return
    try:
        step()
    except _FailedError as error:
        failed[peer.name] = str(error)
        _say(f"{peer.name}: {error}")


def _install(peer: Peer) -> None:
    folder = _ENVIRONMENTS / peer.environment
    done, wanted = folder / ".requirements", "\n".join(peer.requirements)
    if done.is_file() and done.read_text() == wanted and peer.environment != "pointsman":
        return
    _say(f"installing {peer.environment}")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *peer.requirements], "not installed")
    done.write_text(wanted)


def _given(folder: Path) -> Path:
    corpus = read_corpus()
    (folder / "floor.onnx").write_bytes(floor_graph())
    (folder / "texts.json").write_text(json.dumps({str(length): corpus.texts(length) for length in LENGTHS}))
    given = {
        "bundle": str(bundle_of(names()[0])),
        "floor": str(folder / "floor.onnx"),
        "texts": str(folder / "texts.json"),
        "examples": corpus.texts(LENGTHS[0])[:60],
        "runs": _RUNS,
        "seconds": _SECONDS,
    }
    (folder / "input.json").write_text(json.dumps(given))
    return folder / "input.json"


def _measure(peer: Peer, given: Path) -> dict[str, Any]:
    python = _ENVIRONMENTS / peer.environment / "bin" / "python"
    command = [str(python), "-P", str(_SCRIPT), peer.name, str(time.monotonic()), str(given)]
    found: dict[str, Any] = json.loads(_run(command, "installed, but does not run").splitlines()[-1])
    return found


def _run(command: Sequence[str], failure: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=_ENVIRONMENTS)
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
        # A reason goes into the README: no address of an index, no path of this machine.
        raise _FailedError(f"{failure}: " + re.sub(r"\w+://\S+|/\S+/", "", "".join(last)))
    return done.stdout


def _row(peer: Peer, failed: dict[str, str], took: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    if peer.name in failed:
        return {"what": peer.what, "failed": failed[peer.name]}
    rounds = took[peer.name]
    site = next((_ENVIRONMENTS / peer.environment / "lib").glob("python*/site-packages"))
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file() and not path.is_symlink())
    row = {"what": peer.what, "packages": rounds[0]["packages"], "installed_mb": round(size / 1e6)}
    row |= {key: round(statistics.median(one[key] for one in rounds), 2) for key in ("first_s", "first_mb")}
    return row | {"us": {str(length): _median(rounds, str(length)) for length in LENGTHS}}


def _median(rounds: Sequence[dict[str, Any]], length: str) -> dict[str, Any]:
    """Median of the rounds for each quantile, of the router and, in its process, of the floor."""
    one = rounds[0][length]
    found = {
        call: {q: statistics.median(turn[length][call][q] for turn in rounds) for q in one[call]}
        for call in one
        if call != "runs"
    }
    return {"runs": sum(turn[length]["runs"] for turn in rounds), **found}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
