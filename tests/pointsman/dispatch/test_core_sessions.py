from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from fake_upstream import entry
from planned import asked, end, ended, plan
from samples import Clock

from pointsman import Router
from pointsman.dispatch.api import Api
from pointsman.dispatch.core import Dispatcher
from pointsman.dispatch.errors import BodyError
from pointsman.dispatch.settings import Settings
from pointsman.dispatch.usage import Usage
from pointsman.errors import NoCandidateError


def test_a_session_stays_with_its_model_until_idle(router, core, familiars):
    clock = Clock()
    made = core(Settings(session_margin=9.0, session_idle_s=60.0), clock=clock)
    first = plan(made, familiars[0], session_id="s", cost_quality=10)
    end(made, first)
    assert first.model == router.models[0]
    second = plan(made, familiars[0], session_id="s", cost_quality=0)
    assert (second.model, second.decided.choice.probability) == (router.models[0], None)
    assert second.decided.reason.endswith("held by the session")
    assert plan(made, familiars[0], session_id="t", cost_quality=0).model != router.models[0]
    clock.now = 61.0
    assert plan(made, familiars[0], session_id="s", cost_quality=0).model != router.models[0]


def test_a_session_moves_when_another_model_leads_by_more_than_the_margin(router, core, familiars):
    made = core(Settings(session_margin=0.0))
    end(made, plan(made, familiars[0], session_id="s", cost_quality=10))
    moved = plan(made, familiars[0], session_id="s", cost_quality=0)
    assert moved.model == plan(made, familiars[0], cost_quality=0).model != router.models[0]
    assert moved.decided.choice.probability == 1.0


def test_a_long_conversation_is_held_by_its_cache(router, core, familiars):
    """With a price of cost, a cheaper model that leads by a little must lead by more than the cache is worth."""
    prices = {"input_per_m": 1000.0, "output_per_m": 1.0, "cached_per_m": 0.0}
    made = core(Settings(session_margin=0.0), shared=prices)
    end(made, plan(made, familiars[0], session_id="s", models=[router.models[2]]))
    switched = plan(made, familiars[0], session_id="s", cost_quality=10, tools=[])
    assert switched.model == router.models[2]
    free = core(Settings(session_margin=0.0), shared=prices | {"cached_per_m": 1000.0})
    end(free, plan(free, familiars[0], session_id="s", models=[router.models[2]]))
    assert plan(free, familiars[0], session_id="s", cost_quality=10).model == router.models[0]


def test_a_tool_loop_is_held_whatever_the_lead(router, core, familiars):
    made = core(Settings(session_margin=0.0), shared={"capabilities": ["tools"]})
    end(made, plan(made, familiars[0], session_id="s", cost_quality=10))
    tool = [{"role": "user", "content": familiars[0]}, {"role": "tool", "tool_call_id": "a", "content": "4"}]
    looping = plan(made, messages=tool, session_id="s", cost_quality=0)
    assert looping.model == router.models[0]
    assert "in the middle of a model's work" in looping.decided.reason


def test_a_session_whose_model_may_not_answer_any_more_moves(router, core, familiars):
    made = core(Settings(session_margin=9.0))
    end(made, plan(made, familiars[0], session_id="s", models=[router.models[0]]))
    assert plan(made, familiars[0], session_id="s", exclude=[router.models[0]]).model != router.models[0]


def test_a_stand_in_that_answered_keeps_the_session_and_the_probability_is_unknown(router, core, familiars):
    records = []
    made = core(Settings(session_margin=9.0), on_record=[records.append])
    first = plan(made, familiars[0], session_id="s", cost_quality=10)
    end(made, first, router.models[1])
    assert records[0].model == router.models[1]
    assert records[0].selection_probability is None
    assert records[0].reason.endswith(f"stands in for {router.models[0]}")
    assert plan(made, familiars[0], session_id="s", cost_quality=10).model == router.models[1]


