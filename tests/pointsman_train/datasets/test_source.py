from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue

from pointsman_train.datasets import Columns, DatasetConfig, HubConfig, LongConfig, WideConfig


@dataclass
class Root:
    dataset: DatasetConfig = field(default_factory=DatasetConfig)


def composed(form, *overrides):
    chosen = OmegaConf.merge(OmegaConf.structured(Root), {"dataset": OmegaConf.structured(form)})
    return OmegaConf.to_object(OmegaConf.merge(chosen, OmegaConf.from_dotlist(list(overrides)))).dataset


def test_overrides_of_a_structured_config_give_the_plain_class():
    given = [
        "dataset.prompts=P",
        "dataset.outcomes=O",
        "dataset.columns.source=benchmark",
        "dataset.cost=price",
    ]
    expected = LongConfig(prompts="P", outcomes="O", columns=Columns(source="benchmark"), cost="price")
    assert composed(LongConfig, *given) == expected


def test_wide_and_hub_take_their_columns_from_patterns():
    assert composed(WideConfig, "dataset.path=w.csv") == WideConfig(path="w.csv")
    hub = composed(HubConfig, "dataset.path=a/b", "dataset.form=wide", "dataset.score_column=s_{model}")
    assert hub == HubConfig(path="a/b", form="wide", score_column="s_{model}")


def test_a_path_must_be_given():
    with pytest.raises(MissingMandatoryValue):
        composed(LongConfig)


def test_a_misspelt_column_is_refused():
    with pytest.raises(ConfigKeyError, match="promptid"):
        composed(LongConfig, "dataset.outcomes=O", "dataset.columns.promptid=id")
