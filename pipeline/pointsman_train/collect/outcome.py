"""From graded answers to one row of the outcomes table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.collect.ask import Answer
from pointsman_train.graders.seam import Verdict


@dataclass(frozen=True, slots=True)
class Graded:
    """One answer with its verdict."""

    answer: Answer
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model did with a prompt, over its trials: one row of the outcomes table.

    Attributes
    ----------
    score
        Mean over the graded trials; None where none could be graded: unknown, not failed.
    trials, successes
        Graded trials, and those of them that reach the success threshold.
    input_tokens, output_tokens, cost_usd, latency_ms
        Means per answer; None where unknown.
    error
        Reasons of the trials that are unknown, with their counts; None where all are known.
    selection_probability
        With which the plan asked this model, given what the cheaper ones did.
    """

    prompt_id: str
    model: str
    score: float | None
    trials: int
    successes: int
    input_tokens: float | None
    output_tokens: float | None
    cost_usd: float | None
    latency_ms: float | None
    error: str | None
    selection_probability: float


def outcome_of(
    prompt_id: str, model: str, graded: Sequence[Graded], success_threshold: float, probability: float
) -> Outcome:
    """Sum up the trials of one model on one prompt."""
    scores = [g.verdict.score for g in graded if g.verdict.score is not None]
    reasons = Counter(g.verdict.reason for g in graded if g.verdict.score is None)
    answers = [g.answer for g in graded]
    return Outcome(
        prompt_id=prompt_id,
        model=model,
        score=float(np.mean(scores)) if scores else None,
        trials=len(scores),
        successes=sum(score >= success_threshold for score in scores),
        input_tokens=_mean([a.input_tokens for a in answers]),
        output_tokens=_mean([a.output_tokens for a in answers]),
        cost_usd=_mean([a.cost_usd for a in answers]),
        latency_ms=_mean([a.latency_ms for a in answers]),
        error="; ".join(f"{why} ({n} of {len(graded)})" for why, n in reasons.most_common()) or None,
        selection_probability=probability,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
