from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from pointsman_train.datasets import PromptsConfig
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.judge import JudgeConfig
from pointsman_train.tracking import TrackingConfig
from pointsman_train.watch import watch_router


@pytest.fixture(scope="session")
def watched(trained, tmp_path_factory):
    """Drift of prompts that are nothing like the training prompts, and its page."""
    folder = tmp_path_factory.mktemp("watched")
    rng = np.random.default_rng(0)
    prompts = [f"<script>alert({x})</script> {y} ~ {z}" for x, y, z in rng.integers(10**12, size=(60, 3))]
    pd.DataFrame({"prompt": prompts}).to_parquet(folder / "prompts.parquet")
    config = JudgeConfig(
        router=str(trained.bundle),
        dataset=PromptsConfig(prompts=str(folder / "prompts.parquet")),
        evaluate=EvaluateConfig(resamples=40),
        tracking=TrackingConfig(enabled=False),
    )
    return watch_router(config, folder), folder / "drift.html"


def test_the_verdict_comes_first_and_each_column_has_its_index_and_threshold(watched):
    traffic, page = watched
    text = page.read_text()
    assert traffic.drift.drifted
    assert re.search(r'<div class="verdict bad">\s*<p>Drift in \d+ of \d+ columns', text)
    for column in traffic.drift.columns:
        assert f"{column.psi:.3f}" in text
    for model in traffic.mix:
        assert model in text
    assert "The guard fires on " in text


def test_the_page_holds_no_prompt_and_opens_without_request_or_complaint(watched, tab):
    _, page = watched
    assert "alert(" not in page.read_text()
    tab.open(page.as_uri(), 390)
    assert (tab.requests, tab.complaints) == ([page.as_uri()], [])
    wide, room = tab.value("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
