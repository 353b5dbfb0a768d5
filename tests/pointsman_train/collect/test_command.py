"""The real command: killed, interrupted, run twice at once, and read by the next stage."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
from fake_endpoint import KEY, Reply

from pointsman_train.collect.stage import collect

BIN = Path(sys.executable).parent


def start(config, *overrides: str) -> subprocess.Popen[str]:
    given = asdict(config)
    names = ("catalog", "store", "out", "plan", "explore", "max_tokens", "trials", "temperature", "budget_usd")
    settings = [f"{name}={'null' if given[name] is None else given[name]}" for name in names]
    return subprocess.Popen(
        [str(BIN / "pointsman-collect"), f"prompts.path={config.prompts.path}", *settings, *overrides],
        cwd=Path(config.store).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return out


def wait_for(endpoints: Sequence, requests: int, process: subprocess.Popen[str]) -> None:
    """Wait until the endpoints saw so many requests, or the process ended."""
    while sum(len(endpoint.seen) for endpoint in endpoints) < requests and process.poll() is None:
        time.sleep(0.002)


def half_right(seen, before) -> Reply:
    """Half of the prompts are answered well, some never, each by its own text alone."""
    number = int(seen.prompt.split()[1])
    return Reply(text="42" if number % 2 else "no", finish="length" if number % 7 == 0 else "stop", delay=0.02)


def table(config) -> pd.DataFrame:
    return pd.read_parquet(config.out).drop(columns="latency_ms")


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_table_of_an_undisturbed_run(serve, configure, tmp_path):
    kills, prompts = 20, 250
    rng = random.Random(kills)
    texts, concurrency = [f"prompt {i}" for i in range(prompts)], 6
    calm = [serve(half_right), serve(half_right)]
    models = ("low", "top")
    config = configure({name: e.url for name, e in zip(models, calm, strict=True)}, texts)
    collect(config)
    expected = table(config)

    endpoints = [serve(half_right), serve(half_right)]
    urls = {name: e.url for name, e in zip(models, endpoints, strict=True)}
    config = configure(urls, texts, {"concurrency": concurrency}, store=str(tmp_path / "killed.sqlite"))
    Path(config.out).unlink()
    killed = 0
    while killed < kills:
        before = sum(len(endpoint.seen) for endpoint in endpoints)
        process = start(config)
        wait_for(endpoints, before + rng.randint(1, 2 * prompts // (kills + 1)), process)
        time.sleep(rng.uniform(0, 0.03))
        process.kill()
        process.communicate()
        # A run that came to its end was not killed, and from then on there is nothing to kill.
        if process.returncode == 0:
            break
        killed += 1
    finish(start(config))

    pd.testing.assert_frame_equal(table(config), expected)
    assert killed == kills
    for endpoint, undisturbed in zip(endpoints, calm, strict=True):
        assert endpoint.keys().keys() == undisturbed.keys().keys()
        assert len(endpoint.seen) - len(endpoint.keys()) <= concurrency * kills


def test_an_interruption_leaves_a_store_that_goes_on(serve, configure):
    endpoint = serve(half_right)
    config = configure({"m": endpoint.url}, [f"prompt {i}" for i in range(80)], {"concurrency": 4})
    process = start(config)
    wait_for([endpoint], 30, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "pointsman-collect: interrupted; every answer is kept, run the same command to go on" in errors
    assert "Traceback" not in errors
    assert not Path(config.out).exists()
    done = len(endpoint.seen)
    assert 30 <= done < 80
    assert "80 prompts" in finish(start(config))
    assert len(endpoint.keys()) == 80
    assert len(endpoint.seen) <= 80 + 4
    assert len(table(config)) == 80


@pytest.mark.slow
@pytest.mark.parametrize("budget", [None, 900e-6])
def test_two_processes_on_one_store_ask_nothing_twice_and_end_alike(serve, configure, tmp_path, budget):
    endpoint = serve(lambda seen, before: Reply(delay=0.01))
    config = configure({"m": endpoint.url}, [f"prompt {i}" for i in range(150)], {"concurrency": 4}, budget_usd=budget)
    outs = [str(tmp_path / f"{name}.parquet") for name in "ab"]
    both = [start(config, f"out={out}", f"hydra.run.dir=run-{i}") for i, out in enumerate(outs)]
    for process in both:
        finish(process)
    assert set(endpoint.keys().values()) == {1}
    tables = [pd.read_parquet(out) for out in outs]
    if budget is None:
        assert len(endpoint.seen) == 150
        pd.testing.assert_frame_equal(*tables)
        assert tables[0]["score"].tolist() == [1.0] * 150
    else:
        # 63 answers of 12 millionths leave less than the dearest answer may cost: a prompt of 8 to 10 bytes.
        assert len(endpoint.seen) * 12e-6 <= budget
        assert len(endpoint.seen) >= (budget - 170e-6) / 12e-6
        assert max(t["score"].notna().sum() for t in tables) == len(endpoint.seen)


def test_the_command_from_prompts_to_labels_and_no_key_anywhere(serve, configure, tmp_path):
    """With every library at its most talkative, and an endpoint that shows the key in a header."""
    echo = {"X-Key": KEY, "Set-Cookie": KEY}
    low = serve(lambda seen, before: Reply(text="42" if seen.prompt < "prompt 6" else "no", headers=echo))
    top = serve(lambda seen, before: Reply(headers=echo) if before else Reply(status=500, headers=echo))
    config = configure({"low": low.url, "top": top.url}, [f"prompt {i}" for i in range(10)], plan="ladder", explore=0.0)
    process = start(config, "hydra.verbose=true", "hydra.run.dir=run")
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "10 prompts: 14 answers asked for, 0 were there, 0 unknown" in out
    assert "HTTP Request" not in out + errors
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"pointsman-collect.log", "config.yaml", "answers.sqlite", "outcomes.parquet"} <= {
        path.name for path in written
    }
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
    assert KEY not in out + errors
    label = [
        str(BIN / "pointsman-train"), "dataset=outcomes", f"dataset.outcomes={config.out}",
        f"dataset.prompts={config.prompts.path}", "pool=[low,top]", "stages=[label]", "tracking=none",
        "hydra.run.dir=labels",
    ]  # fmt: skip
    done = subprocess.run(label, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    labels = pd.read_parquet(tmp_path / "labels/labels.parquet")
    assert labels["label"].tolist() == ["low"] * 6 + ["top"] * 4
