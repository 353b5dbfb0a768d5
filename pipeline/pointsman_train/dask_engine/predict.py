"""The exported graph over prompts: those that are here, and every test prompt where it lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import xlogy

from pointsman import decide
from pointsman.graph import Predictions
from pointsman.guard import Guard, served
from pointsman_train.dask_engine.features import session_of
from pointsman_train.dask_engine.rows import TEST
from pointsman_train.dask_engine.store import Step, matrix_column, matrix_of, read_table, write_facts, write_table
from pointsman_train.data import Floats
from pointsman_train.featurize.run import predictions_of
from pointsman_train.label.partial import filled_costs


@dataclass(frozen=True, slots=True)
class PredictTexts:
    """Runs a graph over texts."""

    graph: str

    def __call__(self, asked: tuple[int, tuple[str, ...]]) -> Predictions:
        """Return what the graph says of these texts, which have a number."""
        return predictions_of(session_of(self.graph), asked[1])


@dataclass(frozen=True, slots=True)
class PredictTest:
    """Predicts the test prompts of one part, and sums what came of the choices.

    Attributes
    ----------
    rules
        Of each operating point, by its name.
    """

    step: Step
    rows: Step
    graph: str
    rules: dict[str, decide.Rule]
    guard: Guard | None
    mean_cost: Floats
    anchor: int

    def __call__(self, part: int) -> None:
        """Write probabilities and choices of a part, and their sums."""
        table = read_table(self.rows.file(part))
        table = table.filter(pc.equal(table.column("part"), TEST))
        sums: Counter[str] = Counter({"prompts": len(table)})
        columns: dict[str, Any] = {"prompt_id": table.column("prompt_id")}
        if len(table):
            found = predictions_of(session_of(self.graph), table.column("prompt").to_pylist())
            columns |= {"p_success": matrix_column(found.p_success), "p_label": matrix_column(found.p_label)}
            for name, rule in self.rules.items():
                columns[f"chosen/{name}"] = chosen = self._chosen(found, rule)
                sums.update(self._served(name, table, chosen))
            sums.update(_scored(found.p_success, table))
        write_table(self.step.file(part), pa.table(columns))
        write_facts(self.step, part, sums)

    def _chosen(self, found: Predictions, rule: decide.Rule) -> np.ndarray[Any, np.dtype[np.int64]]:
        cost, near = self.mean_cost, found.similarity
        return served(rule, found.p_success, found.p_label, cost, self.anchor, self.guard, near).chosen

    def _served(self, name: str, table: pa.Table, chosen: np.ndarray[Any, np.dtype[np.int64]]) -> dict[str, float]:
        """Sum score and cost where every outcome is known, so that points are compared on the same prompts."""
        score, cost = matrix_of(table.column("score")), matrix_of(table.column("cost_usd"))
        complete = ~np.isnan(score).any(axis=1)
        at = (np.flatnonzero(complete), chosen[complete])
        paid = filled_costs(cost, self.mean_cost)[at]
        count = matrix_of(table.column("stands_for"))[complete].max(axis=1, initial=1.0)
        return {
            "complete": float(count.sum()) / len(self.rules),
            f"{name}/score": float(count @ score[at]),
            f"{name}/cost_usd": float(count @ paid),
        }


def _scored(p_success: Floats, table: pa.Table) -> dict[str, float]:
    success, counts = matrix_of(table.column("success")), matrix_of(table.column("stands_for"))
    known = ~np.isnan(success)
    p, y, count = p_success[known], success[known], counts[known]
    loss = -float(count @ (xlogy(y, p) + xlogy(1 - y, 1 - p)))
    return {"known": float(count.sum()), "log_loss": loss, "brier": float(count @ (p - y) ** 2)}


def means_of(sums: Counter[str], points: Sequence[str]) -> dict[str, float]:
    """Turn sums over all parts into means, under flat names."""
    found = {"all_test/prompts": float(sums["prompts"])}
    complete, known = max(sums["complete"], 1.0), max(sums["known"], 1.0)
    found |= {f"all_test/{name}": sums[name] / known for name in ("log_loss", "brier")}
    for point in points:
        found[f"all_test/{point}/quality"] = sums[f"{point}/score"] / complete
        found[f"all_test/{point}/cost_usd"] = sums[f"{point}/cost_usd"] / complete
    return found
