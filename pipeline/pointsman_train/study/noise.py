"""How much of the outcomes is chance: what the same prompt gives when it is asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.evaluate.bootstrap import Estimate, resample_weights
from pointsman_train.evaluate.ratio import Ratio, estimate_ratios
from pointsman_train.label.labels import Labelled
from pointsman_train.split.groups import normalise
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check, above, below, percent

QUESTION = "Are the labels noise?"
# Shares of the outcomes' variance that the prompt cannot explain: beyond the first little is left to learn, below the
# second most is.
MOST, LITTLE = 0.8, 0.5


@dataclass(frozen=True, slots=True)
class Repeats:
    """Prompts that were answered more than once by the same model.

    Attributes
    ----------
    apart
        ndarray of shape (n_prompts,): chance that two answers to it differ, one succeeding and one failing, summed over
        the models with two answers or more.
    expected
        The same for answers that have nothing to do with the prompt: ``2 r (1 - r)`` of each model's success rate r.
    models
        ndarray of shape (n_prompts,), models in these sums.
    group
        ndarray of shape (n_prompts,).
    what
        What they are, in words.
    """

    apart: Floats
    expected: Floats
    models: Floats
    group: Ints
    what: str

    @classmethod
    def of(cls, apart: Floats, several: Bools, success: Floats, group: Ints, what: str) -> Repeats:
        """Sum over models, and keep the prompts with two answers or more of some model.

        Parameters
        ----------
        apart, several, success
            ndarray of shape (n_prompts, n_models) and, for ``success``, any number of prompts.
        """
        rate = np.nanmean(success, axis=0)
        used = several.any(axis=1)
        expected = several * (2 * rate * (1 - rate))
        sums = [np.asarray(each.sum(axis=1)[used], np.float64) for each in (apart * several, expected, several)]
        return cls(sums[0], sums[1], sums[2], group[used], f"{int(used.sum()):,} {what}")


def check_noise(labelled: Labelled, group: Ints, rng: np.random.Generator, resamples: int) -> Check:
    """Compare answers to the same prompt: its trials where there are several, else texts that occur more than once.

    The noise is ``sum of apart / sum of expected``: 0 where the same prompt always gives the same outcome, 1 where the
    outcome has nothing to do with the prompt. It is the share of the outcomes' variance that no router can explain.
    """
    repeats = repeats_of(labelled, group)
    if not repeats.expected.sum() > 0:
        advice = "Ask each model twice for a hundred prompts (trials=2), to learn how far one answer can be trusted."
        return Check("noise", QUESTION, CANNOT_TELL, "No prompt was answered twice.", advice)
    ratios = {
        "noise": Ratio(repeats.apart, repeats.expected, len(repeats.apart)),
        "disagreement": Ratio(repeats.apart, repeats.models, len(repeats.apart)),
    }
    figures = estimate_ratios(ratios, resample_weights(repeats.group, rng, resamples))
    verdict, advice = _verdict(figures["noise"])
    found = (
        f"Two answers of a model to the same prompt differ in {percent(figures['disagreement'])} of cases, over "
        f"{repeats.what}: {percent(figures['noise'])} of the outcomes' variance is chance that no router can foresee."
    )
    return Check("noise", QUESTION, verdict, found, advice, figures)


def _verdict(noise: Estimate) -> tuple[str, str]:
    if above(noise, MOST):
        return WILL_NOT, "Look at the grader first: the same answer should get the same score; then use more trials."
    if below(noise, LITTLE):
        return PAYS, "The labels are sound enough; more trials would add little."
    return CANNOT_TELL, "Use several trials a prompt, or a stricter grader: the success rate is what can be learned."


def repeats_of(labelled: Labelled, group: Ints) -> Repeats:
    """Find the trials, or the copies."""
    several = (labelled.outcomes.trials > 1) & ~np.isnan(labelled.success)
    return _trials(labelled, group) if several.any() else _copies(labelled)


def _trials(labelled: Labelled, group: Ints) -> Repeats:
    """Take prompts with several trials; a mean of scores that are not 0 or 1 overstates the noise."""
    counts = np.where(np.isnan(labelled.success), 0, labelled.outcomes.trials).astype(np.float64)
    rate = np.nan_to_num(labelled.outcomes.score)
    apart = 2 * rate * (1 - rate) * counts / np.maximum(counts - 1, 1)
    return Repeats.of(apart, counts > 1, labelled.outcomes.score, group, "prompts with several trials")


def _copies(labelled: Labelled) -> Repeats:
    """Take texts that occur more than once, whatever their case and white space."""
    text = _numbered([normalise(prompt) for prompt in labelled.outcomes.prompt])
    known = ~np.isnan(labelled.success)
    answers = np.stack([np.bincount(text, column) for column in known.T], axis=1)
    right = np.stack([np.bincount(text, column) for column in np.nan_to_num(labelled.success).T], axis=1)
    apart = 2 * right * (answers - right) / np.maximum(answers * (answers - 1), 1)
    return Repeats.of(apart, answers > 1, labelled.success, np.arange(len(answers)), "texts that occur more than once")


def _numbered(texts: Sequence[str]) -> Ints:
    number = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    return np.array([number[text] for text in texts], np.int64)
