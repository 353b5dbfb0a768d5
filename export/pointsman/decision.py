"""What :meth:`pointsman.Router.route` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Decision:
    """A routed prompt, with what the choice rests on.

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
        ``p_success - lambda * cost / cost of the dearest - caution * risk`` of each model that was not excluded, where
        the risk is the chance that a dearer model is needed: the sum of ``complexity`` over the rungs above.
    operating_point, lam
        The trade-off used, and its price of cost.
    estimated_cost_usd
        Mean cost of the chosen model's answers on the training prompts.
    excluded
        Why each model that could not be chosen was left out.
    margin
        The least change of a probability that could change the choice: under the utility rule the lead over the
        runner-up. None where no probability decided: one model was left, or the prompt is unfamiliar or blank.
    boundary
        Whether it is a close call: the margin is below the router's ``boundary_margin``.
    similarity
        How near the prompt is to the training prompts, higher is nearer; None where the router does not measure it.
    unfamiliar
        Whether it is too far from the training prompts for its probabilities to be believed.
    reason
        What decided: "utility" (the largest utility), "threshold" (the cheapest model that is likely enough to
        succeed), "held by the best single model" (another's lead in utility was too small to leave it),
        "unfamiliar prompt" (it went to the router's fallback), "no signal" (a blank one, which goes there too, or to
        the best single model) or "only candidate". Where a wish changed the choice,
        what it did comes after a semicolon: "raised to min_success", "no model reaches min_success", "stepped up at the
        boundary", "default at the boundary".
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
    similarity: float | None
    unfamiliar: bool
    reason: str
    router: str

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as plain dicts, strings and numbers, ready for JSON."""
        return asdict(self)
