"""Against LightGBM's own contributions."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

import numpy as np
import pytest

from pointsman.contributions import Explainer, shapley
from pointsman_train.errors import ExportError
from pointsman_train.train.average import AverageModel
from pointsman_train.train.difference import DifferenceModel
from pointsman_train.train.explain import check_explainer, explain_file, paths_of
from pointsman_train.train.formulations import BOOSTED, FORMULATIONS, FormulationConfig
from pointsman_train.train.heads import Heads
from pointsman_train.train.linear import LinearModel
from pointsman_train.train.logistic import LogisticModel
from pointsman_train.train.success import Targets

SHA = "ab" * 32


@pytest.fixture(scope="module")
def parts(trained):
    """The default formulation's parts, by their kind."""
    return {type(part): part for part in trained.router.success.parts}


def rows_of(trained):
    return trained.router.features[::17]


def test_the_default_formulation_is_the_one_that_is_explained(parts):
    assert set(parts) == {Heads, DifferenceModel, LogisticModel, LinearModel}


@pytest.mark.parametrize("which", ["per_model", "best", "difference"])
def test_trees_contribute_what_lightgbm_says(trained, parts, which):
    difference = parts[DifferenceModel]
    heads = {"per_model": parts[Heads], "best": difference.best, "difference": difference.difference}[which]
    paths, compared = paths_of(heads), 0
    for row in rows_of(trained):
        found = shapley(paths, row.astype(np.float64))
        for target, head in enumerate(heads.heads):
            expected = np.zeros(len(row))
            if head.booster is None:
                assert found.usual[target] == pytest.approx(head.constant)
            else:
                columns = row[None, head.columns].astype(np.float64)
                given = np.asarray(head.booster.predict(columns, pred_contrib=True))[0]
                expected[head.columns] = given[:-1]
                assert found.usual[target] == pytest.approx(given[-1], abs=1e-9)
                compared += 1
            np.testing.assert_allclose(found.of[target], expected, atol=1e-9)
    assert compared > 10


def test_the_file_explains_the_whole_model(trained):
    explainer = Explainer.read(explain_file(trained.router, SHA), SHA)
    rows = rows_of(trained)
    found = np.array([explainer(row).total for row in rows])
    np.testing.assert_allclose(found, trained.router.success.margins(rows), atol=1e-6)


@pytest.mark.parametrize("formulation", ["pooled", "per_model", "difference", "logistic", "linear", "cumulative"])
def test_other_formulations_are_explained_too(trained, formulation):
    fitted = _fitted(trained, formulation)
    explainer = Explainer.read(explain_file(fitted, SHA), SHA)
    rows = rows_of(trained)
    np.testing.assert_allclose([explainer(row).total for row in rows], fitted.success.margins(rows), atol=1e-6)


def test_what_is_no_sum_is_not_explained_and_said_so(trained, caplog):
    with caplog.at_level(logging.INFO, logger="pointsman_train"):
        assert explain_file(_fitted(trained, "multiclass"), SHA) is None
    assert "cannot be explained: a MulticlassModel is no sum" in caplog.text


def test_contributions_that_do_not_add_up_are_refused(trained, parts):
    explainer = Explainer.read(explain_file(trained.router, SHA), SHA)
    other = replace(trained.router, success=AverageModel([parts[Heads]]))
    with pytest.raises(ExportError, match="contributions differ from the log-odds by"):
        check_explainer(other, explainer)


def test_the_exported_bundle_has_it(trained):
    assert Explainer.load(trained.bundle, hashlib.sha256(trained.onnx).hexdigest()).parts


def _fitted(trained, name):
    """Fit a formulation to outcomes that hang on the first word score."""
    router, rng = trained.router, np.random.default_rng(0)
    n_models = len(router.models)
    score = router.features[:, router.featurizer.layout.columns("words")[0]].astype(np.float64)
    p = 1 / (1 + np.exp(-(score[:, None] - score.mean() + np.arange(n_models) - 1)))
    success = (rng.random(p.shape) < p).astype(np.float64)
    label = np.where(success.any(axis=1), success.argmax(axis=1), n_models)
    targets = Targets(success, success, np.ones(success.shape, np.int64), label)
    config = FormulationConfig()
    for boosted in BOOSTED:
        getattr(config, boosted).booster.trees = 20
    made = FORMULATIONS[name](config).fit(router.features, targets, router.descriptors, router.featurizer.layout)
    return replace(router, success=made)
