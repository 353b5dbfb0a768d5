"""Data sets: files or hub tables in, :class:`pointsman_train.data.Outcomes` out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman_train.datasets.catalog import read_catalog
from pointsman_train.datasets.load import load
from pointsman_train.datasets.source import Columns, DatasetConfig, HubConfig, LongConfig, PromptsConfig, WideConfig

# By its name for Hydra.
SCHEMAS: Mapping[str, type[Any]] = {
    "dataset/long_schema": LongConfig,
    "dataset/wide_schema": WideConfig,
    "dataset/hub_schema": HubConfig,
    "dataset/prompts_schema": PromptsConfig,
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
