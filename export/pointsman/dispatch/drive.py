"""Drives a request from its body to its answer, with threads or with an event loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import TypeAlias, TypeVar

import anyio
import httpx2

from pointsman.dispatch import answers
from pointsman.dispatch.answers import Answer
from pointsman.dispatch.api import Api
from pointsman.dispatch.attempts import CallerGone, Ended, Send, Wait
from pointsman.dispatch.core import Dispatcher
from pointsman.dispatch.passing import AsyncPassingStream, Passing, PassingStream
from pointsman.dispatch.plan import Plan
from pointsman.dispatch.receive import Headers, Opened, receive, receive_async
from pointsman.dispatch.upstream import without_key
from pointsman.dispatch.usage import Usage, response_id, usage_of
from pointsman.dispatch.verdict import Reply
from pointsman.errors import RoutingError

_Found = TypeVar("_Found")
_Steps: TypeAlias = Generator[Send | Wait, Reply | None, Ended]

# As logs know a caller that did not wait: of nginx, and of no standard.
_GONE = 499
# Bytes of a body.
_LARGE = 1 << 18


def dispatch(
    core: Dispatcher,
    transport: httpx2.BaseTransport,
    api: Api,
    raw: bytes,
    headers: Headers = (),
    read_s: float | None = None,
) -> Answer:
    """Decide a request, send it, and return the answer.

    Parameters
    ----------
    transport
        To the endpoints.
    raw, headers
        Of the request; the headers' names in lower case.
    read_s
        Seconds that the caller is ready to wait; see :meth:`Dispatcher.attempts`.

    Returns
    -------
    An upstream's answer, or an error in its form: no problem of routing or of an upstream is raised. Its ``finish``
    is to be called when it is sent.
    """
    try:
        plan = core.plan(api, raw, headers)
    except RoutingError as problem:
        return answers.refusal(problem)
    steps, reply, step = core.attempts(plan, read_s), None, None
    try:
        while not isinstance(step := _next(steps, reply), Ended):
            reply = None
            if isinstance(step, Wait):
                time.sleep(step.seconds)
            else:
                reply = receive(transport, plan, step, headers, core.clock)
    finally:
        if not isinstance(step, Ended):
            _abandoned(core, plan, steps)
    return _answer(core, plan, step)


async def dispatch_async(
    core: Dispatcher,
    transport: httpx2.AsyncBaseTransport,
    api: Api,
    raw: bytes,
    headers: Headers = (),
    read_s: float | None = None,
) -> Answer:
    """Decide a request, send it, and return the answer; see :func:`dispatch`."""
    try:
        plan = await aside(raw, partial(core.plan, api, raw, headers), partial(_abandoned, core))
    except RoutingError as problem:
        return answers.refusal(problem)
    steps, reply, step = core.attempts(plan, read_s), None, None
    try:
        while not isinstance(step := _next(steps, reply), Ended):
            reply = None
            if isinstance(step, Wait):
                await anyio.sleep(step.seconds)
            else:
                reply = await receive_async(transport, plan, step, headers, core.clock)
    finally:
        if not isinstance(step, Ended):
            _abandoned(core, plan, steps)
    return _answer(core, plan, step)


async def aside(raw: bytes, work: Callable[[], _Found], unwanted: Callable[[_Found], object] | None = None) -> _Found:
    """Do the work that a body asks for, in a thread where it is large.

    To read millions of empty messages takes seconds, which would hold up every other request of the event loop.

    Parameters
    ----------
    unwanted
        Gets what the thread found when nobody waits for it any more.
    """
    if len(raw) < _LARGE:
        return work()
    left = threading.Event()

    def work_aside() -> _Found:
        found = work()
        if unwanted is not None and left.is_set():
            unwanted(found)
        return found

    try:
        return await anyio.to_thread.run_sync(work_aside)
    except BaseException:
        left.set()
        raise


def _next(steps: _Steps, reply: Reply | None) -> Send | Wait | Ended:
    try:
        return steps.send(reply)
    except StopIteration as stop:
        ended: Ended = stop.value
        return ended


def _abandoned(core: Dispatcher, plan: Plan, steps: _Steps | None = None) -> None:
    ended = Ended(None, None, ())
    if steps is not None:
        try:
            steps.throw(CallerGone)
        except StopIteration as stop:
            ended = stop.value
        except CallerGone:
            # It had not begun, or has failed: there is nothing that it could tell.
            pass
    core.finished(plan, ended, _GONE, Usage(), error="caller went away")


def _answer(core: Dispatcher, plan: Plan, ended: Ended) -> Answer:
    reply, endpoint = ended.reply, ended.endpoint
    status = None if reply is None else reply.status
    if reply is None or status is None or endpoint is None:
        answer = answers.nobody(plan, ended)
        return replace(answer, finish=partial(core.finished, plan, ended, answer.status, Usage()))
    reply = without_key(reply, endpoint)
    if isinstance(reply.stream, Opened):
        passing = Passing(core, plan, ended, status, reply.stream.first)
        return answers.answered(plan, ended, reply, None, _stream(passing, reply.stream))
    body = reply.body or b""
    usage, named = usage_of(reply.content), response_id(reply.content)
    finish = partial(core.finished, plan, ended, status, usage, first_byte=core.clock(), response_id=named)
    return replace(answers.answered(plan, ended, reply, body), finish=finish)


def _stream(passing: Passing, opened: Opened) -> PassingStream | AsyncPassingStream:
    if isinstance(opened.chunks, Generator):
        return PassingStream(passing, opened.response, opened.chunks)
    return AsyncPassingStream(passing, opened.response, opened.chunks)
