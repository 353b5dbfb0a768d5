"""The model that a request's text calls for, among those that the constraints have left."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pointsman import decide
from pointsman.decide_one import choose_one
from pointsman.dial import rule_of
from pointsman.dispatch.controls import Controls
from pointsman.dispatch.settings import Settings
from pointsman.ladder import Ladder
from pointsman.manifest import Manifest
from pointsman.router import Router
from pointsman.wishes import at_boundary, first_in, raised


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and what it rests on.

    Attributes
    ----------
    model
        The chosen model.
    ranking
        All models that may answer, in the order in which they stand in for the chosen one, which is the first.
    reason
        Why, in words; see :data:`pointsman.decide.REASONS` for the first of them.
    operating_point, lam
        The trade-off.
    p_success, utilities
        Of each model of the ladder and of each that may answer; empty where there was nothing to score.
    margin
        Least change of a probability that could change the choice; None where no probability decided.
    boundary
        Whether it is a close call.
    similarity, unfamiliar
        How near the text is to the training prompts, and whether that is too far; None where it is not measured.
    signal
        Whether there was a text to score that the router can judge.
    probability
        With which this model was selected, 1 but for exploration; None where a session's past decided.
    explored
        Whether chance took another model than the rule.
    """

    model: str
    ranking: tuple[str, ...]
    reason: str
    operating_point: str
    lam: float
    p_success: Mapping[str, float]
    utilities: Mapping[str, float]
    margin: float | None
    boundary: bool
    similarity: float | None
    unfamiliar: bool
    signal: bool
    probability: float | None = 1.0
    explored: bool = False

    def moved(self, model: str, why: str) -> Choice:
        """Return the choice of another model that may answer, and why."""
        if model == self.model:
            return self
        return replace(self, model=model, ranking=first_in(self.ranking, model), reason=f"{self.reason}; {why}")


class Chooser:
    """Chooses with one router. Thread-safe: it holds no state between calls."""

    def __init__(self, router: Router, settings: Settings) -> None:
        self.manifest: Manifest = router.manifest
        self._router, self._settings = router, settings
        self._ladder = Ladder.of(router.manifest, settings.default_model)

    def choose(self, text: str, models: Collection[str], controls: Controls) -> Choice:
        """Choose a model.

        Parameters
        ----------
        text
            What is scored; blank is no signal.
        models
            Those of the ladder that may answer, at least one.

        Raises
        ------
        UnknownOperatingPointError
            When the router has not the one that the request asks for.
        """
        name, rule = rule_of(self.manifest, controls)
        allowed = self._ladder.allowed(models)
        if not text.strip():
            return self._without_signal(name, rule, allowed)
        return self._scored(text, name, rule, allowed, controls)

    def default_among(self, models: Collection[str]) -> str:
        """Return the default model or, where it may not answer, the one with the best mean score."""
        return self._ladder.default_of(models)

    def neighbours(self, choice: Choice) -> tuple[str, ...]:
        """Return the rungs next to the chosen one, among the models that may answer: the cheaper, then the dearer."""
        rungs = [model for model in self._ladder.models if model in choice.ranking]
        at = rungs.index(choice.model)
        return tuple(rungs[max(at - 1, 0) : at] + rungs[at + 1 : at + 2])

    def cost_scale(self) -> float:
        """US dollars of one unit of relative cost: the mean cost of the dearest model."""
        return max(self._ladder.costs)

    def _without_signal(self, name: str, rule: decide.Rule, allowed: Sequence[bool]) -> Choice:
        ladder = self._ladder
        ranking = self._ranked(ladder.default_among(allowed), ladder.scores, allowed)
        reason = "only candidate" if sum(allowed) == 1 else decide.NO_SIGNAL
        return Choice(ranking[0], ranking, reason, name, rule.lam, {}, {}, None, False, None, False, signal=False)

    def _scored(self, text: str, name: str, rule: decide.Rule, allowed: Sequence[bool], controls: Controls) -> Choice:
        p, label, near = self._router.predict_one(text)
        ladder = self._ladder
        guard = ladder.guard_among(allowed)
        chosen, margin, reason, unfamiliar, utility = choose_one(
            rule, p, label, ladder.relative, ladder.anchor, allowed, guard, near
        )
        # What the probabilities of an unfamiliar prompt say is not believed, so its stand-ins go by their mean score.
        ranking = self._ranked(chosen, ladder.scores if unfamiliar else utility, allowed)
        names = ladder.models
        choice = Choice(
            model=ranking[0],
            ranking=ranking,
            reason=reason,
            operating_point=name,
            lam=rule.lam,
            p_success=dict(zip(names, p, strict=True)),
            utilities={model: u for model, u, may in zip(names, utility, allowed, strict=True) if may},
            margin=margin if margin < math.inf else None,
            boundary=margin < self.manifest.boundary_margin,
            similarity=near,
            unfamiliar=unfamiliar,
            signal=not unfamiliar,
        )
        return self._adjusted(choice, controls)

    def _ranked(self, chosen: int, by: Sequence[float], allowed: Sequence[bool]) -> tuple[str, ...]:
        rest = [m for m, may in enumerate(allowed) if may and m != chosen]
        # Sorting keeps the ladder's order among equals.
        rest.sort(key=by.__getitem__, reverse=True)
        return tuple(self._ladder.models[m] for m in (chosen, *rest))

    def _adjusted(self, choice: Choice, controls: Controls) -> Choice:
        """Apply the wish for a least probability, and what is wished for close calls."""
        if not choice.signal or len(choice.ranking) == 1:
            return choice
        choice = at_least(choice, controls.min_success)
        if not choice.boundary:
            return choice
        wish, default = controls.on_boundary or self._settings.on_boundary, self.default_among(choice.ranking)
        return choice.moved(*at_boundary(wish, choice.ranking, self._ladder.models, default))


def at_least(choice: Choice, min_success: float | None) -> Choice:
    """Keep to models that are likely enough to succeed; see :func:`pointsman.wishes.raised`."""
    if min_success is None:
        return choice
    ranking, why = raised(choice.ranking, choice.p_success, min_success)
    return replace(choice.moved(ranking[0], why), ranking=ranking)
