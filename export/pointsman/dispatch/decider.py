"""One request's decision: constraints, then the router or the name, then the session and chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pointsman.dispatch.api import Api
from pointsman.dispatch.catalog import Catalog, Endpoint
from pointsman.dispatch.chance import Chance
from pointsman.dispatch.choose import Choice, Chooser
from pointsman.dispatch.constraints import Pool, screen
from pointsman.dispatch.controls import Controls, Target, keys_to_cut, read_controls, read_target
from pointsman.dispatch.conversation import in_tool_loop, scored_text
from pointsman.dispatch.errors import BodyError
from pointsman.dispatch.explore import explored
from pointsman.dispatch.needs import Needs, needs_of
from pointsman.dispatch.sessions import Session, SessionTable, cache_worth, held
from pointsman.dispatch.settings import Settings
from pointsman.errors import NoCandidateError, RoutingError
from pointsman.router import Router
from pointsman.wishes import first_in

# Characters of the id of a conversation that is kept.
_LONGEST_ID = 300
_MIDDLE = "held: the conversation is in the middle of a model's work"
_KEPT = "held by the provider that has the conversation"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read.

    Attributes
    ----------
    api, values
        Its body, parsed.
    target, controls
        What it asks of the routing.
    """

    api: Api
    values: Mapping[str, Any]
    target: Target
    controls: Controls

    @classmethod
    def of(cls, api: Api, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Asked:
        """Read the routing fields; the model's name, as ``pointsman/balanced``, goes before the others.

        Raises
        ------
        BodyError
            For a field of the wrong form.
        """
        if api is Api.RESPONSES and values.get("background") is True:
            raise BodyError(
                "background is true, but an answer is not fetched later through a router; leave it out", "background"
            )
        target, controls = read_target(values.get("model")), read_controls(values, defaults)
        if target.operating_point is not None:
            controls = replace(controls, operating_point=target.operating_point, cost_quality=None)
        return cls(api, values, target, controls)

    def as_said(self) -> Asked:
        """Return it with its own wishes alone; of the defaults, those for the use of its data stay."""
        policy, controls = self.controls.provider, read_controls(self.values)
        provider = replace(controls.provider, data_collection=policy.data_collection, zdr=policy.zdr)
        return replace(self, controls=replace(controls, provider=provider))

    def needs(self) -> Needs:
        """Return what the request needs of a model."""
        cut = keys_to_cut(self.values)
        return needs_of(self.api, {key: value for key, value in self.values.items() if key not in cut})

    @property
    def requested(self) -> str:
        """The model's name as it was given, cut short."""
        return str(self.values.get("model"))[:200]

    @property
    def stream(self) -> bool:
        """Whether a streamed answer is asked for."""
        return self.values.get("stream") is True

    @property
    def previous_response(self) -> str | None:
        """The answer of the Responses API that this request goes on from, or the conversation."""
        found = self.values.get("previous_response_id") if self.api is Api.RESPONSES else None
        return found if isinstance(found, str) else self.conversation

    @property
    def conversation(self) -> str | None:
        """The conversation of the Responses API, which its provider keeps."""
        found = self.values.get("conversation") if self.api is Api.RESPONSES else None
        found = found.get("id") if isinstance(found, dict) else found
        # It is kept, so it must be short.
        return found if isinstance(found, str) and len(found) <= _LONGEST_ID else None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision.

    Attributes
    ----------
    choice
        The router's; None where it was not asked.
    pool
        What the constraints have left.
    ranking
        Models to ask, in order.
    reason
        Why the first of them.
    text
        What was scored, or would have been.
    provider
        That has the conversation; None where none has.
    owned
        Whether that provider alone can answer, since it keeps a part of the conversation.
    """

    choice: Choice | None
    pool: Pool
    ranking: tuple[str, ...]
    reason: str
    text: str
    provider: str | None
    owned: bool = False


class Decider:
    """Decides with one router; sessions are those of the dispatcher, and outlive it.

    Parameters
    ----------
    sessions, responses
        Where conversations stand, by session and by the answer that they go on from.
    rng
        For exploration.
    """

    def __init__(
        self,
        router: Router,
        catalog: Catalog,
        settings: Settings,
        sessions: SessionTable,
        responses: SessionTable,
        chance: Chance,
    ) -> None:
        self.router, self._catalog, self._settings = router, catalog, settings
        self._chooser = Chooser(router, settings)
        self._sessions, self._responses, self._chance = sessions, responses, chance
        margin = settings.session_margin
        self._margin = router.manifest.boundary_margin if margin is None else margin

    def decide(self, asked: Asked, *, dry: bool = False) -> Decided:
        """Decide a request.

        Parameters
        ----------
        dry
            Whether nothing will be sent: then no session is touched, and chance has no part.

        Raises
        ------
        RoutingError
            UnknownModelError, UnknownOperatingPointError or NoCandidateError.
        """
        if self._settings.shadow:
            return self._shadowed(asked)
        return self._routed(asked, dry) if asked.target.pinned is None else self._pinned(asked, asked.target.pinned)

    def _pinned(self, asked: Asked, model: str) -> Decided:
        # Pinned, it goes where it was said, whatever it needs; parameters are looked at where that was asked for.
        needs = asked.needs().parameters_alone() if asked.controls.provider.require_parameters else None
        pool = screen([model], self._catalog, asked.controls, asked.api, needs)
        seen, owns = self._seen(asked)
        provider = seen.provider if seen and (owns or seen.model == model) else None
        text = scored_text(asked.api, asked.values, self._settings.earlier_turns)
        return Decided(None, pool, (model,), "pinned", text, provider, owns)

    def _shadowed(self, asked: Asked) -> Decided:
        """Send the request where the caller said, with the router's choice beside it."""
        if asked.target.pinned is None:
            routed = self._chosen(asked)
            seen, owns = self._seen(asked)
            model = self._chooser.default_among(routed.pool.endpoints)
            model = seen.model if seen and owns and seen.model in routed.pool.endpoints else model
            ranking = routed.choice.moved(model, "").ranking if routed.choice else (model,)
            provider = seen.provider if seen and owns else None
            return replace(routed, ranking=ranking, reason="shadow; default", provider=provider, owned=owns)
        sent = replace(self._pinned(asked.as_said(), asked.target.pinned), reason="shadow; pinned")
        try:
            routed = self._chosen(asked)
        except RoutingError as error:
            # That the router could not have routed it is no reason not to send it.
            reasons = error.reasons if isinstance(error, NoCandidateError) else {}
            return replace(sent, pool=replace(sent.pool, excluded=reasons))
        endpoints = {**routed.pool.endpoints, **sent.pool.endpoints}
        return replace(sent, choice=routed.choice, pool=Pool(endpoints, routed.pool.excluded))

    def _chosen(self, asked: Asked) -> Decided:
        """Let the router choose, without a look at sessions and chance."""
        pool = screen(self.router.models, self._catalog, asked.controls, asked.api, asked.needs())
        text = scored_text(asked.api, asked.values, self._settings.earlier_turns)
        choice = self._chooser.choose(text, pool.endpoints, asked.controls)
        return Decided(choice, pool, choice.ranking, choice.reason, text, None)

    def _routed(self, asked: Asked, dry: bool) -> Decided:
        decided = self._chosen(asked)
        choice = decided.choice
        if choice is None:
            return decided
        seen, owns = self._seen(asked)
        if seen is not None and owns:
            return self._owned(asked, decided, choice, seen)
        looping = in_tool_loop(asked.api, asked.values)
        if seen is not None:
            choice = self._stayed(choice, decided.pool, seen, asked, must=looping)
        elif choice.boundary and not dry and not looping and self._may_explore(asked):
            choice = explored(choice, self._chooser.neighbours(choice), self._settings.explore, self._chance.rng)
        key = asked.controls.session_id
        if key is not None and not dry:
            provider = seen.provider if seen and seen.model == choice.model else None
            now = self._sessions.settle(key, seen, Session(choice.model, provider))
            choice = _with(choice, now, decided.pool, "held by the session")
        if seen is None and choice is decided.choice:
            return decided
        provider = seen.provider if seen and seen.model == choice.model else None
        return replace(decided, choice=choice, ranking=choice.ranking, reason=choice.reason, provider=provider)

    def _owned(self, asked: Asked, decided: Decided, choice: Choice, seen: Session) -> Decided:
        """Keep to the provider that has the earlier answers, with the model that gave them where it may answer there.

        That the request wishes for more success than the model promises is no reason to lose the conversation.
        """
        pool = decided.pool
        if seen.model not in self.router.models and seen.model in self._catalog.models:
            # A router that was taken up since does not know it; it is as good as pinned.
            pool = replace(pool, endpoints={**pool.endpoints, **self._endpoints_of(seen.model, asked)})
        there = [m for m, found in pool.endpoints.items() if seen.provider in {one.provider for one in found}]
        if not there:
            why = pool.excluded.get(seen.model, f"not to be asked at {seen.provider}")
            raise NoCandidateError({seen.model: f"has the conversation's earlier answers, and is {why}"})
        ranked = (*(m for m in choice.ranking if m in there), *(m for m in there if m not in choice.ranking))
        model, why = (seen.model, _MIDDLE) if seen.model in there else (ranked[0], _KEPT)
        if model != choice.model:
            choice = replace(choice.moved(model, why), probability=None)
        choice = replace(choice, ranking=first_in(ranked, model))
        decided = replace(decided, pool=pool, provider=seen.provider, owned=True)
        return replace(decided, choice=choice, ranking=choice.ranking, reason=choice.reason)

    def _endpoints_of(self, model: str, asked: Asked) -> Mapping[str, tuple[Endpoint, ...]]:
        try:
            return screen([model], self._catalog, asked.controls, asked.api, asked.needs()).endpoints
        except NoCandidateError:
            return {}

    def _may_explore(self, asked: Asked) -> bool:
        """Say whether chance may choose: without a session, the next draw would part a model from its tools."""
        if self._settings.explore == 0:
            return False
        return asked.controls.session_id is not None or "tools" not in asked.needs().capabilities

    def _seen(self, asked: Asked) -> tuple[Session | None, bool]:
        """Return where the conversation stands, and whether its provider owns a part of it."""
        previous = asked.previous_response
        session = self._responses.get(previous) if previous is not None else None
        if session is not None:
            return session, True
        key = asked.controls.session_id
        return (self._sessions.get(key) if key is not None else None), False

    def _stayed(self, choice: Choice, pool: Pool, seen: Session, asked: Asked, *, must: bool) -> Choice:
        if must:
            return _with(choice, seen, pool, _MIDDLE)
        endpoints = pool.endpoints.get(seen.model, ())
        endpoint = next((one for one in endpoints if one.provider == seen.provider), None)
        worth = 0.0
        if endpoint is not None:
            worth = cache_worth(endpoint, asked.needs().likely_tokens, choice.lam, self._chooser.cost_scale())
        return held(choice, seen, self._margin, worth)


def _with(choice: Choice, session: Session, pool: Pool, why: str) -> Choice:
    """Return the choice of the session's model, where it may answer."""
    if session.model not in pool.endpoints or session.model == choice.model:
        return choice
    return replace(choice.moved(session.model, why), probability=None)
