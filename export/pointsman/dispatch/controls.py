"""What a request asks of the routing: its model's name, and fields that never reach an upstream.

The names are OpenRouter's where it has one. Every field may stand at the top level of the body or in an object called
``pointsman``, which wins; as Python arguments they have the same names and forms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.dispatch.catalog import ROUTED_PREFIX
from pointsman.dispatch.errors import BodyError
from pointsman.wishes import ON_BOUNDARY, Wishes

AUTO = ROUTED_PREFIX + "auto"
SORTS = ("price", "latency", "throughput")

# Longer than any sensible list or name, short enough to keep.
_MOST_NAMES = 500
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Preferences:
    """Which providers may answer, and in which order.

    Attributes
    ----------
    sort
        Which of a model's endpoints comes first: one of :data:`SORTS`; None is the catalog's order.
    order
        Providers that come before all others, in this order.
    only, ignore
        Providers that may answer, where any is named, and providers that may not.
    data_collection
        "deny" leaves out endpoints that may keep prompts for their own use.
    zdr
        Whether only endpoints with zero data retention may answer.
    allow_fallbacks
        Whether another endpoint or model may answer where the first one cannot.
    require_parameters
        Whether an endpoint must be stated to understand every setting of the request.
    max_price
        Highest USD per million tokens by ``prompt`` and ``completion``.
    """

    sort: str | None = None
    order: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    data_collection: str = "allow"
    zdr: bool = False
    allow_fallbacks: bool = True
    require_parameters: bool = False
    max_price: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Controls(Wishes):
    """What a request asks of the routing: what it wishes of the decision, and of who answers.

    Attributes
    ----------
    provider
        See :class:`Preferences`.
    session_id
        Requests with the same one stay with a model.
    """

    provider: Preferences = Preferences()
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What the model's name of a request means.

    Attributes
    ----------
    pinned
        The concrete model; None where the router chooses.
    operating_point
        That the name asks for, as in ``pointsman/balanced``; None for ``pointsman/auto``.
    """

    pinned: str | None = None
    operating_point: str | None = None


def read_target(model: Any) -> Target:
    """Read a model's name.

    Raises
    ------
    BodyError
        When it is missing or no text.

    Examples
    --------
    >>> read_target("pointsman/auto")
    Target(pinned=None, operating_point=None)
    >>> read_target("gpt-5-mini").pinned
    'gpt-5-mini'
    """
    if not isinstance(model, str) or not model:
        raise BodyError(f"model is {_short(model)}, expected {AUTO!r} or the name of a model", "model")
    if not model.startswith(ROUTED_PREFIX):
        return Target(pinned=model)
    return Target(operating_point=None if model == AUTO else model.removeprefix(ROUTED_PREFIX))


