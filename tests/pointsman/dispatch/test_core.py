from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from planned import asked, end, ended, plan, wide
from samples import Clock

from pointsman import NoCandidateError, Router, UnknownModelError, UnknownOperatingPointError
from pointsman.dispatch.api import Api
from pointsman.dispatch.catalog import Catalog
from pointsman.dispatch.errors import BodyError, CatalogError, SettingsError
from pointsman.dispatch.settings import Breaker, Retries, Settings
from pointsman.dispatch.usage import Usage
from pointsman.errors import RoutingError

ENDPOINT = {"base_url": "http://127.0.0.1:9/v1"}


def test_a_plan_asks_all_models_that_may_answer_the_chosen_first(router, core, familiars):
    made = plan(core(), familiars[0])
    assert made.model == router.route(familiars[0]).model
    assert {group[0].model for group in made.groups} == set(router.models)
    assert json.loads(made.body_for(made.groups[0][0]))["model"] == made.model


def test_a_named_operating_point_is_the_models_name(router, core, familiars):
    for point in router.manifest.operating_points:
        made = plan(core(), familiars[0], f"pointsman/{point}", cost_quality=3)
        assert made.decided.choice.operating_point == point
        assert made.model == router.route(familiars[0], operating_point=point).model


def test_a_pinned_model_is_not_scored_and_nobody_stands_in(router, core):
    made = plan(core(), "Hi", router.models[0], api=Api.CHAT, tools=[{}])
    assert (made.decided.choice, len(made.groups), made.model) == (None, 1, router.models[0])
    assert made.reason_for(made.model) == "pinned"
    assert made.probability_of(made.model) is None


def test_a_model_that_only_the_catalog_knows_can_be_pinned(core):
    assert plan(core(entries={"extra": {"endpoint": ENDPOINT}}), "Hi", "extra").model == "extra"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"model": "nobody"}, UnknownModelError),
        ({"model": "pointsman/nothing"}, UnknownOperatingPointError),
        ({"operating_point": "nothing"}, UnknownOperatingPointError),
        ({"model": None}, BodyError),
        ({"models": ["nobody/*"]}, NoCandidateError),
        ({"tools": [{}]}, NoCandidateError),
    ],
)
def test_what_cannot_be_routed_is_a_typed_error(core, body, error):
    with pytest.raises(error):
        plan(core(), **body)


def test_images_alone_go_to_the_default_among_those_that_can_see(router, core):
    part = {"type": "image_url", "image_url": {"url": "data:,"}}
    seeing = {router.models[1]: {"endpoint": ENDPOINT, "capabilities": ["images"]}}
    made = plan(core(entries=seeing), messages=[{"role": "user", "content": [part]}])
    assert [group[0].model for group in made.groups] == [router.models[1]]
    assert set(made.decided.pool.excluded) == set(router.models) - {router.models[1]}
    assert made.decided.choice.reason == "only candidate"


def test_defaults_of_the_dispatcher_count_where_the_request_says_nothing(router, core, familiars):
    cheap = core(defaults={"models": [router.models[0]]})
    assert plan(cheap, familiars[0]).model == router.models[0]
    assert plan(cheap, familiars[0], models=[router.models[1]]).model == router.models[1]


def test_close_calls_are_explored_but_not_within_a_session_or_a_dry_run(router, core, familiars):
    made = core(Settings(explore=1.0, session_margin=9.0), router=wide(router), rng=np.random.default_rng(0))
    explored = plan(made, familiars[0], cost_quality=10)
    assert (explored.model, explored.decided.choice.explored) == (router.models[1], True)
    assert explored.probability_of(router.models[1]) == 1.0
    dry = made.plan(Api.CHAT, asked(familiars[0], cost_quality=10, session_id="s"), dry=True)
    assert dry.model == router.models[0]
    began = plan(made, familiars[0], cost_quality=10, session_id="s")
    end(made, began)
    assert began.decided.choice.explored
    assert not plan(made, familiars[0], cost_quality=10, session_id="s").decided.choice.explored


def test_with_tools_only_a_session_is_explored_since_nothing_else_keeps_its_model(router, core, familiars):
    entries = {model: {"endpoint": ENDPOINT, "capabilities": ["tools"]} for model in router.models}
    made = core(Settings(explore=1.0), router=wide(router), rng=np.random.default_rng(0), entries=entries)
    tools = [{"type": "function", "function": {"name": "f"}}]
    able = {"cost_quality": 10, "tools": tools}
    assert plan(made, familiars[0], **able).decided.choice.explored is False
    assert plan(made, familiars[0], session_id="s", **able).decided.choice.explored


def test_in_shadow_the_choice_is_recorded_and_the_caller_obeyed(router, core, familiars):
    records = []
    made = core(Settings(shadow=True, explore=1.0), router=wide(router), on_record=[records.append])
    pinned = plan(made, familiars[0], router.models[2], cost_quality=10)
    assert (pinned.model, pinned.decided.choice.model, len(pinned.groups)) == (router.models[2], router.models[0], 1)
    end(made, pinned)
    assert (records[0].model, records[0].choice.model, records[0].shadow) == (router.models[2], router.models[0], True)
    assert (records[0].selection_probability, records[0].reason) == (None, "shadow; pinned")
    routed = plan(made, familiars[0], cost_quality=10)
    assert (routed.model, routed.decided.choice.model) == (
        made._decider._chooser.default_among(router.models),
        router.models[0],
    )
    # A request that the router could not route is sent all the same.
    assert plan(made, "Hi", router.models[2], tools=[{}]).decided.choice is None


