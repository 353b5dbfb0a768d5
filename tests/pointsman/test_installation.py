"""An installation without extras: the base requirements and what they require, and no other package at all."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
ROUTE = """
import json, sys
import httpx2, pointsman
from pointsman.cli import main
bundle, catalog, log = sys.argv[1:]
for command in (["verify", bundle], ["route", bundle, "Hi"], ["explain", bundle, "Hi"], ["inspect", bundle]):
    assert main(command) == 0, command
with pointsman.http_client(
    bundle, catalog, log=log, upstream=httpx2.MockTransport(lambda request: httpx2.Response(200, json={
        "choices": [{"message": {"content": "42"}}], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}))
) as client:
    body = {"model": "pointsman/auto", "messages": [{"role": "user", "content": "Hi"}]}
    assert client.post("/chat/completions", json=body).json()["choices"][0]["message"]["content"] == "42"
assert main(["savings", log, "--against", pointsman.Router.load(bundle).models[0]]) == 0
sys.stderr.write(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def required(names) -> dict[str, Distribution]:
    """Distributions that an installer would bring for these requirements."""
    found, waiting = {}, [Requirement(name) for name in names]
    while waiting:
        one = waiting.pop()
        if one.name not in found and (one.marker is None or one.marker.evaluate({"extra": ""})):
            found[one.name] = distribution(one.name)
            waiting += map(Requirement, found[one.name].requires or [])
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with links to the packages of the base installation and to ours."""
    made = tmp_path_factory.mktemp("site")
    base = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for one in required(base).values():
        # "x-1.0.dist-info", "x", "x.libs" or "x.py".
        tops = {Path(str(file)).parts[0] for file in one.files or []} - {"..", "__pycache__"}
        for top in tops:
            target = Path(one.locate_file(top))
            if not (made / top).exists():
                (made / top).symlink_to(target)
    (made / "pointsman").symlink_to(ROOT / "export" / "pointsman")
    return made


def run(site, code, *arguments):
    # -I and -S: neither the environment's packages nor those of this test run.
    start = f"import sys; sys.path.insert(0, {str(site)!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_base_installation_has_none_of_the_extras(site):
    for package in (
        "lightgbm",
        "starlette",
        "uvicorn",
        "onnx",
        "openai",
        "pandas",
        "yaml",
        "opentelemetry",
        "scipy",
        "optuna",
    ):
        assert "ModuleNotFoundError" in run(site, f"import {package}").stderr
    for package in ("numpy", "onnxruntime", "httpx2"):
        assert run(site, f"import {package}").stderr == ""


def test_everything_but_the_server_and_spans_works_without_extras(site, trained, router, tmp_path):
    entry = {"input_per_m": 1, "output_per_m": 1, "endpoint": {"base_url": "http://127.0.0.1:9/v1"}}
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(dict.fromkeys(router.models, entry)))
    done = run(site, ROUTE, trained.bundle, catalog, tmp_path / "log.jsonl")
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stderr))
    assert {"numpy", "onnxruntime", "httpx2"} <= loaded
    assert not {"pointsman_train", "lightgbm", "onnx", "starlette", "pandas", "scipy", "yaml"} & loaded


def test_the_server_and_spans_say_what_to_install(site, trained, tmp_path):
    serve = f"from pointsman.cli import main; sys.exit(main(['serve', {str(trained.bundle)!r}, '--catalog', 'c.toml']))"
    for code, extra in ((serve, "serve"), ("import pointsman; pointsman.Spans()", "otel")):
        done = run(site, code)
        assert done.returncode == 1
        assert f'pip install "pointsman[{extra}]"' in done.stderr
