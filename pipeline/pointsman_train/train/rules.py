"""Decision rules fitted on predictions for prompts that the heads did not see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pointsman import decide
from pointsman.guard import Guard, served
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.sweep import grid_of
from pointsman_train.label.partial import standing_costs

HOLD_BINS = 10
HOLD_BIN_PROMPTS = 30


@dataclass(slots=True)
class RuleConfig:
    """The rule by which the operating points decide.

    Attributes
    ----------
    kind
        "utility", "threshold" or "conservative"; see :mod:`pointsman.decide`.
    fallback_lam
        Price of cost where no model reaches the threshold; the other rules do not read it.
    caution
        What under-routing costs beyond the answer, in units of success probability, in [0, 1]; the threshold rule does
        not read it. See :func:`pointsman.decide.worth`.
    """

    kind: str = "utility"
    fallback_lam: float = 0.0
    caution: float = 0.2

    def check(self) -> None:
        """Raise :class:`ConfigError` for an unknown kind or a negative price."""
        if self.kind not in decide.RULES:
            raise ConfigError(f"train.rule.kind must be one of {list(decide.RULES)}, got {self.kind!r}")
        if self.fallback_lam < 0:
            raise ConfigError(f"train.rule.fallback_lam must not be negative, got {self.fallback_lam!r}")
        if not 0 <= self.caution <= 1:
            raise ConfigError(f"train.rule.caution must be in [0, 1], got {self.caution!r}")

    @property
    def dial(self) -> str:
        """What an operating point sets: "threshold" or "lambda"."""
        return "threshold" if self.kind == "threshold" else "lambda"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What rules are fitted on.

    Attributes
    ----------
    p_success
        ndarray of shape (n_prompts, n_models), calibrated, for prompts that the heads were not fitted on.
    score
        ndarray of the same shape, known outcomes.
    mean_cost
        ndarray of shape (n_models,), training mean costs.
    anchor
        Rung of the best single model.
    similarity
        ndarray of shape (n_prompts,), to the training prompts; None where it is not measured.
    p_label
        ndarray of shape (n_prompts, n_models + 1), as ``p_success``; None where no rule weighs under-routing.
    success
        ndarray of shape (n_prompts, n_models): 1, 0 or NaN; None where no target counts under-routing.
    group
        ndarray of shape (n_prompts,), near-duplicates; None where there are none.
    cost
        ndarray of shape (n_prompts, n_models), of each answer; NaN, or None for all, where it is unknown.
    stands_for
        ndarray of shape (n_prompts, n_models): how many outcomes like it each stands for; None is one each. The scores
        have that in them: see :func:`pointsman_train.train.fill.filled_scores`.
    """

    p_success: Floats
    score: Floats
    mean_cost: Floats
    anchor: int
    similarity: NDArray[np.floating] | None = None
    p_label: Floats | None = None
    success: Floats | None = None
    group: Ints | None = None
    cost: Floats | None = None
    stands_for: Floats | None = None

    @property
    def paid(self) -> Floats:
        """What each answer costs, ndarray of shape (n_prompts, n_models); estimated where that is unknown.

        The rule knows no more than the means. But hard prompts go to dear models and have long answers, so that what is
        served costs more than the means say.
        """
        if self.cost is None:
            return np.broadcast_to(self.mean_cost, self.score.shape)
        return standing_costs(self.cost, self.mean_cost, self.stands_for)

    def take(self, rows: Bools) -> Evidence:
        """Return the evidence of these prompts."""
        near = None if self.similarity is None else self.similarity[rows]
        label = None if self.p_label is None else self.p_label[rows]
        return replace(
            self,
            p_success=self.p_success[rows],
            score=self.score[rows],
            similarity=near,
            p_label=label,
            success=None if self.success is None else self.success[rows],
            group=None if self.group is None else self.group[rows],
            cost=None if self.cost is None else self.cost[rows],
            stands_for=None if self.stands_for is None else self.stands_for[rows],
        )

    def worth(self, rule: decide.Rule) -> Floats:
        """Return what each model's answer is worth to a rule."""
        return decide.worth(rule, self.p_success, self.p_label)

    def served(self, rule: decide.Rule, guard: Guard | None) -> Ints:
        """Rung that each prompt is served by, ndarray of shape (n_prompts,)."""
        return served(rule, self.p_success, self.p_label, self.mean_cost, self.anchor, guard, self.similarity).chosen

    def familiar(self, guard: Guard | None) -> Evidence:
        """Return the evidence of the prompts that the rule decides: those on which the guard does not fire."""
        if guard is None or self.similarity is None:
            return self
        return self.take(~guard.unfamiliar(self.similarity))


