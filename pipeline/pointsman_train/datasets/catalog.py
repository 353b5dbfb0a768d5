"""The catalog: list prices of models, from TOML, YAML or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pointsman.dispatch import catalog_fields
from pointsman.dispatch.content import parsed
from pointsman_train.data import ModelSpec
from pointsman_train.datasets.read_text import require_file
from pointsman_train.errors import DataError

_PRICES = ("input_per_m", "output_per_m", "avg_per_m")


def read_catalog(path: str) -> dict[str, ModelSpec]:
    """Read a catalog: a mapping of models' names to mappings with their prices.

    Parameters
    ----------
    path
        A ``.toml``, ``.yaml``, ``.yml`` or ``.json`` file. Each model may have ``input_per_m``, ``output_per_m`` and
        ``avg_per_m`` in USD per million tokens; other keys are left alone.

    Raises
    ------
    DataError
        When the file cannot be read or a price is negative or no number.
    """
    return {name: _spec(name, entry, path) for name, entry in read_entries(path).items()}


def read_entries(path: str) -> dict[str, Mapping[str, Any]]:
    """Read a catalog's entries as they stand, by model; a model listed with nothing has an empty one.

    Raises
    ------
    DataError
        When the file cannot be read, or an entry is not a mapping.
    """
    file = Path(path)
    require_file(file)
    return {str(name): _entry(str(name), entry, path) for name, entry in parsed(file, "catalog", DataError).items()}


def _entry(name: str, entry: Any, path: str) -> Mapping[str, Any]:
    # A model listed with nothing is one whose prices are not known.
    found = {} if entry is None else entry
    if not isinstance(found, dict):
        raise DataError(f"{path}: model {name!r}: expected a mapping with prices, got {entry!r}")
    return found


def _spec(name: str, prices: Mapping[str, Any], path: str) -> ModelSpec:
    return ModelSpec(name, **{key: _price(prices.get(key), key, name, path) for key in _PRICES})


def _price(value: Any, key: str, name: str, path: str) -> float | None:
    if value is None:
        return None
    try:
        return catalog_fields.price(value)
    except ValueError as error:
        raise DataError(f"{path}: model {name!r}: {key} {error}, or null where unknown") from error