def read_controls(body: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> Controls:
    """Read the routing fields of a body, or of Python arguments.

    Parameters
    ----------
    body
        Other members than :data:`ROUTING_KEYS` are left alone.
    defaults
        Fields that count where the body does not have them, of the same form.

    Raises
    ------
    BodyError
        For a field of the wrong form, an unknown one in ``pointsman`` or ``provider``, or two that contradict each
        other.
    """
    if not defaults and _READERS.keys().isdisjoint(body) and not {"pointsman", "plugins"} & body.keys():
        return _NOTHING_ASKED
    own = body.get("pointsman")
    if own is not None and not isinstance(own, dict):
        raise BodyError(f"pointsman is {_short(own)}, expected an object", "pointsman")
    _check_known(own or {}, _READERS, "pointsman")
    asked = _named(_of_plugin(body)) | _named({key: value for key, value in body.items() if key in _READERS})
    asked |= _named(own or {})
    base = _named(defaults or {})
    if {"operating_point", "cost_quality"} & set(asked):
        base = {key: value for key, value in base.items() if key not in ("operating_point", "cost_quality")}
    if isinstance(base.get("provider"), dict) and isinstance(asked.get("provider"), dict):
        # Field by field: who asks for a sort has not asked that a default for the data's use be dropped.
        said = {key: value for key, value in asked["provider"].items() if value is not None}
        # Either tells the order, of which one is enough.
        told = ("sort", "order") if {"sort", "order"} & said.keys() else ()
        asked["provider"] = {key: value for key, value in base["provider"].items() if key not in told} | said
    given = {**base, **asked}
    if "operating_point" in given and "cost_quality" in given:
        raise BodyError("the request gives both operating_point and cost_quality; give one of them", "cost_quality")
    return Controls(**{key: _READERS[key](value, key) for key, value in given.items()})


def check_defaults(defaults: Mapping[str, Any]) -> None:
    """Raise :class:`BodyError` for Python arguments that are no routing fields or of the wrong form."""
    read_controls({"pointsman": dict(defaults)})


def _of_plugin(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read the routing fields of OpenRouter's plugin "auto-router"; other plugins are left alone."""
    plugins = body.get("plugins")
    of_router = [one for one in plugins if _is_router(one)] if isinstance(plugins, list) else []
    return {key: one[key] for one in of_router for key in one if key in _ALIASES and one.get("enabled") is not False}


def _is_router(plugin: Any) -> bool:
    return isinstance(plugin, dict) and plugin.get("id") == "auto-router"


def keys_to_cut(body: Mapping[str, Any]) -> frozenset[str]:
    """Names of the members that do not go upstream: the routing fields, and plugins that are for the router alone."""
    plugins = body.get("plugins")
    alone = isinstance(plugins, list) and bool(plugins) and all(map(_is_router, plugins))
    return ROUTING_KEYS | {"plugins"} if alone else ROUTING_KEYS


def _named(given: Mapping[str, Any]) -> dict[str, Any]:
    """Take other names for what they mean, and null for not given."""
    return {_ALIASES.get(key, key): value for key, value in given.items() if value is not None}


def _check_known(given: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        raise BodyError(f"{where} has {_short(unknown[0])}, expected some of {list(known)!r}", where)


def _names(value: Any, field: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > _MOST_NAMES:
        raise BodyError(f"{field} is {_short(value)}, expected a list of at most {_MOST_NAMES} names", field)
    return tuple(_name(one, field) for one in value)


def _name(value: Any, field: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        raise BodyError(f"{field} is {_short(value)}, expected text of 1 to {_LONGEST_NAME} characters", field)
    return value


def _one_of(*choices: str) -> Callable[[Any, str], str]:
    def read(value: Any, field: str) -> str:
        if value not in choices:
            raise BodyError(f"{field} is {_short(value)}, expected one of {list(choices)!r}", field)
        return str(value)

    return read


def _within(least: float, most: float) -> Callable[[Any, str], float]:
    def read(value: Any, field: str) -> float:
        # A whole number of JSON may be too large for a float.
        whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 1000
        if not (whole or isinstance(value, float)) or not least <= value <= most:
            expected = "0 or more" if most == math.inf else f"from {least:g} to {most:g}"
            raise BodyError(f"{field} is {_short(value)}, expected a number {expected}", field)
        return float(value)

    return read


def _flag(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise BodyError(f"{field} is {_short(value)}, expected true or false", field)
    return value


def _object(readers: Mapping[str, Callable[[Any, str], Any]], value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BodyError(f"{field} is {_short(value)}, expected an object", field)
    _check_known(value, readers, field)
    return {key: readers[key](one, f"{field}.{key}") for key, one in value.items() if one is not None}


def _short(value: Any) -> str:
    """Tell a value of the caller's, cut short."""
    text = repr(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


_PRICES = {"prompt": _within(0, math.inf), "completion": _within(0, math.inf)}
_PREFERENCES: Mapping[str, Callable[[Any, str], Any]] = {
    "sort": _one_of(*SORTS),
    "order": _names,
    "only": _names,
    "ignore": _names,
    "data_collection": _one_of("allow", "deny"),
    "zdr": _flag,
    "allow_fallbacks": _flag,
    "require_parameters": _flag,
    "max_price": lambda value, field: _object(_PRICES, value, field),
}
_FIELDS: Mapping[str, Callable[[Any, str], Any]] = {
    "models": _names,
    "exclude": _names,
    "provider": lambda value, field: Preferences(**_object(_PREFERENCES, value, field)),
    "operating_point": _name,
    "cost_quality": _within(0, 10),
    "min_success": _within(0, 1),
    "session_id": _name,
    "on_boundary": _one_of(*ON_BOUNDARY),
}
_ALIASES = {"allowed_models": "models", "cost_quality_tradeoff": "cost_quality"}
_READERS = {**_FIELDS, **{alias: _FIELDS[name] for alias, name in _ALIASES.items()}}

# Of most requests.
_NOTHING_ASKED = Controls()

# Routing fields of a body.
ROUTING_KEYS = frozenset({*_READERS, "pointsman"})
