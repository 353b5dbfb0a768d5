"""Take the README's picture of MLflow's own compare view: two versions of the embedded set's router, in a real browser.

usage: python docs/mlflow_screenshot.py [STORE]     (default: two versions are trained into a store of their own)

STORE is a folder with the mlflow.db of an earlier call. Needs Chromium; the picture lands in docs/plots/.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "plots" / "mlflow_compare.png"
# What differs between the two versions.
VERSIONS = (["formulation=per_model"], [])
LARGEST = 300_000
PATIENCE = 300.0
WIDTH, HEIGHT = 1500, 1500
# The view's sections that tell nothing of figures are closed, as a reader would, and so is what is not the view.
CLOSED = ("Visualizations", "Parameters", "Artifacts")
_CLICK = "[...document.querySelectorAll('[role=button]')].find(e => e.textContent.trim() === %s)?.click() ?? 0"
_THERE = "[...document.querySelectorAll('[role=button]')].some(e => e.textContent.trim() === %s)"


def main(store: Path | None) -> None:
    """Train where nothing was, open the view and take the picture."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = store or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "mlflow.db").is_file():
            for changes in VERSIONS:
                train(folder, changes)
        with server(folder) as address:
            picture(compare_address(address, folder), Path(scratch, "profile"))
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size} bytes\n")


def train(folder: Path, changes: list[str]) -> None:
    """Run every stage, and register the router."""
    command = [str(Path(sys.executable).parent / "pointsman-train"), *changes]
    command += [f"tracking.uri=sqlite:///{folder}/mlflow.db", f"export.folder={folder}/routers"]
    subprocess.run([*command, f"hydra.run.dir={folder}/run"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Serve MLflow's pages of a store, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(Path(sys.executable).parent / "mlflow"),
        "ui",
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
    ]
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    process = subprocess.Popen(
        [*command, "--port", str(port), "--workers", "1"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait(lambda: answers(address), "MLflow's server")
        yield address
    finally:
        # The server's worker is a child of its own.
        os.killpg(process.pid, 15)
        process.wait(30)


def answers(address: str) -> bool:
    """Say whether the server is there."""
    try:
        return bool(urllib.request.urlopen(address, timeout=30).status == 200)
    except OSError:
        return False


def compare_address(address: str, folder: Path) -> str:
    """Address of the view of the two newest versions' runs."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from mlflow import MlflowClient

    versions = MlflowClient(f"sqlite:///{folder}/mlflow.db").search_model_versions("name='pointsman'")
    runs = [version.run_id for version in sorted(versions, key=lambda version: int(version.version))[-2:]]
    told = urllib.parse.quote(json.dumps(runs))
    return f"{address}/#/compare-runs?runs={told}&experiments={urllib.parse.quote(json.dumps(['1']))}"


def picture(address: str, profile: Path) -> None:
    """Open the view, close what is not about figures, and keep what is left."""
    with driver().browser(profile) as tab:
        tab.open(address, WIDTH, HEIGHT)
        wait(lambda: "at_a_glance/01" in text(tab), "the metrics")
        tab.value("document.querySelector('[aria-label=\"Close\"]')?.click()")
        for section in CLOSED:
            if not tab.value(_THERE % json.dumps(section)):
                raise SystemExit(f"the view has no section {section!r}; MLflow has changed its page")
            tab.value(_CLICK % json.dumps(section))
        time.sleep(2)
        raw = PICTURE.with_suffix(".raw.png")
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        shot = Image.open(io.BytesIO(tab.screenshot(raw).read_bytes())).convert("RGB")
        raw.unlink()
    # Few colours are enough for text, and keep the file small.
    shot.quantize(64).save(PICTURE, optimize=True)
    if PICTURE.stat().st_size > LARGEST:
        raise SystemExit(f"{PICTURE} has {PICTURE.stat().st_size} bytes, expected at most {LARGEST}")


def text(tab: Any) -> str:
    """Return what the page shows."""
    return str(tab.value("document.body.innerText") or "")


def driver() -> ModuleType:
    """Load the tests' own way to speak to a browser."""
    path = ROOT / "tests" / "pointsman_train" / "report" / "browser.py"
    spec = importlib.util.spec_from_file_location("browser", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules["browser"] = module
    spec.loader.exec_module(module)
    # MLflow's page has 2,000 figures a run to draw; the tests' own pages have none of that.
    module._PATIENCE = PATIENCE  # type: ignore[attr-defined]
    return module


def wait(ready: Any, what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is there."""
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise SystemExit(f"{what} did not appear within {seconds:.0f} s")
        time.sleep(0.5)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None)
