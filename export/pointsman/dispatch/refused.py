"""Requests that cannot be routed as they stand: what the caller is told, and the record of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pointsman.dispatch.api import Api
from pointsman.dispatch.errors import BodyError
from pointsman.dispatch.record import REFUSED, Record
from pointsman.errors import NoCandidateError, RoutingError, UnknownModelError, UnknownOperatingPointError
from pointsman.router import Router

_STATUS = {UnknownModelError: 404, UnknownOperatingPointError: 404}
_CODES = {
    BodyError: "invalid_body",
    UnknownModelError: "model_not_found",
    UnknownOperatingPointError: "operating_point_not_found",
    NoCandidateError: "no_candidate",
}


def status_of(problem: RoutingError) -> int:
    """Return the HTTP status of a refusal."""
    return next((status for kind, status in _STATUS.items() if isinstance(problem, kind)), 400)


def code_of(problem: RoutingError) -> str:
    """Return the code of a refusal, which a program can tell it by."""
    return next((code for kind, code in _CODES.items() if isinstance(problem, kind)), "routing_error")


def refused(
    problem: RoutingError, api: Api, values: Mapping[str, Any], router: Router, shadow: bool, seconds: float
) -> Record:
    """Make the record of a request that was refused before anybody was asked.

    Parameters
    ----------
    values
        Of the request's body, empty where it could not be read; of it only the model's name and whether a stream was
        wanted are told.
    seconds
        That it took.
    """
    return Record(
        decision_id=uuid.uuid4().hex,
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        api=api.label,
        stream=values.get("stream") is True,
        router=router.name,
        router_sha256=router.manifest.onnx_sha256,
        requested=str(values.get("model", ""))[:200],
        model=None,
        provider=None,
        reason=REFUSED + code_of(problem),
        selection_probability=None,
        choice=None,
        excluded=problem.reasons if isinstance(problem, NoCandidateError) else {},
        shadow=shadow,
        tries=(),
        status=status_of(problem),
        error=None,
        input_tokens=None,
        output_tokens=None,
        cached_tokens=None,
        cost_usd=None,
        costs_usd={},
        session=None,
        first_byte_ms=None,
        latency_ms=round(1000 * seconds, 3),
        prompt=None,
    )
