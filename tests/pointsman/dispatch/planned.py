"""Requests to a dispatcher that sends nothing, and their ends."""

from __future__ import annotations

import json
from dataclasses import replace

from pointsman import Router
from pointsman.dispatch.api import Api
from pointsman.dispatch.attempts import Ended, Try
from pointsman.dispatch.usage import Usage


def asked(text="Hi", model="pointsman/auto", **body):
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}]} | body).encode()


def plan(core, *arguments, api=Api.CHAT, **body):
    return core.plan(api, asked(*arguments, **body))


def ended(endpoint):
    return Ended(None, endpoint, (Try(endpoint.model, endpoint.provider, "answered", 200, 0.1),))


def end(core, plan, model=None):
    endpoint = next(one for group in plan.groups for one in group if one.model == (model or plan.model))
    core.finished(plan, ended(endpoint), 200, Usage())


def wide(router):
    """The same router, to which every decision is a close call."""
    changed = Router(replace(router.manifest, boundary_margin=1e9), router._graph)
    assert changed.models == router.models
    return changed
