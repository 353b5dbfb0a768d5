"""From files to labelled parts on disk, as far as that is not done yet."""

from __future__ import annotations

import math
from dataclasses import asdict

from pointsman_train.dask_engine.arrange import Arrange
from pointsman_train.dask_engine.cluster import Cluster
from pointsman_train.dask_engine.deal import Deal
from pointsman_train.dask_engine.groups import FindPairs, JoinPairs
from pointsman_train.dask_engine.inputs import Inputs, inputs_of
from pointsman_train.dask_engine.splitting import Parts, Splitting
from pointsman_train.dask_engine.store import Step, facts_of
from pointsman_train.data import ModelSpec
from pointsman_train.datasets import read_catalog
from pointsman_train.datasets.pool import pool_of
from pointsman_train.datasets.source import origin_of
from pointsman_train.engine import EngineConfig, Prepared, Source

# Rows of outcomes in a part, where no number of parts is asked for.
_ROWS = 200_000


def prepare(cluster: Cluster, source: Source, config: EngineConfig) -> tuple[Prepared, Parts]:
    """Deal, arrange, group, split and label, as far as that is not done yet."""
    inputs = inputs_of(source.dataset)
    parts = config.partitions or max(math.ceil(inputs.rows / _ROWS), len(cluster.ready()))
    catalog = read_catalog(source.catalog) if source.catalog else None
    at = Step(config.folder)
    dealt = at.under("dealt", inputs.asked, asdict(source.dataset), source.pool, parts)
    models = _deal(cluster, source, inputs, dealt, parts)
    prices = {} if catalog is None else {name: asdict(spec) for name, spec in catalog.items()}
    arranged = dealt.under("arranged", prices, asdict(source.group))
    _arrange(cluster, source, inputs, dealt, arranged, parts, models, catalog)
    grouped = arranged.under("groups")
    _group(cluster, source, arranged, grouped, parts)
    return Splitting(cluster, source, config, arranged, grouped, parts, models, catalog).labelled(dealt, inputs)


def _deal(cluster: Cluster, source: Source, inputs: Inputs, step: Step, parts: int) -> tuple[str, ...]:
    """Deal every unit into parts; returns the pool."""
    wanted = tuple(source.pool or ())
    units = [*inputs.outcomes, *inputs.prompts]
    texts = [not inputs.prompts or unit.kind == "prompts" for unit in units]
    todo = [(i, units[i], texts[i]) for i in step.missing(range(len(units)), ".json")]
    for _ in cluster.each(Deal(step, source.dataset, wanted, parts), todo, "dealing"):
        pass
    seen = {model for i in range(len(units)) for model in facts_of(step, i)["models"]}
    return pool_of(wanted, seen, origin_of(source.dataset))


def _arrange(
    cluster: Cluster,
    source: Source,
    inputs: Inputs,
    dealt: Step,
    step: Step,
    parts: int,
    models: tuple[str, ...],
    catalog: dict[str, ModelSpec] | None,
) -> None:
    n = len(inputs.outcomes)
    prompts = tuple(range(n, n + len(inputs.prompts))) or tuple(range(n))
    work = Arrange(
        step,
        dealt,
        origin_of(source.dataset),
        tuple(range(n)),
        prompts,
        parts,
        models,
        catalog,
        source.group.similarity,
    )
    for _ in cluster.each(work, step.missing(range(parts), ".json"), "arranging"):
        pass


def _group(cluster: Cluster, source: Source, arranged: Step, step: Step, parts: int) -> None:
    pairs = arranged.under("pairs")
    work = FindPairs(pairs, arranged, parts, source.group.similarity)
    for _ in cluster.each(work, pairs.missing(range(parts)), "finding near-duplicates"):
        pass
    for _ in cluster.each(JoinPairs(step, pairs, parts), step.missing([0], ".arrow"), "joining near-duplicates"):
        pass
