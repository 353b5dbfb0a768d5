"""Writing a bundle: into a hidden folder first, under its name only when it is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from pointsman.bundle import CARD_FILE, ONNX_FILE, load_bundle
from pointsman.errors import BundleError
from pointsman.manifest import MANIFEST_FILE
from pointsman_train.errors import ExportError

_UNNAMED = MANIFEST_FILE + ".partial"


def next_version(folder: Path) -> str:
    """Return one more than the highest whole-number version in the folder of a router's versions.

    Examples
    --------
    >>> next_version(Path("no-such-folder"))
    '1'
    """
    taken = [int(path.name) for path in folder.glob("*") if path.name.isdecimal()] if folder.is_dir() else []
    return str(max(taken, default=0) + 1)


def write_bundle(folder: Path, onnx: bytes, manifest: str, card: str) -> Path:
    """Write the three files of a bundle; either the folder appears whole or not at all.

    Parameters
    ----------
    folder
        Must not exist yet: a version is never overwritten.

    Raises
    ------
    ExportError
        When the folder exists or cannot be written.
    """
    if folder.exists():
        raise ExportError(f"{folder} exists already; a version is never overwritten, choose another export.version")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise ExportError(f"{folder.parent} cannot be written to ({error}); set export.folder") from error
    try:
        files = {ONNX_FILE: onnx, CARD_FILE: card.encode(), _UNNAMED: manifest.encode()}
        for name, content in files.items():
            _write_durably(partial / name, content)
        partial.chmod(0o755)
        partial.rename(folder)
        # A folder without its manifest does not load; this last step makes it a router, wherever a run is cut off.
        (folder / _UNNAMED).rename(folder / MANIFEST_FILE)
    except OSError as error:
        raise ExportError(f"{folder} could not be written ({error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _check(folder)
    return folder


def _check(folder: Path) -> None:
    try:
        load_bundle(folder)
    except BundleError as error:
        shutil.rmtree(folder)
        raise ExportError(f"the bundle does not load and was taken away again: {error}") from error


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
