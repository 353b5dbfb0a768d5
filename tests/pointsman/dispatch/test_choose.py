from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from samples import MADE

from pointsman import Router, UnknownOperatingPointError
from pointsman.dial import dial_rule, lambda_knots, rule_of
from pointsman.dispatch.choose import Chooser, at_least
from pointsman.dispatch.controls import Controls
from pointsman.dispatch.explore import explored
from pointsman.dispatch.settings import Settings
from pointsman.manifest import GuardSettings


@pytest.fixture
def chooser(router):
    return Chooser(router, Settings())


def test_a_choice_is_what_the_router_decides(router, chooser, familiars):
    for prompt in [*familiars, "Hi", "Ça va? " * 50]:
        for point in router.manifest.operating_points:
            decision = router.route(prompt, operating_point=point)
            choice = chooser.choose(prompt, router.models, Controls(operating_point=point))
            assert (choice.model, choice.reason, choice.margin, choice.boundary) == (
                decision.model, decision.reason, decision.margin, decision.boundary,
            )  # fmt: skip
            assert choice.utilities == decision.utilities
            assert choice.p_success == decision.p_success


@pytest.mark.parametrize("cost_quality", [None, 0, 2.5, 9])
@pytest.mark.parametrize("on_boundary", [None, "decide", "step_up", "default"])
@pytest.mark.parametrize("min_success", [None, 0.2, 0.6, 1])
@pytest.mark.parametrize("without", [None, 0, 2])
def test_wishes_are_the_same_as_arguments_and_as_controls(
    router, familiars, cost_quality, on_boundary, min_success, without
):
    wide = Router(replace(router.manifest, boundary_margin=0.3), router._graph)
    wish = {"cost_quality": cost_quality, "on_boundary": on_boundary, "min_success": min_success}
    out = () if without is None else (router.models[without],)
    left = [model for model in router.models if model not in out]
    for prompt in (*familiars, "Ça va? " * 50):
        decision = wide.route(prompt, exclude=out, **wish)
        choice = Chooser(wide, Settings()).choose(prompt, left, Controls(**wish))
        assert (choice.model, choice.reason, choice.margin) == (decision.model, decision.reason, decision.margin)
        assert (choice.operating_point, choice.lam) == (decision.operating_point, decision.lam)
    assert wide.route_many([prompt], exclude=out, **wish) == [decision]


def test_only_models_that_may_answer_are_chosen_or_stand_in(router, chooser, familiars):
    some = router.models[1:]
    choice = chooser.choose(familiars[0], some, Controls())
    assert set(choice.ranking) == set(some) == set(choice.utilities)
    assert choice.model == choice.ranking[0] == router.route(familiars[0], models=list(some)).model


def test_stand_ins_come_by_utility(router, chooser, familiars):
    choice = chooser.choose(familiars[0], router.models, Controls(cost_quality=0))
    rest = list(choice.ranking[1:])
    assert rest == sorted(rest, key=choice.utilities.__getitem__, reverse=True)


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_signal_goes_to_the_default_and_never_to_the_cheapest(router, chooser, text):
    choice = chooser.choose(text, router.models, Controls())
    assert (choice.model, choice.reason, choice.signal) == (chooser.default_among(router.models), "no signal", False)
    cheapest = router.models[0]
    assert choice.model != cheapest
    set_to = Chooser(router, Settings(default_model=cheapest))
    assert set_to.choose(text, router.models, Controls()).model == cheapest


def test_a_default_that_may_not_answer_gives_way_to_the_best_that_may(router, chooser):
    others = [model for model in router.models if model != chooser.default_among(router.models)]
    scores = {model.name: model.mean_score for model in router.manifest.models}
    assert chooser.choose("", others, Controls()).model == max(others, key=scores.__getitem__)


def test_the_dial_ends_at_success_alone_and_at_the_cheapest(router, chooser, familiars):
    for prompt in familiars:
        quality = chooser.choose(prompt, router.models, Controls(cost_quality=0))
        assert quality.p_success[quality.model] == max(quality.p_success.values())
        assert chooser.choose(prompt, router.models, Controls(cost_quality=10)).model == router.models[0]


def test_an_unfamiliar_prompt_goes_to_the_default_at_any_point_of_the_dial(router):
    guard = GuardSettings(threshold=2.0, fallback=router.models[1])
    suspicious = Router(replace(router.manifest, guard=guard), router._graph)
    wish = Controls(cost_quality=10, min_success=0.99, on_boundary="step_up")
    choice = Chooser(suspicious, Settings()).choose("Hi", router.models, wish)
    assert (choice.unfamiliar, choice.signal, choice.reason) == (True, False, "unfamiliar prompt")
    assert (choice.model, choice.margin, choice.boundary) == (router.models[1], None, False)
    set_to = Chooser(suspicious, Settings(default_model=router.models[2]))
    assert set_to.choose("Hi", router.models, wish).model == router.models[2]
    score = {model.name: model.mean_score for model in router.manifest.models}
    assert list(choice.ranking[1:]) == sorted((router.models[0], router.models[2]), key=score.get, reverse=True)


