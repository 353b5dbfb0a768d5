from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.drift import measure_drift, psi
from pointsman_train.evaluate.reference import (
    CHOSEN,
    Histogram,
    Reference,
    columns_of,
    effective_prompts,
    reference_of,
)
from pointsman_train.featurize.run import open_session, run
from pointsman_train.featurize.surface import SURFACE_NAMES, add_surface
from pointsman_train.featurize.window import add_window
from pointsman_train.graph import FLOAT, STRING, GraphBuilder

MODELS = ("small", "medium", "large")


def _columns(rng, n, shift=0.0):
    counts = rng.poisson(3 + 3 * shift, (n, 6)).astype(np.float32)
    scores = rng.normal(shift, 1.0, (n, 6)).astype(np.float32)
    flags = (rng.random((n, 2)) < 0.03 + 0.2 * shift).astype(np.float32)
    constant = np.full((n, 1), 7.0, np.float32)
    features = np.hstack([counts, scores, flags, constant])
    p = 1 / (1 + np.exp(-rng.normal(shift, 1.0, (n, 3))))
    return columns_of(features, [f"f{k}" for k in range(15)], p, MODELS, p.argmax(axis=1))


def _take(columns, rows):
    return {name: values[rows] for name, values in columns.items()}


def _reference(columns, group=None):
    n = len(columns[CHOSEN])
    return reference_of(columns, len(MODELS), np.arange(n) if group is None else group)


def _measure(reference, columns, seed=0, **settings):
    """Measure with the threshold of chance alone, unless told otherwise."""
    return measure_drift(reference, columns, np.random.default_rng(seed), **{"draws": 400, "least": 0.0} | settings)


def _by_name(drift):
    return {column.name: column for column in drift.columns}


def test_the_index_is_that_of_its_formula():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.3, 0.3])
    expected = (0.4 - 0.5) * np.log(0.4 / 0.5) + (0.3 - 0.2) * np.log(0.3 / 0.2)

    assert psi(p, q) == pytest.approx(expected)
    assert psi(p, q) == pytest.approx(psi(q, p))
    assert psi(p, p) == 0.0


def test_the_index_of_a_column_by_hand():
    reference = Reference({"x": Histogram((1.5,), (30, 70))}, 100.0)
    (column,) = _measure(reference, {"x": np.repeat([1.0, 2.0], [6, 4])}).columns
    p, q = np.array([30.5, 70.5]) / 101, np.array([6.5, 4.5]) / 11

    assert column.psi == pytest.approx(float(psi(p, q)))


def test_the_training_prompts_themselves_have_not_drifted():
    columns = _columns(np.random.default_rng(0), 2000)
    drift = _measure(_reference(columns), columns)

    assert drift.drifted == ()
    assert max(column.psi for column in drift.columns) < 1e-12
    assert drift.verdict == "No drift: 2000 prompts look like the training prompts in all 19 columns."


def test_a_difference_too_small_to_matter_is_no_drift_however_many_prompts_show_it():
    reference = Reference({"x": Histogram((1.5,), (5000, 5000))}, 10_000.0)

    def fresh(share, **settings):
        values = {"x": np.repeat([1.0, 2.0], [round(10_000 * share), round(10_000 * (1 - share))])}
        return bool(_measure(reference, values, **settings).drifted)

    # The index is 0.04 at a share of 0.6, and 0.17 at 0.7.
    assert (fresh(0.6), fresh(0.6, least=0.1), fresh(0.7, least=0.1)) == (True, False, True)


@pytest.mark.parametrize("n", [50, pytest.param(400, marks=pytest.mark.slow), 5000])
def test_a_resample_of_the_training_prompts_raises_no_alarm(n):
    rng = np.random.default_rng(1)
    columns = _columns(rng, 2000)
    reference = _reference(columns)
    alarms = [bool(_measure(reference, _take(columns, rng.integers(2000, size=n)), k).drifted) for k in range(150)]

    assert np.mean(alarms) <= 0.03


def test_fresh_prompts_of_the_same_kind_raise_an_alarm_in_about_one_case_in_a_hundred():
    rng = np.random.default_rng(2)
    alarms = []
    for k in range(150):
        reference = _reference(_columns(rng, 1000))
        alarms.append(bool(_measure(reference, _columns(rng, 500), k).drifted))

    assert 0.0 < np.mean(alarms) <= 0.03


