from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.data import ModelSpec
from pointsman_train.datasets.costs import cost_of
from pointsman_train.datasets.grid import Grid
from pointsman_train.errors import ConfigError, DataError

UNKNOWN = np.full((4, 2), np.nan)
SCORE = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, np.nan]])
TOKENS = np.array([[100.0, 100.0], [200.0, 200.0], [300.0, 300.0], [400.0, np.nan]])
FILE = np.array([[1e-5, 3e-4], [2e-5, 6e-4], [3e-5, 9e-4], [4e-5, np.nan]])
CATALOG = {"small": ModelSpec("small", 0.1, 0.3), "large": ModelSpec("large", 2.0, 6.0)}
HEAD = "o.csv: dataset.cost={} leaves a model of the pool without any known cost"


def grid(file=UNKNOWN, into=UNKNOWN, out=UNKNOWN):
    texts = ["a", "b", "c", "d"]
    return Grid(
        prompt_id=texts,
        prompt=texts,
        source=texts,
        models=("small", "large"),
        score=SCORE,
        trials=(~np.isnan(SCORE)).astype(np.int64),
        input_tokens=into,
        output_tokens=out,
        cost_usd=file,
        selection_probability=UNKNOWN,
        logged=UNKNOWN,
        origin="o.csv",
    )


def failure(way, catalog, **columns):
    with pytest.raises(DataError) as error:
        cost_of(way, grid(**columns), catalog)
    return str(error.value).splitlines()


def first(cost, n):
    """Keep the first n of each model's costs."""
    return np.where(np.arange(4)[:, None] < n, cost, np.nan)


def test_costs_of_the_file_are_taken_as_they_are():
    cost, way = cost_of("file", grid(file=FILE), None)
    np.testing.assert_array_equal(cost, FILE)
    assert way == "file"


def test_costs_from_tokens_are_tokens_times_prices_over_a_million():
    cost, way = cost_of("tokens", grid(into=TOKENS, out=TOKENS / 10), CATALOG)
    # 100 * 0.1 + 10 * 0.3 = 13 and 100 * 2 + 10 * 6 = 260 millionths.
    np.testing.assert_allclose(cost[0], [13e-6, 260e-6])
    np.testing.assert_allclose(cost[2], [39e-6, 780e-6])
    assert np.isnan(cost[3, 1])
    assert way == "tokens"


def test_an_average_price_stands_in_for_one_that_is_missing():
    catalog = {"small": ModelSpec("small", avg_per_m=1.0), "large": ModelSpec("large", 2.0, None, 10.0)}
    cost, _ = cost_of("tokens", grid(into=TOKENS, out=TOKENS), catalog)
    np.testing.assert_allclose(cost[0], [200e-6, 1200e-6])


def test_costs_from_prices_are_those_of_1000_tokens_and_alike_for_every_prompt():
    catalog = {"small": ModelSpec("small", 0.1, 0.3), "large": ModelSpec("large", 10.0, 30.0, 24.7)}
    cost, way = cost_of("price", grid(), catalog)
    np.testing.assert_allclose(cost, np.tile([0.0002, 0.0247], (4, 1)))
    assert way == "price"


def test_auto_takes_the_file_before_tokens_and_tokens_before_prices():
    everything = grid(file=FILE, into=TOKENS, out=TOKENS)
    assert cost_of("auto", everything, CATALOG)[1] == "file"
    assert cost_of("auto", grid(into=TOKENS, out=TOKENS), CATALOG)[1] == "tokens"
    assert cost_of("auto", grid(into=TOKENS), CATALOG)[1] == "price"
    assert cost_of("auto", everything, None)[1] == "file"


@pytest.mark.parametrize(("known", "way"), [(0, "tokens"), (1, "tokens"), (2, "file"), (3, "file")])
def test_auto_wants_half_of_each_models_answers_to_have_a_cost(known, way):
    # The dearer model answered three prompts: one known cost of three is too few, two are enough.
    cost, taken = cost_of("auto", grid(file=first(FILE, known), into=TOKENS, out=TOKENS), CATALOG)
    assert taken == way
    if way == "file":
        assert np.isnan(cost[known:]).all()


def test_auto_settles_for_few_known_costs_where_no_way_knows_more():
    assert cost_of("auto", grid(file=first(FILE, 1)), None)[1] == "file"
    assert cost_of("auto", grid(file=first(FILE, 1)), CATALOG)[1] == "price"


def test_costs_of_prompts_without_a_score_do_not_count_as_known():
    file = FILE.copy()
    file[:, 1] = [np.nan, np.nan, np.nan, 1e-5]
    assert failure("file", None, file=file) == [
        HEAD.format("file"),
        "  file: no cost_usd of 'large'; fill that column, or name it in dataset.columns.cost_usd",
    ]


def test_all_costs_null_and_no_catalog_says_what_to_give():
    assert failure("auto", None) == [
        HEAD.format("auto"),
        "  file: no cost_usd of 'small'; fill that column, or name it in dataset.columns.cost_usd",
        "  tokens: no catalog is given; give one (catalog=FILE) with each model's input_per_m and output_per_m",
        "  price: no catalog is given; give one (catalog=FILE) with each model's input_per_m and output_per_m",
    ]


def test_one_model_without_costs_is_named():
    file = FILE.copy()
    file[:, 1] = np.nan
    assert failure("file", None, file=file)[1] == (
        "  file: no cost_usd of 'large'; fill that column, or name it in dataset.columns.cost_usd"
    )


def test_a_model_that_the_catalog_lacks_gets_near_matches():
    catalog = {"small": CATALOG["small"], "large-2": CATALOG["large"]}
    assert failure("price", catalog)[1] == (
        "  price: the catalog lacks 'large' (did you mean 'large-2'?); add it with its prices"
    )


def test_a_model_without_prices_is_named():
    catalog = {"small": CATALOG["small"], "large": ModelSpec("large", input_per_m=1.0)}
    assert failure("price", catalog)[1] == (
        "  price: the catalog has no price of 'large'; give input_per_m and output_per_m, or avg_per_m"
    )


def test_missing_tokens_are_named_where_prices_are_known():
    assert failure("tokens", CATALOG, into=TOKENS)[1] == (
        "  tokens: no row of 'small' has input_tokens and output_tokens; fill them, or use dataset.cost=price"
    )


def test_an_unknown_way_lists_the_ways():
    with pytest.raises(ConfigError, match=r"^dataset\.cost is one of auto, file, tokens, price, got 'free'$"):
        cost_of("free", grid(), None)


def test_free_models_have_a_known_cost_of_zero():
    cost, way = cost_of("auto", grid(file=np.zeros((4, 2))), None)
    assert way == "file"
    assert cost.max() == 0.0
