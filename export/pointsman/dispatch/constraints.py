"""Constraints first: which endpoints may answer a request, and why each other model may not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pointsman.dispatch.api import Api
from pointsman.dispatch.catalog import Catalog, Endpoint
from pointsman.dispatch.controls import Controls, Preferences
from pointsman.dispatch.needs import Needs
from pointsman.errors import NoCandidateError
from pointsman.wishes import unwanted


@dataclass(frozen=True, slots=True)
class Pool:
    """What is left after the constraints.

    Attributes
    ----------
    endpoints
        Of each model that may answer, those that may; in the order of the models given.
    excluded
        Why each other model may not.
    """

    endpoints: Mapping[str, tuple[Endpoint, ...]]
    excluded: Mapping[str, str]


def screen(models: Iterable[str], catalog: Catalog, controls: Controls, api: Api, needs: Needs | None) -> Pool:
    """Apply a request's constraints to models of the catalog.

    Parameters
    ----------
    needs
        None for a pinned model: whoever names a model knows what it can do, and its upstream has the last word. The
        pool and the provider preferences hold all the same.

    Raises
    ------
    NoCandidateError
        With each model's reason, when nothing is left.
    """
    left: dict[str, tuple[Endpoint, ...]] = {}
    excluded: dict[str, str] = {}
    for model in models:
        reason = unwanted(model, controls)
        if reason:
            excluded[model] = reason
            continue
        judged = [(endpoint, _unfit(endpoint, controls.provider, api, needs)) for endpoint in catalog.of(model)]
        fit = tuple(endpoint for endpoint, unfit in judged if unfit is None)
        if fit:
            left[model] = fit
        else:
            excluded[model] = _joined([(endpoint.provider, str(unfit)) for endpoint, unfit in judged])
    if not left:
        raise NoCandidateError(excluded)
    return Pool(left, excluded)


def _unfit(endpoint: Endpoint, wish: Preferences, api: Api, needs: Needs | None) -> str | None:
    """Why an endpoint may not answer; the first reason found."""
    reason = _by_provider(endpoint, wish) or _by_price(endpoint, wish)
    if reason:
        return reason
    if api.label not in endpoint.apis:
        return f"does not offer the {api.label} API"
    if needs is None:
        return None
    return _by_room(endpoint, needs) or _by_ability(endpoint, needs, wish.require_parameters)


def _by_provider(endpoint: Endpoint, wish: Preferences) -> str | None:
    if wish.only and endpoint.provider not in wish.only:
        return "not one of the providers asked for"
    if endpoint.provider in wish.ignore:
        return "its provider is to be ignored"
    if wish.order and not wish.allow_fallbacks and endpoint.provider not in wish.order:
        return "not in the provider order, and fallbacks are not allowed"
    # Who keeps nothing has nothing to use.
    if wish.data_collection == "deny" and endpoint.collects_data and not endpoint.zdr:
        return "may collect data"
    return "is not stated to retain no data" if wish.zdr and not endpoint.zdr else None


def _by_price(endpoint: Endpoint, wish: Preferences) -> str | None:
    prices = {"prompt": endpoint.input_per_m, "completion": endpoint.output_per_m}
    for kind, most in (wish.max_price or {}).items():
        price = prices[kind]
        if price is None or price > most:
            asked = "not known" if price is None else f"{price:g} USD per million tokens"
            return f"its {kind} price is {asked}, at most {most:g} are allowed"
    return None


def _by_room(endpoint: Endpoint, needs: Needs) -> str | None:
    wanted = needs.input_tokens + needs.output_tokens
    if endpoint.context_window is not None and wanted > endpoint.context_window:
        return f"its context window is {endpoint.context_window} tokens, the request may need {wanted}"
    if needs.stated_output and endpoint.max_output is not None and needs.output_tokens > endpoint.max_output:
        return f"answers with at most {endpoint.max_output} tokens, {needs.output_tokens} are asked for"
    return None


def _by_ability(endpoint: Endpoint, needs: Needs, require_parameters: bool) -> str | None:
    lacking = sorted(needs.capabilities - endpoint.capabilities)
    if lacking:
        return f"is not stated to be capable of {', '.join(lacking)}"
    if not require_parameters:
        return None
    if endpoint.parameters is None:
        return "is not stated which parameters it understands"
    unknown = sorted(needs.parameters - endpoint.parameters)
    return f"does not understand {', '.join(unknown)[:100]}" if unknown else None


def _joined(reasons: Sequence[tuple[str, str]]) -> str:
    """Join the reasons of a model's endpoints; one for all is said once."""
    if len({reason for _, reason in reasons}) == 1:
        return reasons[0][1]
    return ", ".join(f"{provider}: {reason}" for provider, reason in reasons)