def test_a_response_is_gone_on_from_where_it_was_made(router, core, familiars):
    made = core(Settings(session_margin=0.0))
    first = made.plan(Api.RESPONSES, json.dumps({"model": router.models[1], "input": "Hi"}).encode())
    made.finished(first, ended(first.groups[0][0]), 200, Usage(), response_id="resp_1")
    body = {"model": "pointsman/auto", "input": familiars[0], "previous_response_id": "resp_1", "cost_quality": 10}
    assert made.plan(Api.RESPONSES, json.dumps(body).encode()).model == router.models[1]


def test_a_conversation_stays_where_it_is_kept(router, core, familiars):
    made = core(Settings(session_margin=0.0))
    kept = {"conversation": {"id": "conv_1"}}
    first = made.plan(Api.RESPONSES, json.dumps({"model": router.models[1], "input": "Hi"} | kept).encode())
    made.finished(first, ended(first.groups[0][0]), 200, Usage())
    body = {"model": "pointsman/auto", "input": familiars[0], "conversation": "conv_1", "cost_quality": 10}
    assert made.plan(Api.RESPONSES, json.dumps(body).encode()).model == router.models[1]


def test_in_shadow_mode_too_a_response_is_gone_on_from_where_it_was_made(router, core, familiars):
    made = core(Settings(shadow=True, default_model=router.models[0]))
    first = made.plan(Api.RESPONSES, json.dumps({"model": router.models[1], "input": "Hi"}).encode())
    made.finished(first, ended(first.groups[0][0]), 200, Usage(), response_id="resp_1")
    body = {"model": "pointsman/auto", "input": familiars[0], "previous_response_id": "resp_1"}
    assert made.plan(Api.RESPONSES, json.dumps(body).encode()).model == router.models[1]


def test_where_its_model_may_not_answer_a_response_is_gone_on_from_at_its_provider_or_not_at_all(router, core, catalog):
    one, *others = router.models
    entries = {one: entry("http://127.0.0.1:9/v1"), **{other: entry("http://127.0.0.1:8/v1") for other in others}}
    entries[others[-1]]["endpoints"][0]["provider"] = "there"
    entries[one]["endpoints"][0]["provider"] = "there"
    made = core(entries=entries)
    first = made.plan(Api.RESPONSES, json.dumps({"model": one, "input": "Hi"}).encode())
    made.finished(first, ended(first.groups[0][0]), 200, Usage(), response_id="resp_1")
    body = {"model": "pointsman/auto", "input": "Hi", "previous_response_id": "resp_1", "exclude": [one]}
    assert made.plan(Api.RESPONSES, json.dumps(body).encode()).model == others[-1]
    with pytest.raises(NoCandidateError, match=f"{one}: has the conversation's earlier answers, and is excluded"):
        made.plan(Api.RESPONSES, json.dumps(body | {"exclude": [one, others[-1]]}).encode())


def test_a_conversation_is_asked_at_its_provider_first_whoever_chooses_the_model(router, catalog):
    for shadow, model in ((False, "pointsman/auto"), (True, "pointsman/auto"), (False, router.models[1])):
        made = Dispatcher(router, catalog("http://127.0.0.1:9/v1", "http://127.0.0.1:10/v1"), Settings(shadow=shadow))
        body = {"input": "Hi", "conversation": "c1"}
        first = made.plan(Api.RESPONSES, json.dumps(body | {"model": router.models[0]}).encode())
        made.finished(first, ended(first.groups[0][1]), 200, Usage())
        assert made.plan(Api.RESPONSES, json.dumps(body | {"model": model}).encode()).groups[0][0].provider == "p1"
        ignored = body | {"model": "pointsman/auto", "provider": {"ignore": ["p1"]}}
        if not shadow:
            with pytest.raises(
                NoCandidateError, match="has the conversation's earlier answers, and is not to be asked at"
            ):
                made.plan(Api.RESPONSES, json.dumps(ignored).encode())


