"""The split and the labels of all parts, and the sample of them that comes to this process."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pointsman_train.dask_engine.arrange import read_grid
from pointsman_train.dask_engine.cluster import Cluster
from pointsman_train.dask_engine.groups import (
    BINS,
    count_hashes,
    crossed,
    groups_of,
    hashes_of,
    in_bins,
    threshold,
)
from pointsman_train.dask_engine.inputs import Inputs
from pointsman_train.dask_engine.rows import Borders, LabelRows, TakeSample, outcomes_from, sample_of
from pointsman_train.dask_engine.store import Step, facts_of, read_table
from pointsman_train.data import DropLog, Ints, ModelSpec
from pointsman_train.datasets.costs import best_way, cost_of
from pointsman_train.datasets.source import origin_of
from pointsman_train.engine import EngineConfig, Prepared, Source
from pointsman_train.errors import DataError, LabelError
from pointsman_train.label import Labelled, label
from pointsman_train.label.apart import WORDS
from pointsman_train.label.labels import strongest_rung
from pointsman_train.split import Split, logged_to_training
from pointsman_train.split.split import PARTS, fingerprint_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """Labelled prompts on disk.

    Attributes
    ----------
    rows
        One table a part, as :class:`~pointsman_train.dask_engine.rows.LabelRows` writes it.
    number
        Of parts.
    groups
        Group of each prompt of the sample.
    whole
        Whether the sample has all training prompts.
    """

    rows: Step
    number: int
    groups: Sequence[str]
    whole: bool


@dataclass(frozen=True, slots=True)
class _Hashes:
    """Counts, or picks, the hashes of a part's groups."""

    arranged: Step
    grouped: Step
    seed: int

    def __call__(self, ask: tuple[int, tuple[int, ...]]) -> list[NDArray[Any]]:
        part, bins = ask
        ids = read_table(self.arranged.file(part), ["prompt_id"]).column("prompt_id").to_pylist()
        hashes = hashes_of(groups_of(self.grouped, part, ids), self.seed)
        return list(in_bins(hashes, bins)) if bins else [count_hashes(hashes)]


