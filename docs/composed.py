"""The settings of `pointsman-train`, composed as its command line composes them."""

from __future__ import annotations

from hydra import compose, initialize_config_dir

from pointsman_train.commands import command_of
from pointsman_train.config import build, register
from pointsman_train.paths import conf_dir
from pointsman_train.pipeline import PipelineConfig


def settings(*overrides: str) -> PipelineConfig:
    """Compose the default settings with these overrides."""
    register(command_of("train"))
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return build(compose("train", overrides=list(overrides)), PipelineConfig)
