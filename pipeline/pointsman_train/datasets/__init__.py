"""Data sets: files or hub tables in, :class:`pointsman_train.data.Outcomes` out."""

from pointsman_train.datasets.catalog import read_catalog
from pointsman_train.datasets.load import load
from pointsman_train.datasets.source import Columns, DatasetConfig, HubConfig, LongConfig, PromptsConfig, WideConfig

__all__ = [
    "Columns",
    "DatasetConfig",
    "HubConfig",
    "LongConfig",
    "PromptsConfig",
    "WideConfig",
    "load",
    "read_catalog",
]
