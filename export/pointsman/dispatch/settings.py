"""Settings of the dispatcher, all with a default that a service can live with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from pointsman.dispatch.errors import SettingsError
from pointsman.wishes import ON_BOUNDARY


@dataclass(frozen=True, slots=True)
class Retries:
    """When a request is tried again; seconds.

    Attributes
    ----------
    tries
        Times that one endpoint is asked for one request.
    first_backoff_s, longest_backoff_s
        Wait before an endpoint's second try; it doubles, up to the longest. Half of it is random.
    longest_retry_after_s
        An endpoint that asks for a longer wait is not asked again for this request.
    longest_try_s
        From sending a request to an endpoint to its answer, or to the first event of a streamed one, however it comes;
        None leaves it to the deadline. An endpoint's own ``timeout_s`` is of silence.
    deadline_s
        From the request to its answer, or to the first event of a streamed one.
    """

    tries: int = 2
    first_backoff_s: float = 0.5
    longest_backoff_s: float = 8.0
    longest_retry_after_s: float = 20.0
    longest_try_s: float | None = None
    deadline_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """When an endpoint is left alone.

    Attributes
    ----------
    failures
        In a row, after which it is not asked.
    cooldown_s
        Seconds until one request may try it again; each such try that fails, or never ends, starts another cooldown.
    longest_rest_s
        Most seconds that an endpoint is left alone because it asked for it.
    """

    failures: int = 5
    cooldown_s: float = 15.0
    longest_rest_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How requests are decided and dispatched.

    Attributes
    ----------
    default_model
        Where prompts without a signal go; None is the fallback of the router's guard or, without a guard, its best
        single model.
    earlier_turns
        User turns before the last that are scored with it.
    on_boundary
        What happens to a close call: "decide" keeps the choice, "step_up" takes the next dearer model, "default" the
        default model.
    session_idle_s
        Seconds without a request after which a session is forgotten; about as long as providers keep a prompt cache.
    session_margin
        Lead in utility that another model needs to take over a session, before the cache is counted; None is the
        router's ``boundary_margin``.
    max_sessions
        The least recently used are forgotten first.
    session_file
        SQLite file in which they are kept, shared by the processes of a machine; None keeps them in memory.
    explore
        Share of the boundary requests that go to a neighbouring rung, in [0, 1].
    shadow
        Whether decisions are only logged: a request with a model's name goes there all the same, another to the
        default model.
    log_prompts
        Whether the text that was scored stands in the records.
    stream_usage
        Whether a streamed chat's tokens are asked for (``stream_options``) where the caller does not ask, so that its
        cost is known; the event that tells them does not reach that caller.
    retries, breaker
        See :class:`Retries` and :class:`Breaker`.
    """

    default_model: str | None = None
    earlier_turns: int = 3
    on_boundary: str = "decide"
    session_idle_s: float = 300.0
    session_margin: float | None = None
    max_sessions: int = 10_000
    session_file: str | None = None
    explore: float = 0.0
    shadow: bool = False
    log_prompts: bool = False
    stream_usage: bool = False
    retries: Retries = field(default_factory=Retries)
    breaker: Breaker = field(default_factory=Breaker)

    def check(self, ladder: tuple[str, ...]) -> None:
        """Raise :class:`SettingsError` for a value out of range, or a default model that is not on the ladder."""
        if self.default_model is not None and self.default_model not in ladder:
            raise SettingsError(f"default_model is {self.default_model!r}, expected one of {list(ladder)!r}")
        if self.on_boundary not in ON_BOUNDARY:
            raise SettingsError(f"on_boundary is {self.on_boundary!r}, expected one of {list(ON_BOUNDARY)!r}")
        _check_range(self, {"earlier_turns": 0, "session_idle_s": 0, "session_margin": 0, "max_sessions": 1})
        _check_range(self, {"explore": 0}, most=1.0)
        _check_range(self.retries, {one.name: 0 for one in fields(Retries)} | {"tries": 1})
        for name in ("deadline_s", "longest_try_s"):
            if getattr(self.retries, name) == 0:
                raise SettingsError(f"{name} is 0, in which nobody answers; expected more than 0")
        _check_range(self.breaker, {"failures": 1, "cooldown_s": 0, "longest_rest_s": 0})


def _check_range(settings: object, least: Mapping[str, float], most: float = math.inf) -> None:
    for name, low in least.items():
        value = getattr(settings, name)
        if value is not None and not low <= value <= most:
            raise SettingsError(f"{name} is {value!r}, expected {low:g} or more" + (", up to 1" if most == 1 else ""))
