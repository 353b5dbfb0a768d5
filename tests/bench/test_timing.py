from __future__ import annotations

from bench.timing import in_turns, microseconds


def test_calls_take_turns_on_the_same_prompts_and_who_begins_changes():
    seen = []
    took = in_turns(
        {"a": lambda text: seen.append(("a", text)), "b": lambda text: seen.append(("b", text))}, ["x", "y"], 3, 0
    )
    assert seen == [("a", "x"), ("b", "x"), ("b", "y"), ("a", "y"), ("a", "x"), ("b", "x")]
    assert {name: len(spent) for name, spent in took.items()} == {"a": 3, "b": 3}


def test_what_only_warms_is_not_counted():
    seen = []
    assert len(in_turns({"a": seen.append}, ["x"], runs=2, warm=3)["a"]) == 2
    assert len(seen) == 5


def test_every_run_has_a_string_of_its_own_as_a_caller_would():
    seen = []
    text = "the same words, é"
    in_turns({"a": seen.append}, [text], 2, 0)
    in_turns({"a": seen.append}, [[text]], 1, 0)
    assert seen == [text, text, [text]]
    assert len({id(one) for one in (text, seen[0], seen[1], seen[2][0])}) == 4


def test_quantiles_are_runs_that_were():
    assert microseconds(list(range(1_000, 101_000, 1_000))) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
