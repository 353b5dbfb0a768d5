"""What no router comes of: settings, data and labels that do not do, and nothing is written."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from pointsman import Router
from pointsman_train.datasets import LongConfig
from pointsman_train.errors import ConfigError, DataError, ExportError, LabelError, PoolError
from pointsman_train.pipeline import STAGES, run_pipeline
from pointsman_train.study.registry import STUDIES


@pytest.fixture
def files(tmp_path):
    """Write prompts and outcomes and return where they are."""

    def write(outcomes, n=60):
        prompts = [{"prompt_id": f"q{i}", "prompt": f"Question {i}: what is {i} + {i * i}?"} for i in range(n)]
        pd.DataFrame(prompts).to_json(tmp_path / "p.jsonl", orient="records", lines=True)
        pd.DataFrame(outcomes).to_json(tmp_path / "o.jsonl", orient="records", lines=True)
        return LongConfig(outcomes=str(tmp_path / "o.jsonl"), prompts=str(tmp_path / "p.jsonl"))

    return write


def answers(score, models=("a", "b"), n=60, cost=0.001):
    return [
        {"prompt_id": f"q{i}", "model": m, "score": score(i, k), "cost_usd": None if cost is None else cost * (k + 1)}
        for i in range(n)
        for k, m in enumerate(models)
    ]


def run(quick, tmp_path, **settings):
    config = quick(tmp_path / "routers", **settings)
    # Sixty prompts are enough for what is tested here.
    config.train.min_prompts = 0
    return run_pipeline(config, tmp_path / "run")


def nothing_written(tmp_path):
    return not (tmp_path / "routers").exists()


@pytest.mark.parametrize(
    "stages",
    [
        [],
        ["train"],
        ["evaluate"],
        ["train", "label"],
        ["label", "evaluate"],
        ["label", "label"],
        [*STAGES, "x"],
        ["label", "diagnose"],
        ["diagnose", "learning_curve"],
        ["diagnose", "diagnose"],
        ["diagnosis"],
    ],
)
def test_stages_out_of_order_are_refused_before_any_work(quick, tmp_path, stages):
    expected = (
        "stages must be the first so many of ['label', 'train', 'evaluate', 'export'], each needs the one before, or "
        f"one study alone of {list(STUDIES)}, got {stages!r}; to judge an exported router use pointsman-evaluate"
    )
    with pytest.raises(ConfigError, match=re.escape(expected)):
        run(quick, tmp_path, stages=stages)
    assert list(tmp_path.iterdir()) == []


def test_a_setting_out_of_range_is_refused_before_any_work(quick, tmp_path):
    for section, name, value in (
        ("label", "min_trials", 0), ("group", "similarity", 2.0), ("split", "folds", 1), ("train", "formulation", "x"),
        ("evaluate", "resamples", 1), ("export", "name", "a/b"), ("diagnose", "folds", 1),
        ("learning_curve", "repeats", 0),
    ):  # fmt: skip
        config = quick(tmp_path / "routers")
        setattr(config, section, replace(getattr(config, section), **{name: value}))
        with pytest.raises(ConfigError, match=name):
            run_pipeline(config, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_pool_is_refused_before_any_work(quick, tmp_path):
    with pytest.raises(PoolError, match="pool is empty; name at least two models"):
        run(quick, tmp_path, pool=[])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (["Qwen2.5-Coder-0.5B-Instruct"], "routing chooses between two models or more, the pool is"),
        (["Qwen2.5-Coder-0.5B-Instruct", "Qwen3-Coder-0.5B-Instruct"], "did you mean 'Qwen2.5-Coder-0.5B-Instruct'"),
        (["Qwen2.5-Coder-0.5B-Instruct"] * 2, "more than once; name each model once"),
    ],
)
def test_a_pool_that_cannot_be_routed_over_leaves_no_router(quick, tmp_path, pool, message):
    with pytest.raises(PoolError, match=message):
        run(quick, tmp_path, pool=pool)
    assert nothing_written(tmp_path)


@pytest.mark.parametrize(("score", "name"), [(1.0, "a"), (0.0, "all-fail")])
def test_outcomes_of_one_label_only_leave_no_router(quick, files, tmp_path, score, name):
    dataset = files(answers(lambda i, k: score))
    with pytest.raises(
        LabelError, match=f"the training prompts have one label only, '{name}': there is nothing to learn"
    ):
        run(quick, tmp_path, dataset=dataset)
    assert nothing_written(tmp_path)


def test_a_test_split_of_one_label_only_leaves_no_router(quick, files, tmp_path):
    config = quick(tmp_path / "routers", dataset=files(answers(lambda i, k: float(k))), stages=["label"])
    part = run_pipeline(config, tmp_path / "first").prepared.split.rows("test")
    ids = [f"q{i}" for i in range(60)]
    in_test = dict(zip(sorted(ids), part.tolist(), strict=True))
    # Every test prompt needs b, the others are as they come.
    dataset = files(answers(lambda i, k: float(k) if in_test[f"q{i}"] else float((i + k) % 3 == 0)))
    expected = f"every one of the {int(part.sum())} test prompts has the label 'b': nothing to judge on"
    with pytest.raises(LabelError, match=expected):
        run(quick, tmp_path, dataset=dataset)
    assert nothing_written(tmp_path)
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_too_few_prompts_leave_no_router(quick, files, tmp_path):
    dataset = files(answers(lambda i, k: float(i % 2 == k), n=4), n=4)
    with pytest.raises(LabelError, match=r"4 prompts in 4 groups are too few|cannot be dealt into 5 folds"):
        run(quick, tmp_path, dataset=dataset)
    assert nothing_written(tmp_path)


def test_all_costs_null_leaves_no_router(quick, files, tmp_path):
    dataset = files(answers(lambda i, k: float(i % 2 == k), cost=None))
    with pytest.raises(DataError, match="leaves a model of the pool without any known cost"):
        run(quick, tmp_path, dataset=dataset)
    assert nothing_written(tmp_path)


def test_free_models_train_and_are_routed(quick, files, tmp_path):
    dataset = files(answers(lambda i, k: float((i + k) % 3 == 0), cost=0.0))
    result = run(quick, tmp_path, dataset=dataset)
    decision = Router.load(result.bundle).route("Question 3: what is 3 + 9?")
    assert decision.estimated_cost_usd == 0.0
    # Nothing is paid for cost. The cheaper pays for the risk of under-routing, which the last of the ladder has not.
    cheaper, last = result.router.models
    assert decision.utilities[last] == decision.p_success[last]
    assert decision.utilities[cheaper] < decision.p_success[cheaper]


def test_too_few_labels_leave_no_router_unless_that_is_asked_for(quick, files, tmp_path):
    config = quick(tmp_path / "routers", dataset=files(answers(lambda i, k: float((i + k) % 3 == 0))))
    with pytest.raises(LabelError, match=r"^48 labelled training prompts, expected 200 or more \(train\.min_prompts\)"):
        run_pipeline(config, tmp_path / "run")
    assert nothing_written(tmp_path)
    config.train.min_prompts = 48
    assert run_pipeline(config, tmp_path / "run").bundle.is_dir()


@pytest.mark.parametrize("least", [0, 200])
def test_a_log_alone_is_told_what_is_missing(quick, files, tmp_path, least):
    """Each prompt was sent to one model, which a label can be told from only where that is the cheapest."""
    asked = {f"q{i}": "a" if i < 40 else "b" for i in range(60)}
    rows = [row for row in answers(lambda i, k: int(i % 3 > 0)) if row["model"] == asked[row["prompt_id"]]]
    config = quick(tmp_path / "routers", dataset=files(rows))
    config.train.min_prompts = least
    with pytest.raises(LabelError) as refused:
        run_pipeline(config, tmp_path / "run")
    assert str(refused.value).endswith(
        "No prompt has an outcome of every model, and 60 of 60 have one alone, as in a service's log: operating points "
        "and figures rest on such prompts; ask every model about some hundreds (pointsman-collect plan=full)"
    )


def test_a_version_that_is_there_is_refused_before_any_work(quick, tmp_path):
    config = quick(tmp_path / "routers")
    config.export.version = "1"
    (tmp_path / "routers" / config.export.name / "1").mkdir(parents=True)
    with pytest.raises(ExportError, match="1 exists already"):
        run_pipeline(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
