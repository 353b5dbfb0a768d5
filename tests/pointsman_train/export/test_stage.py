from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from pointsman import Router
from pointsman.bundle import load_bundle
from pointsman.manifest import GuardSettings, read_manifest
from pointsman_train.errors import ConfigError, ExportError
from pointsman_train.evaluate.reference import CHOSEN, Histogram, Reference
from pointsman_train.export.probes import EDGE, ORDINARY
from pointsman_train.export.stage import ExportConfig, Origin, export
from pointsman_train.train.affine import identity
from pointsman_train.train.sigmoid import Sigmoid


@pytest.fixture
def exported(trained, tmp_path):
    """Export the trained router again, or another, into a folder of the test's own."""

    def run(router=None, **settings):
        result = trained.result
        return export(
            router or result.router,
            trained.onnx,
            result.prepared.labelled,
            ["What is 2 + 2?", "Name a colour."],
            result.evaluation,
            Reference({"chars": Histogram((0.5, 1.5), (0, 3, 0))}, 3.0),
            Origin({"prompts": 3}, {"seed": 0}, "run-7"),
            ExportConfig(folder=str(tmp_path / "routers"), **settings),
        )

    return run


def test_each_export_is_one_version_more(exported, tmp_path):
    assert exported() == tmp_path / "routers" / "pointsman" / "1"
    assert exported(version="7") == tmp_path / "routers" / "pointsman" / "7"
    assert exported() == tmp_path / "routers" / "pointsman" / "8"
    assert exported(name="other") == tmp_path / "routers" / "other" / "1"
    with pytest.raises(ExportError, match="7 exists already; a version is never overwritten"):
        exported(version="7")
    there = ExportConfig(folder=str(tmp_path / "routers"), version="7")
    with pytest.raises(ExportError, match="7 exists already; a version is never overwritten"):
        there.check_version()
    ExportConfig(folder=str(tmp_path / "routers")).check_version()


def test_a_graph_that_is_not_the_trained_router_is_not_written(exported, trained, tmp_path):
    other = replace(trained.router, success_calibration=Sigmoid(identity(3)))
    with pytest.raises(ExportError, match="p_success of the graph differs from LightGBM"):
        exported(other)
    assert not (tmp_path / "routers").exists()


def test_the_manifest_says_what_was_trained(exported, trained):
    router, folder = trained.router, exported()
    manifest = read_manifest(folder)
    assert (manifest.name, manifest.version, manifest.boundary_margin) == ("pointsman", "1", 0.1)
    assert manifest.onnx_sha256 == hashlib.sha256(trained.onnx).hexdigest()
    assert [model.name for model in manifest.models] == list(router.models)
    assert [model.mean_cost_usd for model in manifest.models] == router.descriptors.mean_cost.tolist()
    assert [model.success_rate for model in manifest.models] == router.descriptors.success_rate.tolist()
    assert manifest.labels == (*router.models, "all-fail")
    assert manifest.best_single == router.models[router.best_single]
    assert {n: (p.decision_rule, p.target) for n, p in manifest.operating_points.items()} == {
        n: (p.rule, p.target) for n, p in router.operating_points.items()
    }
    assert manifest.guard == GuardSettings(router.guard.threshold, router.models[router.guard.fallback])
    assert (manifest.data, manifest.config, manifest.mlflow_run_id) == ({"prompts": 3}, {"seed": 0}, "run-7")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", manifest.created)


def test_the_manifest_survives_the_round_trip(trained):
    manifest = read_manifest(trained.bundle)
    assert manifest.to_json() == (trained.bundle / "router.json").read_text()


def test_operating_points_carry_their_held_out_figures_with_intervals(trained):
    manifest, evaluation = read_manifest(trained.bundle), trained.result.evaluation
    for name, point in manifest.operating_points.items():
        figures = evaluation.point_figures[name]
        assert set(point.held_out) == set(figures) >= {"quality", "cost_usd", "under_routing_rate"}
        for figure, found in point.held_out.items():
            value, low, high = found
            assert value == figures[figure].value
            assert low is None or low - 1e-9 <= value <= high + 1e-9


def test_reference_statistics_are_of_the_training_prompts_as_the_exported_graph_sees_them(trained, router):
    manifest, prepared = read_manifest(trained.bundle), trained.result.prepared
    reference = Reference.from_dict(manifest.feature_reference)
    models = [f"p_success of {model.name}" for model in manifest.models]
    assert list(reference.columns) == [*manifest.features, *models, CHOSEN]
    rows = prepared.split.rows("train", "calibration")
    prompts = [prompt for prompt, kept in zip(prepared.labelled.outcomes.prompt, rows, strict=True) if kept]
    found = router.predict(prompts)
    for k, name in enumerate(manifest.features):
        counts = reference.columns[name].counts
        assert counts == tuple(reference.columns[name].count(found.features[:, k])), name
        assert sum(counts) == len(prompts)
        # Nothing that was seen is beyond the ends.
        assert (counts[0], counts[-1]) == (0, 0)
    chosen = np.bincount([router.models.index(one.model) for one in router.route_many(prompts)], minlength=3)
    assert reference.columns[CHOSEN].counts == tuple(chosen)
    # What the heads were trained on is out of fold, and so another distribution.
    assert not np.array_equal(trained.router.features, found.features)


def test_probes_are_written_by_us_and_no_users_prompt_is_in_the_bundle(trained):
    manifest, graph = load_bundle(trained.bundle)
    assert {probe.prompt for probe in manifest.probes} <= {*ORDINARY, *EDGE}
    assert len(manifest.probes) > 15
    found = graph.predict([probe.prompt for probe in manifest.probes])
    np.testing.assert_allclose(found.p_success, [probe.p_success for probe in manifest.probes], atol=1e-12)
    np.testing.assert_allclose(found.similarity, [probe.similarity for probe in manifest.probes], atol=1e-6)
    content = (trained.bundle / "router.json").read_text() + (trained.bundle / "README.md").read_text()
    prompts = trained.result.prepared.labelled.outcomes.prompt
    assert not any(json.dumps(prompt)[1:-1] in content for prompt in prompts if prompt not in ORDINARY)


def test_probes_from_the_runtime_are_those_of_the_trained_router(trained, router):
    assert Router.load(trained.bundle).manifest == router.manifest


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "a b", "ü", "a\x00"])
def test_a_name_is_one_plain_folder_name(exported, name):
    for setting in ("name", "version"):
        expected = f"export.{setting} may have letters, digits and ._- after the first, got {name!r}"
        with pytest.raises(ConfigError, match=re.escape(expected)):
            exported(**{setting: name})
