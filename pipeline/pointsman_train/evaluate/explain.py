"""The worst boundary prompts, explained: what spoke for each decision, and which training prompts are near."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pointsman.contributions import Explainer
from pointsman_train.data import Bools
from pointsman_train.evaluate.contributions import explainer, of_each
from pointsman_train.evaluate.detail import NearPrompt, WorstPrompt
from pointsman_train.evaluate.settings import WorstConfig
from pointsman_train.evaluate.worst import Case, Neighbour, Reason, neighbours, reasons
from pointsman_train.featurize.featurizer import Features
from pointsman_train.label.labels import Labelled
from pointsman_train.train.router import TrainedRouter

_SPACES = re.compile(r"\s+")

NO_PATHS = "the bundle has no explain.npz of its own: the decisions are not explained"
NO_TRAINING = "a bundle does not carry its training prompts: no neighbours are shown"
NO_EMBEDDING = "the featurizer has no embedding: no neighbours are shown"


@dataclass(frozen=True, slots=True)
class Explained:
    """What explains each case, in the order of the cases.

    Attributes
    ----------
    reasons, neighbours
        Of each case.
    exact
        Whether the reasons add up to the log-odds.
    """

    reasons: tuple[tuple[Reason, ...], ...]
    neighbours: tuple[tuple[NearPrompt, ...], ...]
    exact: bool


Explain: TypeAlias = Callable[[Sequence[Case], Sequence[str], Features, WorstConfig], Explained]
"""From cases, with the texts and features of all judged prompts, to what explains them."""


def unexplained(cases: Sequence[Case], prompts: Sequence[str], features: Features, config: WorstConfig) -> Explained:
    """Explain nothing."""
    none: tuple[tuple[()], ...] = ((),) * len(cases)
    return Explained(none, none, exact=False)


def explain_by(router: TrainedRouter, labelled: Labelled, training: Bools) -> Explain:
    """Explain by a trained router and the prompts that it was trained on.

    Parameters
    ----------
    training
        Mask of shape (n_prompts,), the rows of ``router.features``.
    """

    def explain(cases: Sequence[Case], prompts: Sequence[str], features: Features, config: WorstConfig) -> Explained:
        explained, names = explainer(router.success, router.features), router.featurizer.names
        return Explained(
            reasons=reasons(cases, features, explained.contributions, names, config.reasons),
            neighbours=_nearest(router, labelled, training, [prompts[case.row] for case in cases], config),
            exact=explained.exact,
        )

    return explain


def explain_as_served(explainer: Explainer, names: Sequence[str]) -> Explain:
    """Explain by what a bundle takes its log-odds apart by; its training prompts are not there.

    Parameters
    ----------
    names
        Of the features.
    """

    def explain(cases: Sequence[Case], prompts: Sequence[str], features: Features, config: WorstConfig) -> Explained:
        found = reasons(cases, features, lambda rows: of_each(explainer, rows), names, config.reasons)
        return Explained(found, ((),) * len(cases), exact=True)

    return explain


def worst_prompts(
    cases: Sequence[Case], prompt_ids: Sequence[str], prompts: Sequence[str], source: Sequence[str], found: Explained
) -> tuple[WorstPrompt, ...]:
    """Put each case beside its prompt, which is an excerpt already, and what explains it."""
    return tuple(
        WorstPrompt(case, prompt_ids[case.row], source[case.row], prompts[case.row], why, near)
        for case, why, near in zip(cases, found.reasons, found.neighbours, strict=True)
    )


def excerpt(prompt: str, characters: int) -> str:
    r"""Return the beginning of a prompt in one line.

    Examples
    --------
    >>> excerpt("Name  a\ncolour of the sky.", 13), excerpt("Name it.", 13), excerpt("Name it.", 0)
    ('Name a colour…', 'Name it.', '')
    """
    if not characters:
        return ""
    line = _SPACES.sub(" ", prompt[: 4 * characters]).strip()
    return line if len(line) <= characters else line[:characters].rstrip() + "…"


def _nearest(
    router: TrainedRouter, labelled: Labelled, training: Bools, texts: Sequence[str], config: WorstConfig
) -> tuple[tuple[NearPrompt, ...], ...]:
    rows = np.flatnonzero(training).tolist()
    outcomes = labelled.outcomes
    if not texts or not config.neighbours:
        return ((),) * len(texts)
    embedded = router.featurizer.embed([*texts, *(outcomes.prompt[i] for i in rows)])
    if embedded is None:
        return ((),) * len(texts)

    def near(found: Neighbour) -> NearPrompt:
        row = rows[found.position]
        text = excerpt(outcomes.prompt[row], config.excerpt)
        return NearPrompt(text, outcomes.source[row], int(labelled.label[row]), found.similarity)

    nearest = neighbours(embedded[: len(texts)], embedded[len(texts) :], config.neighbours)
    return tuple(tuple(map(near, each)) for each in nearest)
