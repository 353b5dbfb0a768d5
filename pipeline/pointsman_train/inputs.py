"""The data sets of a run, as tracking shows them: what was trained on and what was judged on, with fingerprints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from pointsman_train.data import Bools
from pointsman_train.datasets import DatasetConfig, PromptsConfig
from pointsman_train.datasets.fingerprint import fingerprint
from pointsman_train.datasets.source import origin_of
from pointsman_train.label.labels import Labelled
from pointsman_train.split.split import Split


@dataclass(frozen=True, slots=True)
class DatasetInput:
    """One data set that a run read.

    Attributes
    ----------
    name
        Of the data set and the part of it.
    context
        What it was read for: "training" or "evaluation".
    table
        A row for each prompt: its id, its source, its label, and whether each model succeeds. No prompt's text.
    source
        Path or address that it was read from.
    fingerprint
        SHA-256 of the outcomes.
    tags
        What else identifies it.
    target
        The table's column that is learned; None where there is none.
    """

    name: str
    context: str
    table: pd.DataFrame
    source: str
    fingerprint: str
    tags: Mapping[str, str] = field(default_factory=dict)
    target: str | None = "label"


def inputs_of(config: DatasetConfig, labelled: Labelled, split: Split) -> tuple[DatasetInput, ...]:
    """Return the part that a run trains on, and the part that it is judged on."""
    tags = {"outcomes_sha256": labelled.outcomes.fingerprint, "split_sha256": split.fingerprint}
    return (
        _input(config, labelled, split.rows("train", "calibration"), "training", tags),
        _input(config, labelled, split.rows("test"), "evaluation", tags),
    )


def fresh_input(config: DatasetConfig, labelled: Labelled) -> DatasetInput:
    """Return a data set that an exported router is judged on, whole."""
    everywhere = np.ones(len(labelled.label), bool)
    return _input(config, labelled, everywhere, "evaluation", {"outcomes_sha256": labelled.outcomes.fingerprint})


def prompts_input(config: PromptsConfig, prompts: Sequence[str]) -> DatasetInput:
    """Return prompts without outcomes that a router is watched on: of each its number of characters, and no text."""
    table = pd.DataFrame({"characters": [len(prompt) for prompt in prompts]})
    nothing = np.empty((len(prompts), 0))
    digest = fingerprint((prompts,), (), nothing, nothing.astype(np.int64), nothing)
    source = origin_of(config)
    return DatasetInput(f"{_title(source)}: drift", "drift", table, source, digest, target=None)


def _input(
    config: DatasetConfig, labelled: Labelled, rows: Bools, context: str, tags: Mapping[str, str]
) -> DatasetInput:
    source = origin_of(config)
    return DatasetInput(
        name=f"{_title(source)}: {context}",
        context=context,
        table=label_table(labelled).loc[rows],
        source=source,
        fingerprint=labelled.outcomes.fingerprint,
        tags=tags,
    )


def label_table(labelled: Labelled) -> pd.DataFrame:
    """Put prompts by id beside their labels and each model's success; unknown is null."""
    names = {**dict(enumerate(labelled.class_names)), -1: None}
    table = pd.DataFrame(
        {
            "prompt_id": list(labelled.outcomes.prompt_id),
            "source": list(labelled.outcomes.source),
            "label": [names[int(value)] for value in labelled.label],
        }
    )
    for m, model in enumerate(labelled.models):
        table[f"success/{model}"] = labelled.success[:, m]
    return table


def _title(source: str) -> str:
    """Name a data set by its folder and file, the first of several.

    Examples
    --------
    >>> _title("far/data/fleet/outcomes.parquet, more.parquet"), _title("owner/name"), _title("")
    ('fleet/outcomes.parquet', 'owner/name', 'outcomes')
    """
    return "/".join(Path(source.split(", ")[0]).parts[-2:]) or "outcomes"
