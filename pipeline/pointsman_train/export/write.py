"""Writing a bundle: into a hidden folder first, under its name only when it is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
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


def refuse_existing(folder: Path) -> None:
    """Raise :class:`ExportError` where a version is there already."""
    if folder.exists():
        raise ExportError(f"{folder} exists already; a version is never overwritten, choose another export.version")


def write_bundle(
    folder: Path,
    onnx: bytes,
    manifest: str,
    card: str,
    register: Callable[[Path], object] = lambda _: None,
    more: Mapping[str, bytes] | None = None,
) -> Path:
    """Write the files of a bundle; it can be loaded from its folder only when all is done.

    Parameters
    ----------
    folder
        Must not exist yet: a version is never overwritten.
    register
        Called with a private copy of the bundle, verified, before it is published. If it raises, nothing is.
    more
        Content of files that routing does not need, by name.

    Raises
    ------
    ExportError
        When the folder exists or cannot be written, or the bundle does not load.
    """
    refuse_existing(folder)
    files = {ONNX_FILE: onnx, CARD_FILE: card.encode(), MANIFEST_FILE: manifest.encode(), **(more or {})}
    with tempfile.TemporaryDirectory(prefix="pointsman-") as private:
        copy = Path(private) / folder.name
        _write(copy, files)
        _check(copy)
        register(copy)
    files[_UNNAMED] = files.pop(MANIFEST_FILE)
    _publish(folder, files)
    return folder


def _check(folder: Path) -> None:
    try:
        load_bundle(folder)
    except BundleError as error:
        raise ExportError(f"the bundle does not load, so it is not published: {error}") from error


def _publish(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise ExportError(f"{folder.parent} cannot be written to ({error}); set export.folder") from error
    try:
        _write(hidden, files)
        hidden.chmod(0o755)
        hidden.rename(folder)
        # A folder without its manifest does not load; this last step makes it a router, wherever a run is cut off.
        (folder / _UNNAMED).rename(folder / MANIFEST_FILE)
    except OSError as error:
        raise ExportError(f"{folder} could not be written ({error})") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            _write_durably(folder / name, content)
    except OSError as error:
        raise ExportError(f"{folder.name} could not be written ({error})") from error


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
