from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pytest

from pointsman.decide import Rule
from pointsman.errors import BundleCorruptError, BundleNotFoundError, SchemaVersionError
from pointsman.manifest import MANIFEST_FILE, GuardSettings, Manifest, Model, OperatingPoint, Probe, read_manifest

MANIFEST = Manifest(
    schema_version=1,
    name="tiny",
    version="3",
    created="2026-01-02T03:04:05+00:00",
    onnx_sha256="0" * 64,
    models=(Model("small", 1e-6, 0.25, 0.3), Model("large", 4e-6, 0.75, 0.8)),
    labels=("small", "large", "all-fail"),
    features=("chars",),
    feature_reference={"effective": 3.0, "columns": {"chars": {"edges": [0.5], "counts": [1, 2]}}},
    best_single="large",
    default_operating_point="balanced",
    operating_points={
        "balanced": OperatingPoint(
            0.5, "conservative", 0.0, 0.125, 0.25, "at most 1 points", {"quality": [0.5, None, 0.75]}
        )
    },
    guard=GuardSettings(0.25, "large"),
    boundary_margin=0.1,
    cost_basis="file",
    data={"prompts": 3},
    config={"pool": None},
    mlflow_run_id=None,
    probes=(Probe("é\u2028", [0.1, 0.9], [0.2, 0.3, 0.5], 0.5),),
)


@pytest.fixture
def written(tmp_path):
    """Write the manifest, changed, and return its folder."""

    def write(without=(), **changes):
        content = json.loads(MANIFEST.to_json()) | changes
        text = json.dumps({name: value for name, value in content.items() if name not in without})
        (tmp_path / MANIFEST_FILE).write_text(text)
        return tmp_path

    return write


def test_a_manifest_survives_the_round_trip(written):
    assert read_manifest(written()) == MANIFEST


def test_a_manifest_without_a_guard_survives_the_round_trip_too(written):
    assert read_manifest(written(guard=None)) == replace(MANIFEST, guard=None)


@pytest.mark.parametrize("kind", ["utility", "threshold", "conservative"])
def test_an_operating_point_gives_its_decision_rule(written, kind):
    point = {"lam": 0.5, "rule": kind, "threshold": 0.75, "hold": 0.125, "caution": 0.25, "target": "", "held_out": {}}
    found = read_manifest(written(operating_points={"balanced": point})).operating_points["balanced"]
    assert found.decision_rule == Rule(kind, lam=0.5, threshold=0.75, hold=0.125, caution=0.25)


def test_the_text_is_ascii_so_that_no_reader_can_garble_it():
    assert MANIFEST.to_json().isascii()
    assert MANIFEST.to_json().endswith("}\n")


def test_nan_cannot_be_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(MANIFEST, boundary_margin=math.nan).to_json()


def test_a_folder_without_a_manifest_is_no_router(tmp_path):
    expected = f"{tmp_path / 'none'} has no router.json; give the folder of an exported router"
    with pytest.raises(BundleNotFoundError, match=re.escape(expected)):
        read_manifest(tmp_path / "none")


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema_version": 1', b"\xff\xfe{}", b"nonsense"])
def test_what_is_not_json_is_refused(tmp_path, content):
    (tmp_path / MANIFEST_FILE).write_bytes(content)
    with pytest.raises(BundleCorruptError, match=r"router\.json is not JSON \(.*\); export the router again"):
        read_manifest(tmp_path)


