from __future__ import annotations

import pytest

from pointsman_train.datasets import Columns, HubConfig, load
from pointsman_train.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def offline(tmp_path_factory, monkeypatch):
    """Keep the library from the network and from the user's cache."""
    config = pytest.importorskip("datasets.config")
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    monkeypatch.setattr(config, "HF_HUB_OFFLINE", True)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_local_folder_gives_the_same_as_its_files(long, tmp_path, suffix):
    expected = load(long(suffix=suffix), [], None)
    config = HubConfig(path=str(tmp_path), data_files=f"outcomes{suffix}", prompts_files=f"prompts{suffix}")
    data = load(config, [], None)
    assert data.fingerprint == expected.fingerprint
    assert data.drops.counts == {"cost is unknown (kept)": 1}


def test_a_folder_of_one_wide_table_needs_no_file_names(rows, tmp_path):
    content = [
        {
            "sample_id": f"s{i}",
            "prompt": f"{i}?",
            "a": 1.0,
            "b": 0.5,
            "a|total_cost": 0.1,
            "b|total_cost": 0.2,
        }
        for i in range(4)
    ]
    rows("table.parquet", content)
    config = HubConfig(path=str(tmp_path), form="wide", split="train[:3]", columns=Columns(prompt_id="sample_id"))
    data = load(config, [], None)
    assert data.prompt_id == ["s0", "s1", "s2"]
    assert data.score.tolist() == [[1.0, 0.5]] * 3
    assert data.cost_usd.tolist() == [[0.1, 0.2]] * 3


def test_faults_are_named_by_the_table_and_its_row(long, small, changed, tmp_path):
    prompts, outcomes = small
    long(changed(outcomes, 1, score=2.0), prompts, ".parquet")
    config = HubConfig(path=str(tmp_path), data_files="outcomes.parquet", prompts_files="prompts.parquet")
    with pytest.raises(DataError, match=r"/outcomes\.parquet: 1 fault .*\n  row 2, column 'score': got 2.0"):
        load(config, [], None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "gone"}, r"gone: datasets\.load_dataset cannot load split 'train'"),
        (
            {"data_files": "gone*.csv"},
            r"gone\*\.csv: datasets\.load_dataset cannot load .*DataFilesNotFoundError",
        ),
        ({"data_files": "outcomes.parquet", "split": "test"}, "cannot load split 'test' .*Unknown split"),
        ({"data_files": "outcomes.parquet", "name": "x"}, "BuilderConfig 'x' not found"),
        ({}, "Couldn't cast\nprompt_id"),
    ],
)
def test_what_the_library_cannot_load_is_an_error_that_says_what_to_check(long, tmp_path, settings, message):
    long(suffix=".parquet")
    config = HubConfig(**{"path": str(tmp_path), **settings})
    with pytest.raises(DataError, match=f"(?s){message}.*check dataset.path, name, split and data_files$"):
        load(config, [], None)


def test_a_truncated_file_is_an_error(long, tmp_path):
    path = tmp_path / "outcomes.parquet"
    long(suffix=".parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot load split 'train'"):
        load(HubConfig(path=str(tmp_path), data_files="outcomes.parquet"), [], None)


def test_an_unknown_form_is_refused():
    with pytest.raises(ConfigError, match=r"^dataset\.form is long or wide, got 'tall'$"):
        load(HubConfig(path="a/b", form="tall"), [], None)
