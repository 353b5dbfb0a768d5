"""What a run would ask and cost, before a cent is spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pointsman_train.collect.collect import Request, ask_of
from pointsman_train.collect.endpoints import Endpoint, likely_tokens
from pointsman_train.collect.items import Item, trial_seed
from pointsman_train.collect.store import Store
from pointsman_train.graders.seam import GradeItem, Grader


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one model would be asked.

    Attributes
    ----------
    asks
        Requests that the store has no answer to. With the plan "ladder" this is the most: it stops early.
    likely_usd
        With about four bytes a token and answers half as long as they may be.
    worst_usd
        Most that it can cost: a token a byte, answers as long as they may be.
    """

    model: str
    asks: int
    likely_usd: float
    worst_usd: float


async def estimate(
    items: Sequence[Item],
    endpoints: Sequence[Endpoint],
    graders: Mapping[str, Grader],
    request: Request,
    store: Store,
) -> list[Estimate]:
    """Count what is not in the store yet, and price it, model by model."""
    return [await _estimate(items, endpoint, graders, request, store) for endpoint in endpoints]


async def _estimate(
    items: Sequence[Item], endpoint: Endpoint, graders: Mapping[str, Grader], request: Request, store: Store
) -> Estimate:
    asks, likely, worst = 0, 0.0, 0.0
    for item in items:
        for trial in range(request.trials):
            graded = GradeItem(item.prompt, item.reference, trial_seed(request.seed, item.prompt_id, trial))
            ask = ask_of(item, graders[item.grader], endpoint.model, graded, request)
            if await store.missing([ask.key]):
                most = int(ask.params["max_tokens"])
                asks += 1
                likely += endpoint.cost(likely_tokens(ask.messages), most // 2)
                worst += endpoint.worst_cost(ask.messages, most)
    return Estimate(endpoint.model, asks, likely, worst)
