from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from pointsman.cli import main


def test_route_prints_the_decision_as_json(router, trained, capsys):
    assert main(["route", str(trained.bundle), "What is 17 * 23?"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == router.route("What is 17 * 23?").to_dict()
    assert err == ""


def test_route_says_what_decided_and_how_near_the_prompt_is(trained, familiar, capsys):
    main(["route", str(trained.bundle), familiar])
    found = json.loads(capsys.readouterr().out)
    assert (found["reason"], found["unfamiliar"]) == ("utility", False)
    assert trained.router.guard.threshold <= found["similarity"] <= 1.0
    main(["route", str(trained.bundle), "\u4e2d" * 50])
    found = json.loads(capsys.readouterr().out)
    assert (found["reason"], found["unfamiliar"], found["margin"]) == ("unfamiliar prompt", True, None)
    assert found["similarity"] < trained.router.guard.threshold
    assert found["model"] == trained.router.models[trained.router.best_single]


def test_inspect_shows_rule_and_guard(trained, capsys):
    main(["inspect", str(trained.bundle)])
    found = json.loads(capsys.readouterr().out)
    guard = trained.router.guard
    assert found["guard"] == {"threshold": guard.threshold, "fallback": trained.router.models[guard.fallback]}
    rule = trained.router.operating_points["balanced"].rule
    shown = found["operating_points"]["balanced"]
    assert (shown["rule"], shown["lam"], shown["threshold"], shown["hold"]) == ("utility", rule.lam, 0.0, 0.0)


def test_route_takes_a_pool_and_an_operating_point(router, trained, capsys):
    models = router.models[:2]
    main(["route", str(trained.bundle), "Hi", "--models", ",".join(models), "--operating-point", "half_cost"])
    found = json.loads(capsys.readouterr().out)
    assert found == router.route("Hi", models=models, operating_point="half_cost").to_dict()


def test_route_and_explain_take_every_wish(router, trained, capsys):
    wishes = [
        "--exclude",
        "*135M*,nobody*",
        "--cost-quality",
        "2.5",
        "--min-success",
        "0.75",
        "--on-boundary",
        "step_up",
    ]
    wish = {"exclude": ["*135M*", "nobody*"], "cost_quality": 2.5, "min_success": 0.75, "on_boundary": "step_up"}
    for command in (["route"], ["explain", "--json"]):
        assert main([*command, str(trained.bundle), "What is 17 * 23?", *wishes]) == 0
        found = json.loads(capsys.readouterr().out)
        found = found.get("decision", found)
        assert found == router.route("What is 17 * 23?", **wish).to_dict()
        assert list(found["excluded"]) == ["SmolLM2-135M-Instruct"]


def test_a_wish_out_of_range_is_told(trained, capsys):
    assert main(["route", str(trained.bundle), "Hi", "--cost-quality", "11"]) == 1
    assert capsys.readouterr().err == "pointsman: WishError: cost_quality is 11.0, expected a number from 0 to 10\n"


def test_a_dash_reads_standard_input_and_bytes_that_are_no_text_do_no_harm(router, trained, capsys, monkeypatch):
    raw = io.TextIOWrapper(io.BytesIO("Zähle bis 3.\n".encode() + b"\xff\x00"), encoding="utf-8", errors="strict")
    monkeypatch.setattr(sys, "stdin", raw)
    assert main(["route", str(trained.bundle), "-"]) == 0
    assert json.loads(capsys.readouterr().out) == router.route("Zähle bis 3.\n\ufffd\ufffd").to_dict()


def test_verify_says_what_was_checked(router, trained, capsys):
    assert main(["verify", str(trained.bundle)]) == 0
    assert capsys.readouterr().out == f"small/1: hash and {len(router.manifest.probes)} probes match\n"


def test_inspect_prints_the_manifest_without_its_long_parts(router, trained, capsys):
    assert main(["inspect", str(trained.bundle)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [model["name"] for model in found["models"]] == list(router.models)
    assert not {"probes", "features", "feature_reference"} & set(found)
    assert set(found) | {"probes", "features", "feature_reference"} == set(
        json.loads((trained.bundle / "router.json").read_text())
    )


def test_a_tampered_router_is_an_error_on_standard_error_and_exit_code_1(bundle, capsys):
    (bundle / "router.onnx").write_bytes(b"other")
    assert main(["verify", str(bundle)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"pointsman: BundleCorruptError: {bundle / 'router.onnx'} has the sha256 ")


def test_an_unknown_model_is_an_error(trained, capsys):
    assert main(["route", str(trained.bundle), "Hi", "--models", "nobody"]) == 1
    assert capsys.readouterr().err.startswith("pointsman: UnknownModelError: 'nobody' is not a model of small/1")


@pytest.mark.parametrize("arguments", [[], ["fly"], ["route"], ["route", "d", "p", "--speed", "9"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert "usage: pointsman" in capsys.readouterr().err


def test_the_module_runs_as_a_command(trained, environment, tmp_path):
    command = [sys.executable, "-m", "pointsman"]
    done = subprocess.run(
        [*command, "route", trained.bundle, "Hi"], env=environment, cwd=tmp_path, capture_output=True, check=True
    )
    assert json.loads(done.stdout)["router"] == "small/1"
    failed = subprocess.run(
        [*command, "verify", "nowhere"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1
    assert failed.stderr == (
        "pointsman: BundleNotFoundError: nowhere has no router.json; give the folder of an exported router\n"
    )
