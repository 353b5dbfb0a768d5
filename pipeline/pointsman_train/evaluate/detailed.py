"""The detail of an evaluation, worked out part by part; each can be switched off, and says why where it is absent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from pointsman_train.errors import TrainError
from pointsman_train.evaluate.bootstrap import Estimate, Weights, weights_of
from pointsman_train.evaluate.detail import Detail, LeftOut, WorstPrompt
from pointsman_train.evaluate.explain import Explain, excerpt, unexplained, worst_prompts
from pointsman_train.evaluate.robustness import robustness
from pointsman_train.evaluate.router import Choice
from pointsman_train.evaluate.settings import LeftOutConfig, ProbeConfig, RobustnessConfig, WorstConfig
from pointsman_train.evaluate.slices import Slice, slice_figures
from pointsman_train.evaluate.slicing import slicings
from pointsman_train.evaluate.source_probe import SourceProbe, probe_source
from pointsman_train.evaluate.stage import EvaluateConfig, Evaluation, Judged
from pointsman_train.evaluate.worst import worst_cases
from pointsman_train.featurize.featurizer import Features

log = logging.getLogger(__name__)

OFF = "switched off"
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Subject:
    """The router and the judged prompts, beyond what an evaluation knows of them.

    Attributes
    ----------
    prompts, prompt_ids
        Of the evaluation's test set, in its order.
    features
        ndarray of shape (n_judged_prompts, n_features), of these prompts.
    predict
        What the router says of any prompts.
    explain
        What explains its decisions.
    leave_out
        The second split, from the evaluation, its resamples and the most folds; None where the router cannot be
        trained anew.
    notes
        What is known to be absent, by the name of the part.
    """

    prompts: Sequence[str]
    prompt_ids: Sequence[str]
    features: Features
    predict: Callable[[Sequence[str]], Judged]
    explain: Explain = unexplained
    leave_out: Callable[[Evaluation, Weights, LeftOutConfig], LeftOut] | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


def detail(evaluation: Evaluation, subject: Subject, config: EvaluateConfig) -> Detail:
    """Work out every part that is switched on.

    Parameters
    ----------
    config
        That of the evaluation: its seed and number of resamples give the same resamples again.
    """
    weights = weights_of(evaluation.testset, config.seed, config.resamples)
    notes = dict(subject.notes)
    slices = _slices(evaluation, subject, weights) if config.slices else _absent(notes, "slices", ())
    worst, exact = _worst(evaluation, subject, config.worst, notes)
    return Detail(
        slices=slices,
        worst=worst,
        reasons_exact=exact,
        probe=_probe(evaluation, subject, config.source_probe, config, notes),
        robustness=_robustness(evaluation, subject, config.robustness, weights, config.seed, notes),
        left_out=_left_out(evaluation, subject, config, weights, notes),
        notes=notes,
    )


def _absent(notes: dict[str, str], name: str, nothing: Part, why: str = OFF) -> Part:
    notes[name] = why
    return nothing


def _slices(evaluation: Evaluation, subject: Subject, weights: Weights) -> tuple[Slice, ...]:
    testset, router = evaluation.testset, evaluation.router
    ways = slicings(testset, subject.prompts, router.default)
    return slice_figures(testset, router.default, ways, weights, router.p_success, router.p_label)


def _worst(
    evaluation: Evaluation, subject: Subject, config: WorstConfig, notes: dict[str, str]
) -> tuple[tuple[WorstPrompt, ...], bool]:
    testset, router = evaluation.testset, evaluation.router
    if not config.count:
        return _absent(notes, "worst", ()), False
    if not isinstance(router.default, Choice) or router.p_success is None:
        return _absent(notes, "worst", (), "the router has no probabilities"), False
    cases = worst_cases(testset, router.default, router.default_lambda, router.p_success, config.count)
    found = subject.explain(cases, subject.prompts, subject.features, config)
    texts = [excerpt(prompt, config.excerpt) for prompt in subject.prompts]
    return worst_prompts(cases, subject.prompt_ids, texts, testset.source, found), found.exact


def _probe(
    evaluation: Evaluation, subject: Subject, config: ProbeConfig, settings: EvaluateConfig, notes: dict[str, str]
) -> SourceProbe | None:
    if not config.enabled:
        return _absent(notes, "probe", None)
    testset, rng = evaluation.testset, np.random.default_rng(settings.seed)
    found = probe_source(subject.features, testset.source, testset.group, rng, settings.resamples, config.most_prompts)
    if found.tells:
        log.warning("%s", found.verdict)
    if len(testset) > config.most_prompts:
        notes["probe"] = f"on {config.most_prompts} of {len(testset)} test prompts, drawn"
    return found


def _robustness(
    evaluation: Evaluation,
    subject: Subject,
    config: RobustnessConfig,
    weights: Weights,
    seed: int,
    notes: dict[str, str],
) -> dict[str, Estimate]:
    if not config.enabled:
        return _absent(notes, "robustness", {})
    rng, n = np.random.default_rng(seed), len(evaluation.testset)
    rows = np.sort(rng.permutation(n)[: config.most_prompts])
    if len(rows) < n:
        notes["robustness"] = f"on {len(rows)} of {n} test prompts, drawn"
    prompts = [subject.prompts[i] for i in rows.tolist()]
    found = robustness(prompts, lambda texts: subject.predict(texts).chosen(), weights[:, rows], rng)
    return {name.removeprefix("robustness_") if "_" in name else "all": figure for name, figure in found.items()}


def _left_out(
    evaluation: Evaluation, subject: Subject, config: EvaluateConfig, weights: Weights, notes: dict[str, str]
) -> LeftOut | None:
    if subject.leave_out is None or not config.left_out.enabled:
        notes.setdefault("left_out", OFF)
        return None
    try:
        found = subject.leave_out(evaluation, weights, config.left_out)
    except TrainError as error:
        log.warning("the second split is not measured: %s", error)
        return _absent(notes, "left_out", None, str(error))
    if found.note:
        notes["left_out"] = found.note
    return found
