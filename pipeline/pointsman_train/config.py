"""The settings as Hydra sees them: dataclasses are the schemas, ``conf/`` holds the values."""

from __future__ import annotations

from typing import Any, TypeVar

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from pointsman_train.commands import Command
from pointsman_train.errors import ConfigError
from pointsman_train.paths import data_dir

Schema = TypeVar("Schema")


def register(command: Command[Any]) -> None:
    """Tell Hydra a command's schemas, and OmegaConf where the embedded data is; again, it changes nothing."""
    store = ConfigStore.instance()
    # There is one store, and all that Hydra asks of it are copies; but --help copies it whole, 160 times in 6 s.
    store.__dict__["__deepcopy__"] = lambda _: store
    store.store(name=f"{command.name}_schema", node=command.settings)
    for group, schemas in command.groups.items():
        for name, node in schemas.items():
            store.store(group=group, name=name, node=node)
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