def test_the_dial_never_gets_dearer_as_it_goes_up(router, chooser, familiars):
    cost = {model.name: model.mean_cost_usd for model in router.manifest.models}
    for prompt in familiars:
        chosen = [chooser.choose(prompt, router.models, Controls(cost_quality=d)).model for d in np.linspace(0, 10, 21)]
        costs = [cost[model] for model in chosen]
        assert costs == sorted(costs, reverse=True)


def test_the_operating_points_stand_on_the_dial(router):
    points = sorted(point.lam for point in router.manifest.operating_points.values() if point.rule != "threshold")
    marks = np.linspace(0, 10, len(points) + 2)
    assert [dial_rule(router.manifest, mark).lam for mark in marks[1:-1]] == pytest.approx(points)
    assert dial_rule(router.manifest, 0).lam == 0


@pytest.mark.parametrize(
    ("cost", "points", "hold", "knots"),
    [
        ([1, 2, 4], [], 0.0, [0.0, 4.0]),
        ([1, 2, 4], [9.0, 1.0], 0.0, [0.0, 1.0, 4.0, 4.0]),
        ([1, 1, 4], [], 0.0, [0.0, 4 / 3]),
        ([0, 0, 0], [], 0.0, [0.0, 1.0]),
        ([1, 2, 4], [], 0.5, [0.0, 6.0]),
    ],
)
def test_lambda_rises_to_where_the_cheapest_always_wins(cost, points, hold, knots):
    assert lambda_knots(cost, points, hold) == pytest.approx(knots)


def test_an_unknown_operating_point_is_told(router):
    with pytest.raises(UnknownOperatingPointError, match=r"has the operating points .*, not 'cheap'"):
        rule_of(router.manifest, Controls(operating_point="cheap"))


def test_a_close_call_follows_the_wish_of_the_request(router, familiars):
    # With such a margin every choice is a close call.
    wide = Chooser(router, Settings())
    wide.manifest = replace(router.manifest, boundary_margin=1e9)

    def choose(**wish):
        return wide.choose(familiars[0], router.models, Controls(cost_quality=10, **wish))

    assert choose().boundary
    assert [choose().model, choose(on_boundary="decide").model] == [router.models[0]] * 2
    stepped = choose(on_boundary="step_up")
    assert (stepped.model, stepped.reason) == (router.models[1], "utility; stepped up at the boundary")
    assert stepped.ranking == (router.models[1], *(one for one in choose().ranking if one != router.models[1]))
    assert choose(on_boundary="default").model == wide.default_among(router.models)


def test_a_clear_case_is_not_stepped_up(router, familiars):
    clear = Chooser(router, Settings(on_boundary="step_up"))
    clear.manifest = replace(router.manifest, boundary_margin=0.0)
    assert clear.choose(familiars[0], router.models, Controls(cost_quality=10)).model == router.models[0]


@pytest.mark.parametrize(
    ("least", "ranking", "reason"),
    [
        (None, ("b", "a", "c"), "utility"),
        (0.5, ("b", "a", "c"), "utility"),
        (0.55, ("b", "c"), "utility"),
        (0.7, ("c",), "utility; raised to min_success"),
        (0.95, ("c", "b", "a"), "utility; no model reaches min_success"),
    ],
)
def test_a_least_probability_raises_the_choice_and_limits_the_stand_ins(least, ranking, reason):
    found = at_least(MADE, least)
    assert (found.ranking, found.model, found.reason) == (ranking, ranking[0], reason)


def test_a_share_of_close_calls_is_explored_with_its_probability():
    rng = np.random.default_rng(0)
    drawn = [explored(MADE, ("a", "c"), 0.2, rng) for _ in range(4000)]
    shares = {model: np.mean([one.model == model for one in drawn]) for model in "abc"}
    assert shares == pytest.approx({"a": 0.1, "b": 0.8, "c": 0.1}, abs=0.02)
    assert {(one.model, round(one.probability, 9), one.explored) for one in drawn} == {
        ("a", 0.1, True), ("b", 0.8, False), ("c", 0.1, True),
    }  # fmt: skip


def test_a_clear_case_is_never_explored_and_draws_nothing():
    rng = np.random.default_rng(0)
    clear = replace(MADE, boundary=False)
    assert explored(clear, ("a",), 1.0, rng) is clear
    assert explored(MADE, (), 1.0, rng) is MADE
    assert explored(MADE, ("a",), 0.0, rng) is MADE
    assert rng.random() == np.random.default_rng(0).random()


def test_neighbours_are_the_rungs_beside_among_those_that_may_answer(router, chooser, familiars):
    a, b, c = router.models
    choice = chooser.choose(familiars[0], router.models, Controls())
    assert chooser.neighbours(choice.moved(b, "")) == (a, c)
    assert chooser.neighbours(choice.moved(a, "")) == (b,)
    only = chooser.choose(familiars[0], [a, c], Controls())
    assert chooser.neighbours(only.moved(c, "")) == (a,)