def test_a_prompt_is_recorded_only_when_asked_for(router, core):
    for wanted, expected in ((False, None), (True, "Hi")):
        records = []
        made = core(Settings(log_prompts=wanted), on_record=[records.append])
        end(made, plan(made))
        end(made, plan(made, "Hi", router.models[0]))
        assert [record.prompt for record in records] == [expected] * 2


def test_another_router_decides_from_the_next_request_on(router, core):
    made = core()
    other = wide(router)
    made.replace_router(other)
    assert made.router is other
    small = Catalog({model: made.catalog.models[model] for model in router.models[:2]})
    made.catalog = small
    with pytest.raises(CatalogError, match="no endpoint for"):
        made.replace_router(router)
    assert made.router is other


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(default_model="x"), "default_model is 'x', expected one of"),
        (Settings(on_boundary="up"), "on_boundary is 'up'"),
        (Settings(explore=1.5), "explore is 1.5, expected 0 or more, up to 1"),
        (Settings(earlier_turns=-1), "earlier_turns is -1, expected 0 or more"),
        (Settings(max_sessions=0), "max_sessions is 0, expected 1 or more"),
        (Settings(retries=Retries(tries=0)), "tries is 0, expected 1 or more"),
        (Settings(breaker=Breaker(failures=0)), "failures is 0, expected 1 or more"),
        (Settings(retries=Retries(deadline_s=float("nan"))), "deadline_s is nan"),
    ],
)
def test_settings_out_of_range_are_told(core, settings, message):
    with pytest.raises(SettingsError) as error:
        core(settings)
    assert message in str(error.value)


def test_defaults_of_the_wrong_form_are_told(core):
    with pytest.raises(BodyError, match="pointsman has 'modles', expected some of"):
        core(defaults={"modles": []})


def test_a_default_operating_point_that_the_router_does_not_have_is_told_at_once(router, core):
    with pytest.raises(SettingsError, match=r"the default operating_point cannot be used: .* not 'balancd'"):
        core(defaults={"operating_point": "balancd"})
    made = core(defaults={"operating_point": "half_cost"})
    points = {"balanced": router.manifest.operating_points["balanced"]}
    without = Router(replace(router.manifest, operating_points=points), router._graph)
    with pytest.raises(SettingsError, match="not 'half_cost'"):
        made.replace_router(without)
    assert made.router is router


def test_in_shadow_a_pinned_request_is_sent_whatever_the_router_makes_of_it(router, core):
    made = core(Settings(shadow=True))
    assert plan(made, "Hi", router.models[1], operating_point="nothing").model == router.models[1]


def test_a_request_that_is_refused_has_a_record_too(router, core):
    records = []
    made = core(on_record=[records.append])
    for body, reason, status, requested in (
        (asked(models=["nobody/*"], stream=True), "no_candidate", 400, "pointsman/auto"),
        (asked(model="nobody"), "model_not_found", 404, "nobody"),
        (b"{", "invalid_body", 400, ""),
    ):
        with pytest.raises(RoutingError):
            made.plan(Api.CHAT, body)
        found = records.pop()
        assert (found.reason, found.status, found.requested) == (f"refused: {reason}", status, requested)
        assert found.refused
        assert (found.model, found.choice, found.tries, found.prompt) == (None, None, (), None)
        assert json.loads(found.to_json())["reason"] == found.reason
        assert (found.stream, set(found.excluded)) == (
            (True, set(router.models)) if reason == "no_candidate" else (False, set())
        )
    with pytest.raises(RoutingError):
        made.plan(Api.CHAT, b"{", dry=True)
    assert records == []


def test_endpoints_that_always_cut_their_streams_are_left_alone(router, core):
    made = core(Settings(breaker=Breaker(failures=3)))
    endpoint = plan(made, "Hi", router.models[0]).groups[0][0]
    for _ in range(3):
        assert made.health.admits(endpoint)
        made.health.began(endpoint, 0.1)
        made.cut_off(ended(endpoint))
    assert not made.health.admits(endpoint)
    made.came_to_its_end(ended(endpoint))
    assert made.health.admits(endpoint)


def test_parameters_are_required_of_a_pinned_model_too(router, core):
    lacking = {"parameters": ["temperature"], "endpoint": ENDPOINT}
    made = core(entries={"extra": lacking})
    body = {"logprobs": True, "tools": [{}]}
    assert plan(made, "Hi", "extra", **body).model == "extra"
    with pytest.raises(NoCandidateError) as error:
        plan(made, "Hi", "extra", provider={"require_parameters": True}, **body)
    assert "does not understand logprobs" in str(error.value.reasons)


def test_the_plugin_of_openrouter_auto_is_read_and_cut(router, core):
    made = core()
    of_router = {"id": "auto-router", "allowed_models": [router.models[1]], "cost_quality_tradeoff": 9}
    routed = plan(made, plugins=[of_router])
    assert routed.model == router.models[1]
    assert routed.decided.choice.operating_point == "cost_quality 9"
    assert "plugins" not in json.loads(routed.body_for(routed.groups[0][0]))
    assert "plugins" not in routed.asked.needs().parameters
    # What is not for the router alone goes upstream as it came; a plugin that is off does nothing.
    both = plan(made, plugins=[of_router | {"enabled": False}, {"id": "web"}])
    assert len(both.groups) == len(router.models)
    assert [one["id"] for one in json.loads(both.body_for(both.groups[0][0]))["plugins"]] == ["auto-router", "web"]


def test_a_stream_whose_tokens_are_not_counted_is_measured_by_its_events(router, core):
    clock = Clock()
    made = core(clock=clock)
    streamed = plan(made, "Hi", router.models[0], stream=True)
    endpoint = streamed.groups[0][0]
    clock.now += 3.0
    made.finished(streamed, ended(endpoint), 200, Usage(), first_byte=clock.now - 2.0, events=50)
    assert made.health.status(endpoint).throughput == 25.0
