"""Exploration: a share of the close calls goes to a neighbouring rung by chance, so that logs can teach.

The probability with which the model was selected is kept with the choice. An outcome divided by it is what training
would have seen without the router's own preference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pointsman.dispatch.choose import Choice


def explored(choice: Choice, neighbours: Sequence[str], share: float, rng: np.random.Generator) -> Choice:
    """Take a neighbouring rung with probability ``share``, each of them as likely, if the choice is a close call.

    Parameters
    ----------
    neighbours
        The rungs next to the chosen one; without any nothing changes.
    share
        In [0, 1].
    rng
        Drawn from once for a close call, and not otherwise.

    Returns
    -------
    A choice with the probability of what was taken: ``1 - share``, or ``share / len(neighbours)``.
    """
    if not share or not choice.boundary or not neighbours:
        return choice
    draw = rng.random()
    if draw >= share:
        return replace(choice, probability=1.0 - share)
    model = neighbours[int(draw / share * len(neighbours))]
    moved = choice.moved(model, "explored")
    return replace(moved, probability=share / len(neighbours), explored=True)
