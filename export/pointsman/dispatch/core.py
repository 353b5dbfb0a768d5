"""The dispatch core: from a body to a plan, from a plan to attempts, from their end to a record. It does no I/O."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from pointsman.dial import rule_of
from pointsman.dispatch.api import Api
from pointsman.dispatch.attempts import Ended, Send, Wait, attempts
from pointsman.dispatch.catalog import Catalog
from pointsman.dispatch.chance import Chance
from pointsman.dispatch.controls import check_defaults, read_controls
from pointsman.dispatch.decider import Asked, Decider
from pointsman.dispatch.errors import SettingsError
from pointsman.dispatch.health import Health
from pointsman.dispatch.order import first_of, ordered
from pointsman.dispatch.plan import Plan
from pointsman.dispatch.record import Record
from pointsman.dispatch.refused import refused
from pointsman.dispatch.session_file import SessionFile
from pointsman.dispatch.sessions import Sessions, SessionTable
from pointsman.dispatch.settings import Settings
from pointsman.dispatch.spans import Span, Spans
from pointsman.dispatch.splice import Body
from pointsman.dispatch.stream_usage import options_for
from pointsman.dispatch.usage import Usage
from pointsman.dispatch.verdict import Reply
from pointsman.errors import RoutingError, UnknownOperatingPointError
from pointsman.router import Router
from pointsman.wishes import unwanted

_logger = logging.getLogger(__name__)

# Hosts keep an answer for the request that goes on from it much longer than a prompt's cache.
_RESPONSE_IDLE_S = 86_400.0
# Each answer of a conversation is remembered by itself, and for longer.
_RESPONSES_A_SESSION = 10


class Dispatcher:
    """Decides and follows requests; one for all threads and all faces of a process.

    Parameters
    ----------
    router
        Chooses.
    catalog
        Whom to ask; it must have every model of the router, and every key must be in the environment.
    settings
        None is :class:`pointsman.dispatch.settings.Settings` as it is.
    defaults
        Routing fields that count where a request does not have them; see
        :class:`pointsman.dispatch.controls.Controls`.
    on_record
        Called with each :class:`Record`, as a :class:`pointsman.dispatch.log.DecisionLog` is; must not raise.
    spans
        Makes an OpenTelemetry span for each request; None makes none.
    rng
        For exploration and the waits between tries; None is one of each process.
    clock
        Seconds that only go forward.

    Raises
    ------
    CatalogError, SettingsError, BodyError
        When these do not fit together, or a default is of the wrong form.
    """

    def __init__(
        self,
        router: Router,
        catalog: Catalog,
        settings: Settings | None = None,
        *,
        defaults: Mapping[str, Any] | None = None,
        on_record: Sequence[Callable[[Record], object]] = (),
        spans: Spans | None = None,
        rng: np.random.Generator | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.catalog, self.settings, self.clock = catalog, settings or Settings(), clock
        self._defaults, self._on_record = dict(defaults or {}), tuple(on_record)
        check_defaults(self._defaults)
        self._spans = spans
        self._chance = Chance(rng)
        self.health = Health(self.settings.breaker, clock)
        most = self.settings.max_sessions
        self._sessions = self._table("session", self.settings.session_idle_s, most)
        self._responses = self._table("response", _RESPONSE_IDLE_S, _RESPONSES_A_SESSION * most)
        self.replace_router(router)

    def _table(self, kind: str, idle_s: float, most: int) -> SessionTable:
        file = self.settings.session_file
        return Sessions(idle_s, most, self.clock) if file is None else SessionFile(file, kind, idle_s, most)

    @property
    def router(self) -> Router:
        """The router that decides now."""
        return self._decider.router

    def replace_router(self, router: Router) -> None:
        """Let another router decide from the next request on; those under way go on as they were decided.

        Raises
        ------
        CatalogError, SettingsError
            When it does not fit the catalog or the settings; the old one then stays.
        """
        unused = self.catalog.check(router.models)
        self.settings.check(router.models)
        wishes = read_controls(self._defaults)
        try:
            rule_of(router.manifest, wishes)
        except UnknownOperatingPointError as error:
            raise SettingsError(f"the default operating_point cannot be used: {error}") from error
        if all(unwanted(model, wishes) for model in router.models):
            raise SettingsError(f"the defaults leave no model of {list(router.models)!r}; mend their models or exclude")
        if unused:
            _logger.warning("%s does not know %s of the catalog: they are never chosen", router.name, list(unused))
        # One assignment, so that no request sees one router's ladder and another's choice.
        self._decider = Decider(router, self.catalog, self.settings, self._sessions, self._responses, self._chance)

    def plan(self, api: Api, raw: bytes, headers: Iterable[tuple[str, str]] = (), *, dry: bool = False) -> Plan:
        """Decide a request.

        Parameters
        ----------
        raw
            Its body.
        headers
            Its headers, names in lower case; read only for the span that it belongs to.
        dry
            Whether nothing will be sent: then no session is touched, chance has no part, and there is no span.

        Raises
        ------
        RoutingError
            BodyError, UnknownModelError, UnknownOperatingPointError or NoCandidateError.
        """
        span = None if self._spans is None or dry else self._spans.begin(api, headers)
        started = self.clock()
        values: Mapping[str, Any] = {}
        try:
            body = Body.parse(raw)
            values = body.values
            return self._planned(api, body, dry, span, started)
        except RoutingError as problem:
            if not dry:
                self._tell(refused(problem, api, values, self.router, self.settings.shadow, self.clock() - started))
            if span is not None:
                span.refused(problem)
            raise

    def _planned(self, api: Api, body: Body, dry: bool, span: Span | None, started: float) -> Plan:
        now, decider = datetime.now(UTC), self._decider
        asked = Asked.of(api, body.values, self._defaults)
        decided = decider.decide(asked, dry=dry)
        preferences = asked.controls.provider
        endpoints, provider = decided.pool.endpoints, decided.provider
        groups = ordered(decided.ranking, endpoints, preferences, self.health, provider, owned=decided.owned)
        return Plan(
            decision_id=os.urandom(16).hex(),
            started=started,
            time=now.isoformat(timespec="milliseconds"),
            body=body,
            asked=asked,
            decided=decided,
            groups=groups,
            first=first_of(endpoints, preferences, self.health),
            router=decider.router.name,
            router_sha256=decider.router.manifest.onnx_sha256,
            shadow=self.settings.shadow,
            stream_options=options_for(api, body.values) if self.settings.stream_usage else None,
            span=span,
        )

    def attempts(self, plan: Plan, read_s: float | None = None) -> Generator[Send | Wait, Reply | None, Ended]:
        """Return the state machine that sends a plan; see :func:`pointsman.dispatch.attempts.attempts`.

        Parameters
        ----------
        read_s
            Seconds that the caller is ready to wait for an answer, or for the next byte of a streamed one; None
            leaves it to the settings.
        """
        retries = self.settings.retries
        deadline = plan.started + min(retries.deadline_s, read_s or retries.deadline_s)
        return attempts(
            plan.groups, retries, self.health, self.clock, self._chance.rng, deadline=deadline, read_s=read_s
        )

    def finished(
        self,
        plan: Plan,
        ended: Ended,
        status: int,
        usage: Usage,
        *,
        first_byte: float | None = None,
        error: str | None = None,
        response_id: str | None = None,
        events: int = 0,
    ) -> None:
        """Remember how a request ended: its session, its endpoint's speed, its record. Call it once for each plan.

        Parameters
        ----------
        status
            That the caller got.
        first_byte
            When the answer began, by the clock.
        error
            What went wrong after that; None where nothing did.
        response_id
            Of an answer of the Responses API.
        events
            Of a stream, which stand for tokens where the upstream does not count them.
        """
        now, endpoint = self.clock(), ended.endpoint
        if endpoint is not None and status < 400:
            tokens = events if usage.output_tokens is None else usage.output_tokens
            self._remember(plan, ended, tokens, response_id, now - (first_byte or now))
        record = plan.record(ended, status, usage, now, first_byte, error, self.settings.log_prompts)
        self._tell(record)
        if plan.span is not None:
            plan.span.ended(plan.asked.values, record, endpoint)

    def _tell(self, record: Record) -> None:
        for listener in self._on_record:
            listener(record)

    def came_to_its_end(self, ended: Ended) -> None:
        """Note that a streamed answer came whole."""
        if ended.endpoint is not None:
            self.health.succeeded(ended.endpoint, None)

    def cut_off(self, ended: Ended) -> None:
        """Note that an answer broke off in the middle."""
        if ended.endpoint is not None:
            self.health.failed(ended.endpoint)

    def _remember(self, plan: Plan, ended: Ended, tokens: int, response_id: str | None, streaming_s: float) -> None:
        endpoint = ended.endpoint
        if endpoint is None:
            return
        key = plan.asked.controls.session_id
        if key is not None and plan.asked.target.pinned is None and not plan.shadow:
            self._sessions.answered(key, endpoint)
        for kept in (response_id, plan.asked.conversation):
            if kept is not None:
                self._responses.answered(kept, endpoint)
        # A whole answer arrives at its end, so its tokens took as long as the try; a stream's came after its first.
        seconds = streaming_s if plan.asked.stream else ended.tries[-1].seconds
        self.health.produced(endpoint, tokens, seconds)
