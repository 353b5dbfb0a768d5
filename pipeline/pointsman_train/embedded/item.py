"""What flows through the embedded data set: a draft from a family, and the item it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

SHORT = 160
"""Token limit where the answer is a word, a number or a short list; roomy, since weak models explain unasked
and a cut-off answer is lost."""

LONG = 320
"""Token limit where the prompt asks for a derivation."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One prompt as its family wrote it, before it has an id.

    Attributes
    ----------
    prompt
        The user message.
    grader
        Name in ``pointsman_train.graders.GRADERS``.
    reference
        What the grader compares with; its syntax is the grader's.
    max_tokens
        Output limit to ask for.
    """

    prompt: str
    grader: str
    reference: str
    max_tokens: int = SHORT


@dataclass(frozen=True, slots=True)
class Item:
    """One prompt of the embedded data set.

    Attributes
    ----------
    prompt_id
        Family and a hash of the prompt: the same text has the same id in every generation.
    prompt, grader, reference, max_tokens
        As in :class:`Draft`.
    family
        Kind of task; the ``source`` of the prompts table.
    level
        Difficulty within the family, 1 (easy) upwards.
    """

    prompt_id: str
    prompt: str
    family: str
    level: int
    grader: str
    reference: str
    max_tokens: int


Family: TypeAlias = Callable[[np.random.Generator, int], Draft]
"""A family of prompts: draws one draft of the level asked for."""
