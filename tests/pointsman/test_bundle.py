from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace

import pytest

from pointsman.bundle import load_bundle
from pointsman.errors import BundleCorruptError, BundleError, BundleNotFoundError, PointsmanError, SchemaVersionError
from pointsman_train.train.assemble import router_graph


@pytest.fixture
def edited(bundle):
    """Change the manifest of a copy of the bundle."""

    def edit(**changes):
        path = bundle / "router.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        return bundle

    return edit


def probes_of(bundle):
    return json.loads((bundle / "router.json").read_text())["probes"]


def sign_again(bundle):
    """Make the manifest say that the graph as it lies there is the exported one."""
    path = bundle / "router.json"
    content = json.loads(path.read_text())
    content["onnx_sha256"] = hashlib.sha256((bundle / "router.onnx").read_bytes()).hexdigest()
    path.write_text(json.dumps(content))


def test_a_bundle_loads_from_text_and_from_a_path(bundle):
    for folder in (bundle, str(bundle)):
        manifest, graph = load_bundle(folder)
        assert manifest.name == "small"
        assert graph.predict(["a"]).p_success.shape == (1, 3)


def test_every_changed_byte_of_the_graph_is_noticed(bundle):
    path = bundle / "router.onnx"
    content = path.read_bytes()
    for at in (0, len(content) // 3, len(content) - 1):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(BundleCorruptError, match=r"has the sha256 [0-9a-f]{64}, the manifest says [0-9a-f]{64}"):
            load_bundle(bundle)
    path.write_bytes(content)
    load_bundle(bundle)


def test_a_truncated_graph_is_noticed(bundle):
    path = bundle / "router.onnx"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BundleCorruptError, match="was changed after the export: export or copy the router again"):
        load_bundle(bundle)


def test_a_truncated_graph_with_its_own_hash_cannot_be_opened(bundle):
    path = bundle / "router.onnx"
    path.write_bytes(path.read_bytes()[:1000])
    sign_again(bundle)
    with pytest.raises(BundleCorruptError, match=r"onnxruntime \S+ cannot open the graph: "):
        load_bundle(bundle)


def test_a_missing_graph_is_named(bundle):
    (bundle / "router.onnx").unlink()
    with pytest.raises(BundleNotFoundError, match=re.escape(f"{bundle} has no router.onnx; export the router again")):
        load_bundle(bundle)


def test_the_hash_of_another_router_is_noticed(edited):
    with pytest.raises(BundleCorruptError, match="the manifest says " + "0" * 64):
        load_bundle(edited(onnx_sha256="0" * 64))


def test_probes_of_another_router_are_noticed_though_the_hash_is_right(edited, bundle):
    probes = probes_of(bundle)
    probes[2]["p_success"][1] += 3e-6
    with pytest.raises(BundleCorruptError, match="gives another p_success for the manifest's probes than on export"):
        load_bundle(edited(probes=probes))


def test_a_difference_of_the_last_digits_is_another_processor_and_not_another_router(edited, bundle):
    probes = probes_of(bundle)
    probes[2]["p_label"][1] += 5e-7
    load_bundle(edited(probes=probes))


@pytest.mark.parametrize("wrong", [[], [0.5], [0.1, 0.2, float("nan")], ["a", "b", "c"], [None, None, None]])
def test_probes_that_are_not_numbers_of_the_right_shape_do_not_pass(edited, bundle, wrong):
    probes = probes_of(bundle)
    for changed in (probes[:1], probes):
        changed[0]["p_success"] = wrong
        with pytest.raises(BundleCorruptError, match="gives another p_success"):
            load_bundle(edited(probes=changed))


def test_a_similarity_of_another_router_is_noticed_and_one_of_another_processor_is_not(edited, bundle):
    probes = probes_of(bundle)
    probes[2]["similarity"] += 5e-5
    load_bundle(edited(probes=probes))
    for wrong in (probes[2]["similarity"] + 2e-4, None, "0.5"):
        probes[2]["similarity"] = wrong
        with pytest.raises(
            BundleCorruptError, match="gives another similarity for the manifest's probes than on export"
        ):
            load_bundle(edited(probes=probes))


@pytest.fixture
def without_similarity(bundle, trained):
    """Take the output that the guard reads out of the graph."""
    graph = router_graph(replace(trained.router, guard=None))
    (bundle / "router.onnx").write_bytes(graph.SerializeToString())
    sign_again(bundle)
    return bundle


def test_a_guard_without_the_output_that_it_reads_is_noticed(without_similarity):
    expected = "router.onnx has no output similarity, which the manifest's guard reads; the manifest belongs to another"
    with pytest.raises(BundleCorruptError, match=re.escape(expected)):
        load_bundle(without_similarity)


def test_a_router_without_a_guard_needs_no_similarity_and_may_have_it(without_similarity, edited, trained):
    assert not load_bundle(edited(guard=None))[1].has_similarity
    (without_similarity / "router.onnx").write_bytes(trained.onnx)
    sign_again(without_similarity)
    assert load_bundle(without_similarity)[1].has_similarity


def test_a_router_without_probes_is_not_taken_on_trust(edited):
    with pytest.raises(BundleCorruptError, match="gives another p_success for the manifest's probes"):
        load_bundle(edited(probes=[]))


def test_the_manifest_names_every_column_of_the_graph(edited, bundle):
    content = json.loads((bundle / "router.json").read_text())
    n = len(content["features"])
    expected = rf"gives {n} columns of features, the manifest names {n - 1}; the manifest belongs"
    with pytest.raises(BundleCorruptError, match=expected):
        load_bundle(edited(features=content["features"][:-1]))
    models = content["models"][1:]
    labels, best = [*(model["name"] for model in models), "all-fail"], models[-1]["name"]
    with pytest.raises(BundleCorruptError, match="gives 3 columns of p_success, the manifest names 2"):
        load_bundle(edited(models=models, labels=labels, best_single=best))


@pytest.mark.parametrize("field", ["models", "labels"])
def test_models_and_labels_in_another_order_than_the_graph_are_refused(edited, bundle, field):
    named = json.loads((bundle / "router.json").read_text())[field]
    with pytest.raises(BundleCorruptError, match="that do not fit"):
        load_bundle(edited(**{field: named[::-1]}))


def test_a_best_single_model_that_is_none_of_the_models_is_refused(edited):
    with pytest.raises(BundleCorruptError, match="that do not fit"):
        load_bundle(edited(best_single="another"))


def test_a_newer_schema_is_its_own_error(edited):
    with pytest.raises(SchemaVersionError, match="upgrade pointsman"):
        load_bundle(edited(schema_version=99))


def test_all_of_these_are_bundle_errors():
    for error in (BundleCorruptError, BundleNotFoundError, SchemaVersionError):
        assert issubclass(error, BundleError)
        assert issubclass(error, PointsmanError)
