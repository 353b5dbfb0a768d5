"""What :meth:`pointsman.Router.route` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Decision:
    """A routed prompt.

    Attributes
    ----------
    model
        The chosen model.
    label
        The most probable complexity: the cheapest model expected to succeed, or "all-fail".
    complexity
        Probability of each label.
    p_success
        Calibrated probability that each model of the ladder succeeds.
    utilities
        ``p_success - lambda * cost / cost of the dearest`` of each model that was not excluded.
    operating_point, lam
        The trade-off used, and its price of cost.
    estimated_cost_usd
        Mean cost of the chosen model's answers on the training prompts.
    excluded
        Why each model that could not be chosen was left out.
    margin
        Lead in utility over the runner-up; None where only one model was left.
    boundary
        Whether it is a close call: the margin is below the router's ``boundary_margin``.
    router
        Name and version, as ``name/version``.
    """

    model: str
    label: str
    complexity: Mapping[str, float]
    p_success: Mapping[str, float]
    utilities: Mapping[str, float]
    operating_point: str
    lam: float
    estimated_cost_usd: float
    excluded: Mapping[str, str]
    margin: float | None
    boundary: bool
    router: str

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as plain dicts, strings and numbers, ready for JSON."""
        return asdict(self)
