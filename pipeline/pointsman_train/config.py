"""The settings as Hydra sees them: dataclasses are the schemas, ``conf/`` holds the values."""

from __future__ import annotations

from typing import Any, TypeVar

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from pointsman_train.collect.config import CollectConfig
from pointsman_train.comparison import CompareConfig
from pointsman_train.datasets import HubConfig, LongConfig, PromptsConfig, WideConfig
from pointsman_train.errors import ConfigError
from pointsman_train.judge import JudgeConfig
from pointsman_train.paths import data_dir
from pointsman_train.pipeline import PipelineConfig

Schema = TypeVar("Schema")
_DATASETS = {"long": LongConfig, "wide": WideConfig, "hub": HubConfig, "prompts": PromptsConfig}


def register() -> None:
    """Tell Hydra the schemas, and OmegaConf where the embedded data is; calling it again changes nothing."""
    store = ConfigStore.instance()
    store.store(name="train_schema", node=PipelineConfig)
    store.store(name="evaluate_schema", node=JudgeConfig)
    store.store(name="collect_schema", node=CollectConfig)
    store.store(name="compare_schema", node=CompareConfig)
    for name, node in _DATASETS.items():
        store.store(group="dataset", name=f"{name}_schema", node=node)
    OmegaConf.register_new_resolver("pointsman.data", _embedded, replace=True)


def _embedded(name: str) -> str:
    return str(data_dir() / name)


def build(config: DictConfig, schema: type[Schema]) -> Schema:
    """Turn a composed configuration into its dataclass.

    Raises
    ------
    ConfigError
        When a required value is missing, or a key is unknown that was added with ``+``.
    """
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ConfigError(f"no value for {missing!r}; give each on the command line, as {missing[0]}=VALUE")
    try:
        found: Any = OmegaConf.to_object(config)
    except AttributeError as error:
        raise ConfigError(f"{error}; see pointsman-train --help for the settings that there are") from error
    if not isinstance(found, schema):
        raise ConfigError(f"the configuration is a {type(found).__name__}, expected {schema.__name__}")
    return found
