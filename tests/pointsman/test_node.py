"""The example in another language decides as the runtime does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from pointsman import Router
from pointsman_train.export.probes import EDGE, ORDINARY
from pointsman_train.paths import data_dir

EXAMPLE = Path(__file__).parents[2] / "examples" / "node"
MODULES = Path(os.environ.get("POINTSMAN_NODE_MODULES", EXAMPLE / "node_modules"))
pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (MODULES / "onnxruntime-node").is_dir(),
    reason="needs node, and onnxruntime-node in examples/node or in the node_modules that POINTSMAN_NODE_MODULES names",
)

ODD = (
    "a\x00b", "\x00", "half a pair \ud83d", "\ude00 the other half", "\ud800\ud800\udc00", "\U0001f642 whole", "\u2028",
    "\uffff", "\r\n", "\x1b[0m", "z\u0300\u0301\u0302" * 200,
    "\U0001f642 first " + "one two " * 10_000 + "last?",
)  # fmt: skip
ALL = """
import { readFileSync } from "node:fs";
import ort from "onnxruntime-node";
import { load, route } from "./route.mjs";
const { folders, prompts } = JSON.parse(readFileSync(0, "utf8"));
const found = {};
for (const folder of folders) {
  const router = await load(folder, ort);
  found[folder] = [];
  for (const prompt of prompts)
    for (const point of Object.keys(router.manifest.operating_points))
      found[folder].push(await route(router, prompt, point));
}
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("node")
    shutil.copy(EXAMPLE / "route.mjs", made)
    (made / "node_modules").symlink_to(MODULES)
    (made / "all.mjs").write_text(ALL)
    return made


@pytest.fixture(scope="module")
def bundles(trained, tmp_path_factory):
    """The router as it is, and with each of the other rules; one without a guard."""
    manifest = json.loads((trained.bundle / "router.json").read_text())
    changes = {
        "as_it_is": {},
        "threshold": {"rule": "threshold", "threshold": 0.5},
        "conservative": {"rule": "conservative", "hold": 0.08},
    }
    folders = []
    for name, change in changes.items():
        made = tmp_path_factory.mktemp(name) / "bundle"
        shutil.copytree(trained.bundle, made)
        points = {point: values | change for point, values in manifest["operating_points"].items()}
        guard = manifest["guard"] if name == "as_it_is" else None
        (made / "router.json").write_text(json.dumps(manifest | {"operating_points": points, "guard": guard}))
        folders.append(made)
    return folders


def test_node_makes_the_same_decisions_on_probes_and_edge_prompts(folder, bundles):
    ordinary = pd.read_parquet(data_dir() / "fleet" / "prompts.parquet").prompt[::20].tolist()
    probes = [probe.prompt for probe in Router.load(bundles[0]).manifest.probes]
    # By way of JSON, as a request comes: two halves of a pair that stand together are one character there.
    prompts = json.loads(json.dumps([*dict.fromkeys([*probes, *ORDINARY, *EDGE, *ODD, *ordinary])]))
    given = json.dumps({"folders": [str(bundle) for bundle in bundles], "prompts": prompts})
    done = subprocess.run(
        ["node", "all.mjs"], input=given, cwd=folder, capture_output=True, text=True, check=True, timeout=300
    )
    found, chosen = json.loads(done.stdout), set()
    for bundle in bundles:
        router = Router.load(bundle)
        points = list(router.manifest.operating_points)
        assert len(found[str(bundle)]) == len(prompts) * len(points)
        answers = iter(found[str(bundle)])
        for prompt in prompts:
            for point in points:
                made, answer = router.route(prompt, operating_point=point), next(answers)
                assert answer["model"] == made.model, (prompt, point)
                assert answer["p_success"] == pytest.approx(made.p_success, abs=1e-6)
                assert answer["similarity"] == pytest.approx(made.similarity, abs=1e-4), prompt[:50]
                # Without a guard no prompt is unfamiliar to either.
                assert answer["unfamiliar"] is made.unfamiliar
                chosen.add(made.model)
    assert len(chosen) == len(Router.load(bundles[0]).models)


def test_the_command_prints_what_pointsman_route_decides(folder, trained, router):
    command = ["node", "route.mjs", str(trained.bundle), "What is 17 * 23?", "half_cost"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=120)
    found, made = json.loads(done.stdout), router.route("What is 17 * 23?", operating_point="half_cost")
    assert (found["model"], found["router"], found["operating_point"]) == (made.model, router.name, "half_cost")