@dataclass(frozen=True, slots=True)
class Splitting:
    """Draws the split and labels the parts."""

    cluster: Cluster
    source: Source
    config: EngineConfig
    arranged: Step
    grouped: Step
    parts: int
    models: tuple[str, ...]
    catalog: dict[str, ModelSpec] | None
    drops: DropLog = field(default_factory=DropLog)

    def labelled(self, dealt: Step, inputs: Inputs) -> tuple[Prepared, Parts]:
        """Label all parts, and bring the sample here."""
        facts = [facts_of(self.arranged, part) for part in range(self.parts)]
        total = sum(found["prompts"] for found in facts)
        if not total:
            raise DataError(f"{origin_of(self.source.dataset)}: no prompt has an outcome that can be used")
        self._count_drops([facts_of(dealt, i) for i in range(len(inputs.outcomes) + len(inputs.prompts))], facts)
        way = self._way(facts)
        borders = self._borders(total)
        logged = sum(found["logged"] for found in facts)
        drawn, whole = self._sample(borders, total, logged)
        grid, groups, part = sample_of(drawn, self.models)
        outcomes = outcomes_from(grid, way, self.catalog)
        sample = label(outcomes, self.source.label)
        ladder = replace(self.source.label, ladder=list(sample.models))
        rows = self.grouped.under("rows", asdict(ladder), asdict(borders), way)
        work = LabelRows(
            rows,
            self.arranged,
            self.grouped,
            self.models,
            way,
            self.catalog,
            borders,
            ladder,
            strongest_rung(sample.success, sample.outcomes.stands_for),
        )
        for _ in self.cluster.each(work, rows.missing(range(self.parts), ".json"), "labelling"):
            pass
        return self._prepared(sample, groups, part, rows, whole)

    def _count_drops(self, *facts: Sequence[dict[str, Any]]) -> None:
        for found in (one for each in facts for one in each):
            for reason, count in found["drops"].items():
                self.drops.add(reason, count)

    def _way(self, facts: Sequence[dict[str, Any]]) -> str:
        """Settle how costs are told, by all parts."""
        known = np.sum([found["known"] for found in facts], axis=0)
        priced = {name: np.sum([found["priced"][name] for found in facts], axis=0) for name in facts[0]["priced"]}
        asked = self.source.dataset.cost
        if asked in (*priced, "auto") and known.all():
            share = {name: float((n / known).min()) for name, n in priced.items() if asked in (name, "auto")}
            best = best_way(share)
            if share[best]:
                return best
        # The message of what is wrong is that of one machine, told on one part.
        return cost_of(asked, read_grid(self.arranged, 0, self.models), self.catalog)[1]

    def _borders(self, total: int) -> Borders:
        """Find the hashes that split groups, from counts of them and the few about each border."""
        config = self.source.split
        work = _Hashes(self.arranged, self.grouped, config.seed)
        counts = np.zeros(BINS, np.int64)
        for _, found in self.cluster.each(work, [(part, ()) for part in range(self.parts)], "counting groups"):
            counts += found[0]
        shares = [round(share * total, 6) for share in (config.test, config.test + config.calibration)]
        bins = tuple(crossed(counts, share) for share in shares)
        inside: list[list[NDArray[np.uint64]]] = [[], []]
        for _, found in self.cluster.each(work, [(part, bins) for part in range(self.parts)], "drawing the split"):
            for kept, one in zip(inside, found, strict=True):
                kept.append(one)
        ends = [threshold(counts, b, np.concatenate(i), s) for b, i, s in zip(bins, inside, shares, strict=True)]
        return Borders(config.seed, *ends)

    def _sample(self, borders: Borders, total: int, logged: int) -> tuple[list[pa.Table], bool]:
        """Bring the sample here; returns it, and whether it has every training prompt.

        Prompts of a log are drawn beside those that were asked: among a hundred million of them these would be lost.
        """
        apart = self.source.label.logged == WORDS
        of_kind = np.array([total - logged, logged] if apart else [total, total])
        test = np.round(self.source.split.test * of_kind)
        shares = np.minimum(1.0, self.config.sample / np.maximum([of_kind - test, test], 1))
        work = TakeSample(self.arranged, self.grouped, borders, shares)
        drawn = [table for _, table in self.cluster.each(work, range(self.parts), "drawing the sample")]
        return drawn, bool((shares[0] == 1).all())

    def _prepared(
        self, sample: Labelled, groups: list[str], part: Ints, rows: Step, whole: bool
    ) -> tuple[Prepared, Parts]:
        facts = [facts_of(rows, i) for i in range(self.parts)]
        self._count_drops(facts)
        counts = np.sum([found["parts"] for found in facts], axis=0)
        missing = [name for i, name in enumerate(PARTS) if not (part == i).any()]
        if missing:
            raise LabelError(
                f"{int(counts.sum())} prompts in groups of near-duplicates are too few: no prompt is left for "
                f"{missing!r}; bring more prompts, or raise group.similarity where texts only share a template"
            )
        everything = int(counts.sum()) == len(part)
        outcomes = replace(sample.outcomes, drops=self.drops)
        if not everything:
            together = hashlib.sha256("".join(found["fingerprint"] for found in facts).encode()).hexdigest()
            outcomes = replace(outcomes, fingerprint=together)
        drawn = Split(part, _numbered(groups), fingerprint_of(outcomes.prompt_id, part))
        split = logged_to_training(drawn, sample.asked, outcomes.prompt_id)
        prepared = Prepared(
            replace(sample, outcomes=outcomes), split, {} if everything else _whole(counts, facts, part)
        )
        log.info("%d prompts in %d parts, %d of them here", int(counts.sum()), self.parts, len(part))
        return prepared, Parts(rows, self.parts, groups, whole)


def _numbered(groups: Sequence[str]) -> Ints:
    """Give groups numbers in order of first appearance, as one machine does."""
    number = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    return np.array([number[group] for group in groups], np.int64)


def _whole(counts: Ints, facts: Sequence[dict[str, Any]], part: Ints) -> dict[str, Any]:
    labels: Counter[str] = Counter()
    for found in facts:
        labels.update(found["labels"])
    return {
        "prompts": int(counts.sum()),
        "parts": dict(zip(PARTS, counts.tolist(), strict=True)),
        "labels": dict(labels),
        "sample": {name: int(np.sum(part == i)) for i, name in enumerate(PARTS)},
    }