@pytest.mark.slow
@pytest.mark.parametrize(("training", "fresh"), [(500, 100), (1000, 1000), (5000, 200)])
def test_false_alarms_come_at_their_stated_rate(training, fresh):
    rng = np.random.default_rng(3)
    alarms = [
        bool(_measure(_reference(_columns(rng, training)), _columns(rng, fresh), k, draws=500).drifted)
        for k in range(600)
    ]

    assert 0.002 <= np.mean(alarms) <= 0.03


def test_copies_raise_no_alarm_where_the_groups_are_told():
    rng, told, hidden = np.random.default_rng(4), [], []
    columns = _columns(rng, 2000)
    reference = _reference(columns)
    for k in range(60):
        # Forty prompts, each sent ten times.
        rows = np.repeat(rng.integers(2000, size=40), 10)
        told.append(bool(_measure(reference, _take(columns, rows), k, group=np.arange(400) // 10).drifted))
        hidden.append(bool(_measure(reference, _take(columns, rows), k).drifted))

    assert np.mean(told) <= 0.05
    assert np.mean(hidden) > 0.5


def test_prompts_of_another_kind_raise_an_alarm_and_the_columns_are_named():
    rng = np.random.default_rng(5)
    columns, fresh = _columns(rng, 2000), _columns(rng, 500)
    fresh["f2"] = fresh["f2"] + 3
    drift = _measure(_reference(columns), fresh)

    assert [column.name for column in drift.drifted] == ["f2"]
    assert drift.columns[0].name == "f2"
    assert drift.verdict.startswith("Drift in 1 of 19 columns over 500 prompts, most in f2 (PSI ")


def test_what_was_never_seen_in_training_is_drift_even_in_a_constant_column():
    rng = np.random.default_rng(6)
    columns, fresh = _columns(rng, 2000), _columns(rng, 500)
    fresh["f14"] = np.where(rng.random(500) < 0.05, 9.0, 7.0)

    assert [column.name for column in _measure(_reference(columns), fresh).drifted] == ["f14"]


def test_a_mix_of_models_that_shifts_is_drift():
    rng = np.random.default_rng(7)
    columns, fresh = _columns(rng, 2000), _columns(rng, 500)
    fresh[CHOSEN] = np.where(rng.random(500) < 0.3, 2, fresh[CHOSEN])

    assert [column.name for column in _measure(_reference(columns), fresh).drifted] == [CHOSEN]


def test_a_model_that_was_never_chosen_has_a_bin_of_its_own():
    columns = {CHOSEN: np.array([0, 2, 2, 0])}
    reference = reference_of(columns, 4, np.arange(4))

    assert reference.columns[CHOSEN] == Histogram((0.5, 1.5, 2.5), (2, 0, 2, 0))


def test_the_threshold_falls_as_prompts_grow_and_rises_with_bins():
    columns = _columns(np.random.default_rng(8), 2000)
    reference = _reference(columns)
    few, many = (_by_name(_measure(reference, _take(columns, np.arange(n)))) for n in (50, 2000))

    assert few["f0"].threshold > 5 * many["f0"].threshold
    assert few["f6"].threshold > few["f12"].threshold
    assert len(reference.columns["f6"].counts) > len(reference.columns["f12"].counts)


def test_a_difference_in_rounding_is_not_drift():
    rng = np.random.default_rng(9)
    columns = _columns(rng, 2000)
    columns["f6"] = np.where(rng.random(2000) < 0.4, 0.25, columns["f6"])
    reference = _reference(columns)
    moved = {name: values + 1e-7 * rng.normal(size=2000) for name, values in columns.items() if name != CHOSEN}

    assert _measure(reference, moved | {CHOSEN: columns[CHOSEN]}).drifted == ()


def test_no_drift_among_few_prompts_is_said_to_tell_nothing():
    columns = _columns(np.random.default_rng(13), 500)
    few, many = (_measure(_reference(columns), _take(columns, np.arange(n))) for n in (20, 40))
    assert few.verdict.startswith("Cannot tell: 20 prompts, less what is near-duplicate, are worth 20 independent")
    assert many.verdict.startswith("No drift: 40 prompts")
    alike = _measure(_reference(columns), _take(columns, np.arange(40)), group=np.zeros(40, int))
    assert "are worth 1 independent" in alike.verdict


def test_permuting_prompts_changes_nothing():
    rng = np.random.default_rng(10)
    columns, fresh = _columns(rng, 500), _columns(rng, 300)
    there = _measure(_reference(columns), fresh)
    here = _measure(_reference(_take(columns, rng.permutation(500))), _take(fresh, rng.permutation(300)))

    assert here == there


def test_a_reference_is_the_same_after_a_way_through_json():
    reference = _reference(_columns(np.random.default_rng(11), 300))
    text = json.dumps(reference.to_dict(), allow_nan=False)

    assert Reference.from_dict(json.loads(text)) == reference
    assert len(text) / len(reference.columns) < 250


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "KeyError"),
        ({"effective": 5, "columns": {"x": {"edges": [1.0]}}}, "KeyError"),
        ({"effective": "many", "columns": {}}, "ValueError"),
        ({"effective": 5, "columns": {"x": {"edges": [1.0], "counts": [1]}}}, "the reference of 'x' has counts"),
    ],
)
def test_a_reference_that_cannot_be_read_is_refused(content, message):
    with pytest.raises(DataError, match=message):
        Reference.from_dict(content)


