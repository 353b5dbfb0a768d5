"""The routers that are measured: what the default settings make of a set, kept until code or settings change."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from bench.paths import ROOT, RUNS
from bench.prompts import open_data

# As few resamples as the settings allow: nothing here reads the evaluation.
_SETTINGS = ("tracking=none", "evaluate.left_out.enabled=false", "evaluate.resamples=40")
_MADE_OF = ("conf/**/*.yaml", "export/**/*.py", "pipeline/**/*.py", "data/fleet/*.parquet", "constraints.txt")


def names() -> list[str]:
    """Name the sets with a router, first the one that most is measured of."""
    here = (open_data() / "llmrouter" / "prompts.parquet").is_file()
    return ["llmrouter", "embedded"] if here else ["embedded"]


def bundle_of(name: str) -> Path:
    """Return the bundle of a set; train it where there is none of this state of the code."""
    folder = RUNS / "routers" / f"{name}-{_fingerprint()}"
    if not folder.is_dir():
        _train(name, folder)
    (manifest,) = folder.glob("*/1/router.json")
    return manifest.parent


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for pattern in _MADE_OF:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _train(name: str, folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [str(Path(sys.executable).parent / "pointsman-train"), *_SETTINGS]
    command += [f"export.folder={partial}", f"hydra.run.dir={RUNS}/{name}"]
    command += [] if name == "embedded" else [f"experiment={name}"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    partial.rename(folder)
