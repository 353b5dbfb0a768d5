from __future__ import annotations

import pytest

from pointsman_train.datasets.pool import pool_of
from pointsman_train.errors import PoolError


def test_the_pool_keeps_its_order():
    assert pool_of(["c", "a"], {"a", "b", "c"}, "o.csv") == ("c", "a")


def test_an_empty_pool_is_every_model_by_name():
    assert pool_of([], {"b", "a"}, "o.csv") == ("a", "b")


def test_an_unknown_model_gets_near_matches_and_the_models_there_are():
    with pytest.raises(PoolError) as error:
        pool_of(["gpt4o", "zzz"], {"gpt-4o", "llama"}, "o.csv")
    assert str(error.value) == (
        "o.csv has no outcomes of the pool's 'gpt4o' (did you mean 'gpt-4o'?), 'zzz'; "
        "the models with outcomes are 'gpt-4o', 'llama'"
    )


def test_only_twenty_of_many_models_are_listed():
    with pytest.raises(PoolError, match=r"'m19' and 5 more$"):
        pool_of(["zzz"], {f"m{i:02}" for i in range(25)}, "o.csv")


def test_repeated_names_are_refused():
    with pytest.raises(PoolError, match=r"^the pool names 'a', 'b' more than once; name each model once$"):
        pool_of(["b", "a", "b", "c", "a"], {"a", "b", "c"}, "o.csv")


@pytest.mark.parametrize(
    ("wanted", "available", "shown"), [(["a"], {"a", "b"}, "'a'"), ([], {"a"}, "'a'"), ([], set(), "none")]
)
def test_fewer_than_two_models_are_no_choice(wanted, available, shown):
    with pytest.raises(PoolError) as error:
        pool_of(wanted, available, "o.csv")
    assert str(error.value) == (
        f"o.csv: routing chooses between two models or more, the pool is {shown}; "
        "add models to the pool, or outcomes to the table"
    )