def test_bins_are_cut_half_way_between_values_and_hold_all_prompts():
    reference = _reference({"x": np.array([1.0, 1.0, 2.0, 5.0]), CHOSEN: np.zeros(4, int)})

    assert reference.columns["x"] == Histogram((0.99995, 1.5, 3.5, 5.00005), (0, 2, 1, 1, 0))
    many = _reference({"x": np.arange(1000.0), CHOSEN: np.zeros(1000, int)}).columns["x"]
    assert many.counts == (0, *[100] * 10, 0)


def test_near_duplicates_are_worth_their_groups():
    assert effective_prompts(np.arange(50) // 5) == pytest.approx(10)
    # One group of nine beside one prompt: 100 / 82.
    assert effective_prompts(np.array([0] * 9 + [1])) == pytest.approx(100 / 82)


def test_what_cannot_be_compared_is_refused():
    columns = _columns(np.random.default_rng(12), 100)
    reference = _reference(columns)
    with pytest.raises(DataError, match=r"no values for \['f3'\]"):
        _measure(reference, {name: values for name, values in columns.items() if name != "f3"})
    with pytest.raises(DataError, match="no prompt to compare"):
        _measure(reference, _take(columns, np.arange(0)))
    with pytest.raises(ConfigError, match="draws is 50, expected 100 or more"):
        _measure(reference, columns, draws=50)
    with pytest.raises(DataError, match="the column 'f0' has no values, or one that is not a finite number"):
        _reference(columns | {"f0": np.full(100, np.nan)})


@pytest.fixture(scope="module")
def llmrouter(shared):
    prompts = pd.read_parquet(shared / "llmrouter" / "prompts.parquet")
    prompts = prompts[~prompts.leaked_in_train.astype(bool)]
    g = GraphBuilder()
    g.alias(add_surface(g, add_window(g, "prompt")), "features")
    session = open_session(g.model({"prompt": (STRING, ["N"])}, {"features": (FLOAT, ["N", "F"])}))
    (features,) = run(session, prompts.prompt.tolist(), ["features"])
    return dict(zip(SURFACE_NAMES, features.T, strict=True)), prompts.benchmark.to_numpy()


@pytest.mark.shared
def test_real_prompts_of_the_same_sources_raise_no_alarm(llmrouter):
    columns, source = llmrouter
    rng, alarms = np.random.default_rng(0), []
    for k in range(40):
        order = rng.permutation(len(source))
        reference = reference_of(_take(columns, order[:4000]), 3, np.arange(4000))
        alarms.append(bool(_measure(reference, _take(columns, order[4000:]), k).drifted))
        alarms.append(bool(_measure(reference, _take(columns, rng.choice(order[:4000], 300)), k).drifted))

    assert np.mean(alarms) <= 0.04


@pytest.mark.shared
def test_a_real_source_that_was_left_out_raises_the_alarm(llmrouter):
    columns, source = llmrouter
    for name in np.unique(source):
        kept, out = np.flatnonzero(source != name), np.flatnonzero(source == name)[:100]
        drift = _measure(reference_of(_take(columns, kept), 3, kept), _take(columns, out))
        assert len(drift.drifted) >= 10, name