def test_an_answer_in_the_background_is_refused(router, core):
    body = {"model": router.models[0], "input": "Hi", "background": True}
    with pytest.raises(BodyError, match="background is true, but an answer is not fetched later"):
        core().plan(Api.RESPONSES, json.dumps(body).encode())


def test_a_session_goes_back_to_the_provider_that_answered(router, core, catalog):
    made = Dispatcher(router, catalog("http://127.0.0.1:9/v1", "http://127.0.0.1:10/v1"))
    first = plan(made, session_id="s")
    assert [one.provider for one in first.groups[0]] == ["p0", "p1"]
    made.finished(first, ended(first.groups[0][1]), 200, Usage())
    assert [one.provider for one in plan(made, session_id="s").groups[0]] == ["p1", "p0"]


def test_two_threads_on_one_session_get_one_model(router, core, familiars):
    made, models, barrier = core(Settings(session_margin=9.0)), [], threading.Barrier(2)

    def ask(dial):
        for n in range(20):
            barrier.wait()
            models.append((n, plan(made, familiars[0], session_id=f"s{n}", cost_quality=dial).model))

    threads = [threading.Thread(target=ask, args=(dial,)) for dial in (0, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(models) == 40
    assert len(set(models)) == 20


def gone_on_from(made, maker, **more):
    """Let a model make a response, and plan the request that goes on from it."""
    first = made.plan(Api.RESPONSES, json.dumps({"model": maker, "input": "Hi"}).encode())
    made.finished(first, ended(first.groups[0][0]), 200, Usage(), response_id="resp_1")
    body = {"model": "pointsman/auto", "input": "Hi", "previous_response_id": "resp_1"} | more
    return made.plan(Api.RESPONSES, json.dumps(body).encode())


def test_more_success_than_its_model_promises_is_no_reason_to_lose_a_conversation(router, core, familiars):
    for min_success in (0.0, 0.99):
        found = gone_on_from(core(), router.models[0], input=familiars[0], min_success=min_success)
        assert found.model == router.models[0]


def test_nobody_but_its_provider_is_asked_to_go_on_with_a_conversation(router, catalog):
    made = Dispatcher(router, catalog("http://127.0.0.1:9/v1", "http://127.0.0.1:10/v1"))
    for model in ("pointsman/auto", router.models[1]):
        found = gone_on_from(made, router.models[1], model=model)
        assert {one.provider for group in found.groups for one in group} == {"p0"}
        assert found.model == router.models[1]


def test_a_conversation_outlives_the_router_that_knew_its_model(router, core):
    manifest = router.manifest
    other = replace(manifest.models[0], name="of the next router")
    made = core(entries={other.name: entry("http://127.0.0.1:9/v1")})
    assert gone_on_from(made, router.models[0]).model == router.models[0]
    made.replace_router(Router(replace(manifest, models=(other, *manifest.models[1:])), router._graph))
    body = {"model": "pointsman/auto", "input": "Hi", "previous_response_id": "resp_1"}
    found = made.plan(Api.RESPONSES, json.dumps(body).encode())
    assert found.model == router.models[0]
    assert "in the middle of a model's work" in found.decided.reason


def test_more_answers_than_sessions_are_remembered(router, core):
    made = core(Settings(max_sessions=3))
    for number in range(20):
        first = made.plan(Api.RESPONSES, json.dumps({"model": router.models[1], "input": "Hi"}).encode())
        made.finished(first, ended(first.groups[0][0]), 200, Usage(), response_id=f"resp_{number}")
    assert len(made._responses) == 20


def test_in_shadow_mode_defaults_do_not_stand_in_the_callers_way(router, core):
    defaults = {"models": [f"!{router.models[2]}"], "provider": {"max_price": {"prompt": 0.0}}}
    made = core(Settings(shadow=True), defaults=defaults)
    assert made.plan(Api.CHAT, asked(model=router.models[2])).model == router.models[2]
    careful = core(Settings(shadow=True), defaults={"provider": {"zdr": True}})
    with pytest.raises(NoCandidateError):
        careful.plan(Api.CHAT, asked(model=router.models[2]))
