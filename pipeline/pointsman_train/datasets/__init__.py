"""Data sets: files or hub tables in, :class:`pointsman_train.data.Outcomes` out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman_train.datasets.catalog import read_catalog
from pointsman_train.datasets.load import load
from pointsman_train.datasets.source import Columns, DatasetConfig, HubConfig, LongConfig, PromptsConfig, WideConfig

# By their names in `conf/dataset/`.
SCHEMAS: Mapping[str, type[Any]] = {
    "long_schema": LongConfig,
    "wide_schema": WideConfig,
    "hub_schema": HubConfig,
    "prompts_schema": PromptsConfig,
}

__all__ = [
    "SCHEMAS",
    "Columns",
    "DatasetConfig",
    "HubConfig",
    "LongConfig",
    "PromptsConfig",
    "WideConfig",
    "load",
    "read_catalog",
]
