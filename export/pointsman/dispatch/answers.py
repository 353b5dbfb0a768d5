"""What the caller gets that no upstream said: errors in OpenAI's form, the list of models, and our headers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pointsman.dispatch.attempts import Ended
from pointsman.dispatch.catalog import ROUTED_PREFIX, Catalog
from pointsman.dispatch.controls import AUTO
from pointsman.dispatch.errors import BodyError
from pointsman.dispatch.plan import Plan
from pointsman.dispatch.refused import code_of, status_of
from pointsman.dispatch.verdict import Fault, Reply
from pointsman.errors import NoCandidateError, RoutingError
from pointsman.manifest import Manifest

# Of one connection or of the upstream's own, and a cookie is nobody's business but the upstream's.
_NOT_PASSED = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade", "set-cookie", "strict-transport-security", "alt-svc", "server",
    }
)  # fmt: skip
_UNSAFE = re.compile(r"[^\x20-\x7e]")
_TIMED_OUT = (Fault.TIMEOUT.value, "status 408", "status 504")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gets.

    Attributes
    ----------
    status
        Of HTTP.
    headers
        Names in lower case.
    body
        None for a stream.
    stream
        A byte stream of httpx2, sync or async; it must be closed.
    finish
        To be called once when the answer is sent, or cannot be: it writes the record. Nothing for a stream, which
        does so at its end.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None = None
    stream: Any = field(default=None, repr=False)
    finish: Callable[[], object] = field(default=lambda: None, repr=False)


def error(status: int, message: str, code: str, *headers: tuple[str, str], **more: Any) -> Answer:
    """Make an error in OpenAI's form."""
    kind = "invalid_request_error" if status < 429 else "upstream_error"
    content = {"error": {"message": message, "type": kind, "code": code, "param": None, **more}}
    return _json(status, content, *headers)


def refusal(problem: RoutingError) -> Answer:
    """Make the answer to a request that cannot be routed as it stands."""
    more: dict[str, Any] = {}
    if isinstance(problem, NoCandidateError):
        more["reasons"] = problem.reasons
    if isinstance(problem, BodyError):
        more["param"] = problem.field
    return error(status_of(problem), str(problem), code_of(problem), **more)


def nobody(plan: Plan, ended: Ended) -> Answer:
    """Make the answer where no endpoint gave one: who was asked, and what came of it.

    The client is told not to retry: what could be retried was.
    """
    listed = "; ".join(f"{one.model}@{one.provider}: {one.outcome}" for one in ended.tries) or "nobody was asked"
    limit = " before the deadline" if ended.timed_out else ""
    tries = [{"model": one.model, "provider": one.provider, "outcome": one.outcome} for one in ended.tries]
    headers = [("x-should-retry", "false"), *_ours(plan, None)]
    if ended.wait_s is not None:
        headers.append(("retry-after", str(max(round(ended.wait_s), 1))))
    status = _status(ended)
    return error(status, f"no endpoint answered{limit} ({listed})", "no_answer", *headers, tries=tries)


def answered(plan: Plan, ended: Ended, reply: Reply, body: bytes | None, stream: Any = None) -> Answer:
    """Make the answer that an endpoint gave."""
    model = None if ended.endpoint is None else ended.endpoint.model
    kept = tuple((name, value) for name, value in reply.headers if not _hidden(name))
    if body is not None or plan.stream_options is not None:
        kept = tuple((name, value) for name, value in kept if name != "content-length")
    if body is not None:
        kept = (*kept, ("content-length", str(len(body))))
    return Answer(reply.status or 502, (*kept, *_ours(plan, model)), body, stream)


def models(manifest: Manifest, catalog: Catalog) -> Answer:
    """List what a request may name: the router, its operating points, and the catalog's models to pin."""
    return _json(200, {"object": "list", "data": list(_models(manifest, catalog).values())})


def one_model(name: str, manifest: Manifest, catalog: Catalog) -> Answer:
    """Tell of one of the models that :func:`models` lists."""
    found = _models(manifest, catalog).get(name)
    return _json(200, found) if found else error(404, f"there is no model {name[:100]!r}", "model_not_found")


def no_such_path(method: str, path: str) -> Answer:
    """Make the answer to a request that is not dispatched."""
    served = "POST chat/completions, POST responses, GET models"
    return error(404, f"{method} {path[:200]!r} is not routed; what is: {served}", "not_found")


def _models(manifest: Manifest, catalog: Catalog) -> Mapping[str, Mapping[str, Any]]:
    points = [ROUTED_PREFIX + name for name in manifest.operating_points]
    created = int(datetime.fromisoformat(manifest.created).timestamp())
    return {
        name: {"id": name, "object": "model", "created": created, "owned_by": owner}
        for owner, names in (("pointsman", [AUTO, *points]), ("catalog", list(catalog.models)))
        for name in names
    }


def _status(ended: Ended) -> int:
    outcomes = [one.outcome for one in ended.tries]
    if ended.timed_out or (outcomes and all(outcome in _TIMED_OUT for outcome in outcomes)):
        return 504
    statuses = {one.status for one in ended.tries}
    return 429 if statuses == {429} else 503 if statuses <= {None, 429, 503} and ended.wait_s else 502


def _ours(plan: Plan, model: str | None) -> tuple[tuple[str, str], ...]:
    named = (("x-pointsman-model", model),) if model is not None else ()
    ours = (*named, ("x-pointsman-decision-id", plan.decision_id), ("x-pointsman-reason", plan.reason_for(model)))
    return tuple((name, _UNSAFE.sub("?", value)) for name, value in ours)


def _hidden(name: str) -> bool:
    # An upstream that is itself a pointsman would speak in our name.
    return name in _NOT_PASSED or name.startswith("x-pointsman-")


def _json(status: int, content: Any, *headers: tuple[str, str]) -> Answer:
    body = json.dumps(content).encode()
    return Answer(status, (("content-type", "application/json"), ("content-length", str(len(body))), *headers), body)
