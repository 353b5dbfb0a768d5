"""Where the package finds what it ships beside its code: the Hydra configuration and the embedded data."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def _shipped(inside_wheel: str, in_checkout: str) -> Path:
    packaged = _PACKAGE / inside_wheel
    return packaged if packaged.is_dir() else _CHECKOUT / in_checkout


def conf_dir() -> Path:
    """Folder of the Hydra configuration: inside the wheel, or ``conf/`` of a checkout.

    Examples
    --------
    >>> (conf_dir() / "train.yaml").is_file()
    True
    """
    return _shipped("_conf", "conf")


def data_dir() -> Path:
    """Folder of the embedded data set: inside the wheel, or ``data/`` of a checkout.

    Examples
    --------
    >>> (data_dir() / "fleet" / "prompts.parquet").is_file()
    True
    """
    return _shipped("_data", "data")
