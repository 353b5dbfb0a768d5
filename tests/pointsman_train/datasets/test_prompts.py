from __future__ import annotations

import pandas as pd
import pytest

from pointsman_train.datasets import PromptsConfig, load
from pointsman_train.datasets.prompts import read_prompts
from pointsman_train.errors import ConfigError, DataError


@pytest.fixture
def path(tmp_path) -> str:
    path = tmp_path / "traffic.jsonl"
    pd.DataFrame({"text": ["a", None, "  ", "b\x00"]}).to_json(path, orient="records", lines=True)
    return str(path)


def test_prompts_are_read_by_their_column_and_empty_ones_left_out(path):
    assert read_prompts(path, "text", "diagnose.traffic_column") == (["a", "b\ufffd"], 2)


def test_of_several_files_all_are_read_in_order(path, tmp_path):
    pd.DataFrame({"text": ["c", None]}).to_json(tmp_path / "traffic.jsonl.1", orient="records", lines=True)
    expected = (["a", "b\ufffd", "c"], 3)
    assert read_prompts(str(tmp_path / "traffic*"), "text", "") == expected
    assert read_prompts([path, str(tmp_path / "traffic.jsonl.1")], "text", "") == expected


def test_a_column_that_is_not_there_is_named_with_the_setting_that_names_it(path):
    with pytest.raises(DataError, match=r"no column 'texts' \(did you mean 'text'\?\).* dataset\.columns\.prompt"):
        read_prompts(path, "texts", "dataset.columns.prompt")


def test_a_log_without_prompts_says_how_it_would_have_them(tmp_path):
    path = tmp_path / "decisions.jsonl"
    path.write_text('{"decision_id": "d1", "model": "small"}\n')
    with pytest.raises(DataError, match=r"no column 'prompt'; .*a log has them with the setting log_prompts = true"):
        read_prompts(str(path), "prompt", "dataset.columns.prompt")


def test_a_column_without_a_prompt_is_refused(path):
    pd.DataFrame({"text": [" "]}).to_json(path, orient="records", lines=True)
    with pytest.raises(DataError, match="the column 'text' has no prompt"):
        read_prompts(path, "text", "dataset.columns.prompt")


def test_prompts_alone_are_no_outcomes(path):
    with pytest.raises(ConfigError, match="dataset=prompts has no outcomes; pointsman-evaluate measures drift on it"):
        load(PromptsConfig(prompts=path), [], None)
