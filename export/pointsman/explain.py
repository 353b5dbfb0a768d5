"""Which features decided: each model's log-odds of success, taken apart for one prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Unpack

from pointsman.contributions import Explainer
from pointsman.decide import NO_SIGNAL
from pointsman.decision import Decision
from pointsman.router import Router
from pointsman.text import Prompt
from pointsman.wishes import WishArguments


@dataclass(frozen=True, slots=True)
class ModelExplanation:
    """One model's log-odds of success before calibration: ``log_odds = usual + sum of contributions``.

    Attributes
    ----------
    model, p_success
        The model, and its calibrated probability of success.
    log_odds
        Of this prompt.
    usual
        What is expected of a training prompt.
    contributions
        What each feature adds, the largest in size first; features that add nothing are left out.
    """

    model: str
    p_success: float
    log_odds: float
    usual: float
    contributions: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a prompt goes where it goes.

    Attributes
    ----------
    decision
        As :meth:`pointsman.Router.route` gives it.
    runner_up
        Whom the chosen model leads in utility; None where no probability decided.
    models
        Each model's log-odds, taken apart.
    features
        The features' values.
    """

    decision: Decision
    runner_up: str | None
    models: tuple[ModelExplanation, ...]
    features: Mapping[str, float]

    def lead(self) -> dict[str, float]:
        """Return what each feature adds to the chosen model's log-odds beyond the runner-up's, the largest first."""
        by_model = {one.model: one.contributions for one in self.models}
        one, other = by_model[self.decision.model], by_model.get(self.runner_up or "", {})
        names = dict.fromkeys([*one, *other])
        return _largest_first({name: one.get(name, 0.0) - other.get(name, 0.0) for name in names})

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain dicts, strings and numbers, ready for JSON."""
        return {
            "decision": self.decision.to_dict(),
            "runner_up": self.runner_up,
            "models": tuple(asdict(one) for one in self.models),
            "features": dict(self.features),
            "lead": self.lead() if self.runner_up else None,
        }

    def words(self, most: int = 8) -> str:
        """Say it in lines, with at most so many features a model."""
        made = self.decision
        lines = [f"{made.router} chooses {made.model} at {made.operating_point!r}: {made.reason}."]
        if made.reason == NO_SIGNAL:
            lines.append("The prompt is blank, so the probabilities below did not decide.")
        elif made.unfamiliar:
            lines.append("The prompt is unlike the training prompts, so the probabilities below did not decide.")
        if self.runner_up is not None:
            lead = made.utilities[made.model] - made.utilities[self.runner_up]
            leads = "leads" if lead >= 0 else "trails"
            lines.append(
                f"It {leads} {self.runner_up} by {abs(lead):.3f} in utility, which is success less the price of cost."
            )
            lines.append(f"\nWhat speaks for {made.model} rather than {self.runner_up}, in log-odds of success:")
            usual = {one.model: one.usual for one in self.models}
            lines.append(f"  {usual[made.model] - usual[self.runner_up]:+.3f}  of a usual prompt")
            lines += self._listed(self.lead(), most)
        for one in self.models:
            lines.append(f"\n{one.model}: success {one.p_success:.1%}; before calibration the log-odds are")
            lines.append(f"  {one.log_odds:+.3f}, which is {one.usual:+.3f} of a usual prompt and")
            lines += self._listed(one.contributions, most)
        return "\n".join(lines)

    def _listed(self, contributions: Mapping[str, float], most: int) -> list[str]:
        shown = list(contributions.items())[:most]
        rest = sum(list(contributions.values())[most:])
        lines = [f"  {value:+.3f}  {name} = {self.features[name]:.4g}" for name, value in shown]
        if len(contributions) > most:
            lines.append(f"  {rest:+.3f}  {len(contributions) - most} more features")
        return lines


def explain(folder: str | Path, prompt: Prompt, **wishes: Unpack[WishArguments]) -> Explanation:
    """Route a prompt and tell which features decided.

    Parameters
    ----------
    folder
        Of an exported router with ``explain.npz``.
    prompt, wishes
        As for :meth:`pointsman.Router.route`.

    Raises
    ------
    BundleError
        When the router or its ``explain.npz`` is missing or does not fit.
    RoutingError
        As :meth:`pointsman.Router.route`.
    """
    router = Router.load(folder)
    explainer = Explainer.load(folder, router.manifest.onnx_sha256)
    decision = router.route(prompt, **wishes)
    features = router.predict([prompt]).features[0]
    found = explainer(features)
    names = router.manifest.features
    taken = tuple(
        ModelExplanation(
            model=model,
            p_success=decision.p_success[model],
            log_odds=float(found.total[m]),
            usual=float(found.usual[m]),
            contributions=_largest_first(dict(zip(names, found.of[m].tolist(), strict=True))),
        )
        for m, model in enumerate(router.models)
    )
    values = dict(zip(names, map(float, features), strict=True))
    return Explanation(decision, _runner_up(decision), taken, values)


def _runner_up(decision: Decision) -> str | None:
    others = {model: utility for model, utility in decision.utilities.items() if model != decision.model}
    return max(others, key=others.__getitem__) if others and decision.margin is not None else None


def _largest_first(contributions: Mapping[str, float]) -> dict[str, float]:
    ranked = sorted(contributions.items(), key=lambda one: -abs(one[1]))
    return {name: value for name, value in ranked if value}
