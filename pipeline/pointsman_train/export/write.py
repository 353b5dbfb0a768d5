"""Writing a bundle: into a hidden folder first, under its name only when it is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from pointsman.bundle import CARD_FILE, ONNX_FILE, load_bundle
from pointsman.manifest import MANIFEST_FILE
from pointsman_train.errors import ExportError


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
        # The manifest comes last: a folder without it does not load.
        for name, content in (
            (ONNX_FILE, onnx),
            (CARD_FILE, card.encode()),
            (MANIFEST_FILE, manifest.encode()),
        ):
            _write_durably(partial / name, content)
        load_bundle(partial)
        partial.chmod(0o755)
        partial.rename(folder)
    except OSError as error:
        raise ExportError(f"{folder} could not be written ({error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
