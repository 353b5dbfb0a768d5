"""The gate on real outcomes: a mean that is better does not hide a boundary that is worse."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pointsman_train.champion import compare_routers
from pointsman_train.comparison import CompareConfig
from pointsman_train.datasets import LongConfig
from pointsman_train.evaluate.compare import BETTER
from pointsman_train.evaluate.gate import failed
from pointsman_train.pipeline import run_pipeline
from pointsman_train.tracking import TrackingConfig

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "routellm"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the open outcome data are not beside the checkout ({SHARED.name})")
@pytest.mark.slow
def test_a_candidate_that_is_better_on_average_but_worse_on_boundary_prompts_is_refused(
    quick, changed, at_price, tmp_path
):
    prompts = pd.read_parquet(SHARED / "prompts.parquet").sample(8000, random_state=0)

    def part(rows) -> LongConfig:
        path = tmp_path / f"{len(rows)}.parquet"
        rows.to_parquet(path)
        found = LongConfig(outcomes=str(SHARED / "outcomes.parquet"), prompts=str(path))
        found.columns.source = "benchmark"
        return found

    config = quick(tmp_path / "routers", dataset=part(prompts[3000:]), catalog=str(SHARED / "prices.json"))
    config.pool = ["mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"]
    bundle = run_pipeline(config, tmp_path / "trained").bundle

    def to_the_best_single(manifest):
        manifest["guard"]["threshold"] = 2.0

    baseline = changed(bundle, tmp_path / "baseline", to_the_best_single)
    candidate = changed(bundle, tmp_path / "candidate", at_price(0.07))
    settings = CompareConfig(str(baseline), str(candidate), part(prompts[:3000]), catalog=config.catalog)
    settings.evaluate.resamples, settings.tracking = 300, TrackingConfig(enabled=False)
    found = compare_routers(settings, tmp_path / "run")
    rows = {row.metric: row for row in found.rows}
    assert found.prompts > 2900
    assert rows["quality"].difference.value > 0
    assert rows["cost_usd"].verdict == rows["regret"].verdict == BETTER
    assert rows["boundary_accuracy"].a.value == 1.0
    assert "boundary" in {check.name for check in failed(found.checks)}