def test_json_that_is_no_object_is_refused(tmp_path):
    (tmp_path / MANIFEST_FILE).write_text("[1]")
    with pytest.raises(BundleCorruptError, match=r"router\.json holds a list, expected an object"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(("version", "mend"), [(2, "upgrade pointsman"), (0, "export the router again")])
def test_another_schema_version_says_which_side_to_renew(written, version, mend):
    expected = f"has schema version {version}, this pointsman reads 1; {mend}"
    with pytest.raises(SchemaVersionError, match=expected):
        read_manifest(written(schema_version=version))


def test_a_newer_schema_is_named_before_its_unknown_form_is_looked_at(written):
    with pytest.raises(SchemaVersionError, match="upgrade pointsman"):
        read_manifest(written(schema_version=2, without=("models", "probes")))


@pytest.mark.parametrize("version", ["1", 1.0, None, True])
def test_a_schema_version_is_a_whole_number(written, version):
    with pytest.raises(BundleCorruptError, match=f"has the schema_version {version!r}, expected a whole number"):
        read_manifest(written(schema_version=version))


def test_missing_fields_are_listed(written):
    expected = "lacks ['best_single', 'probes']; export the router again"
    with pytest.raises(BundleCorruptError, match=re.escape(expected)):
        read_manifest(written(without=("probes", "best_single")))


def test_fields_of_a_later_minor_writer_are_ignored(written):
    assert read_manifest(written(comment="more")) == MANIFEST


MODELS = json.loads(MANIFEST.to_json())["models"]


@pytest.mark.parametrize(
    "changes",
    [
        {"models": 5},
        {"models": [{"name": "small"}, MODELS[1]]},
        {"models": [MODELS[0] | {"colour": "red"}, MODELS[1]]},
        {"probes": [["prompt"]]},
        {"operating_points": []},
        {"labels": None},
        {"operating_points": {"balanced": {"lam": 0.5, "target": "", "held_out": {}}}},
        {"guard": {}},
        {"guard": {"threshold": 0.5}},
        {"guard": {"threshold": 0.5, "fallback": "large", "mood": "good"}},
        {"guard": [0.5, "large"]},
        {"guard": 0.5},
        {"guard": False},
    ],
)
def test_fields_of_the_wrong_form_are_refused(written, changes):
    with pytest.raises(BundleCorruptError, match="has a field of the wrong form"):
        read_manifest(written(**changes))


@pytest.mark.parametrize("changes", [{"default_operating_point": "cheap"}, {"models": MODELS[:1]}])
def test_a_router_has_its_default_operating_point_and_two_models(written, changes):
    with pytest.raises(BundleCorruptError, match="lacks its default operating point or has fewer than two models"):
        read_manifest(written(**changes))


@pytest.mark.parametrize("wrong", ["0.5", None, -0.5, math.nan, math.inf])
def test_numbers_of_the_decision_are_numbers_not_below_0(written, wrong):
    def point(name):
        good = {
            "lam": 0.5,
            "rule": "utility",
            "threshold": 0.0,
            "hold": 0.0,
            "caution": 0.0,
            "target": "",
            "held_out": {},
        }
        return {"operating_points": {"balanced": good | {name: wrong}}}

    for changes, name in (
        ({"boundary_margin": wrong}, "boundary_margin"),
        ({"models": [MODELS[0] | {"mean_cost_usd": wrong}, MODELS[1]]}, "mean_cost_usd of 'small'"),
        ({"models": [MODELS[0], MODELS[1] | {"mean_score": wrong}]}, "mean_score of 'large'"),
        (point("lam"), "lam of 'balanced'"),
        (point("threshold"), "threshold of 'balanced'"),
        (point("hold"), "hold of 'balanced'"),
    ):
        expected = f"has the {name} {wrong!r}, expected a number, 0 or more"
        with pytest.raises(BundleCorruptError, match=re.escape(expected)):
            read_manifest(written(**changes))


@pytest.mark.parametrize("changes", [{"name": 5}, {"version": 1}, {"labels": ["small", None, "all-fail"]}])
def test_names_are_text(written, changes):
    with pytest.raises(BundleCorruptError, match="has a name that is not text among"):
        read_manifest(written(**changes))


@pytest.mark.parametrize("rule", ["", "utilitarian", None, 3, ["utility"]])
def test_an_unknown_rule_is_refused(written, rule):
    point = {"lam": 0.5, "rule": rule, "threshold": 0.0, "hold": 0.0, "caution": 0.0, "target": "", "held_out": {}}
    expected = f"has the rule {rule!r} of 'balanced', expected one of ['utility', 'threshold', 'conservative']; export"
    with pytest.raises(BundleCorruptError, match=re.escape(expected)):
        read_manifest(written(operating_points={"balanced": point}))


@pytest.mark.parametrize("fallback", ["", "huge", None, 1, ["large"]])
def test_a_guard_falls_back_to_a_model_of_the_ladder(written, fallback):
    expected = (
        f"has a guard that falls back to {fallback!r}, expected one of ['small', 'large']; export the router again"
    )
    with pytest.raises(BundleCorruptError, match=re.escape(expected)):
        read_manifest(written(guard={"threshold": 0.5, "fallback": fallback}))


@pytest.mark.parametrize("threshold", ["0.5", None, True, math.nan, math.inf, -math.inf])
def test_a_guards_threshold_is_a_number(written, threshold):
    expected = f"has a guard with the threshold {threshold!r}, expected a number; export the router again"
    with pytest.raises(BundleCorruptError, match=re.escape(expected)):
        read_manifest(written(guard={"threshold": threshold, "fallback": "large"}))


def test_a_guards_threshold_may_be_negative_as_a_cosine_may(written):
    assert read_manifest(written(guard={"threshold": -0.5, "fallback": "small"})).guard == GuardSettings(-0.5, "small")