def settings_of(config: RuleConfig, evidence: Evidence) -> list[decide.Rule]:
    """Return the rule at each setting of its dial, from quality alone to the cheapest."""
    return [rule_at(config, float(value), evidence) for value in grid_of(config.kind, evidence.mean_cost)]


def rule_at(config: RuleConfig, value: float, evidence: Evidence) -> decide.Rule:
    """Return the rule at one setting of its dial; what it needs besides is fitted."""
    if config.kind == "threshold":
        return decide.Rule("threshold", config.fallback_lam, threshold=value)
    if config.kind == "conservative":
        utility = decide.Rule("utility", value, caution=config.caution)
        return replace(utility, kind="conservative", hold=fit_hold(evidence, utility))
    return decide.Rule("utility", value, caution=config.caution)


def fit_hold(evidence: Evidence, utility: decide.Rule) -> float:
    """Find the lead in utility from which on leaving the best single model has paid.

    The prompts on which the utility rule leaves the best single model are put into at most ten bins of equal mass by
    the lead that was predicted, with 30 prompts a bin or more. Each bin has the mean of the gain that was realised,
    ``score_chosen - score_anchor - lam * (c_chosen - c_anchor) / c_max``, and its standard error. The hold is the
    smallest lead from which on every bin's mean is more than one standard error above 0: half-way between the last bin
    that does not clear it and the next.

    That a difference has to clear one standard error is the rule of Breiman, Friedman, Olshen and Stone
    (*Classification and Regression Trees*, 1984) for choosing the simpler tree. That a new policy leaves a known one
    only where the data speak for it is the idea of safe policy improvement (Laroche, Trichelair and Tachet des
    Combes, *Safe Policy Improvement with Baseline Bootstrapping*, ICML 2019). The bins are our own.

    Returns
    -------
    float
        0 where every bin clears it; ``2 + lam + caution``, more than any lead, where the last bin does not or where
        there are too few prompts for one bin.
    """
    lead, gain = _deviations(evidence, utility)
    n_bins = min(HOLD_BINS, len(lead) // HOLD_BIN_PROMPTS)
    always = 2.0 + utility.lam + utility.caution
    if n_bins == 0:
        return always
    bins = np.array_split(np.argsort(lead, kind="stable"), n_bins)
    failing = [k for k, rows in enumerate(bins) if not _clears_its_error(gain[rows])]
    if not failing:
        return 0.0
    last = failing[-1]
    return always if last == n_bins - 1 else float(lead[bins[last]].max() + lead[bins[last + 1]].min()) / 2


def _clears_its_error(gain: Floats) -> bool:
    return bool(gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)))


def _deviations(evidence: Evidence, rule: decide.Rule) -> tuple[Floats, Floats]:
    """Predicted lead over the anchor and realised gain, of the prompts on which the utility rule leaves it."""
    utility = decide.utilities(evidence.worth(rule), evidence.mean_cost, rule.lam)
    realised = decide.utilities(evidence.score, evidence.mean_cost, rule.lam)
    chosen = decide.choose(utility)
    rows = np.flatnonzero(chosen != evidence.anchor)
    best = chosen[rows]
    lead = utility[rows, best] - utility[rows, evidence.anchor]
    return lead, realised[rows, best] - realised[rows, evidence.anchor]
