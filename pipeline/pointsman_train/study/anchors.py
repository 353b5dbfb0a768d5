"""Which prompts a new model should be asked, so that it can join the pool without answering all of them.

A few hundred training prompts tell how it does on the kinds of prompts that the other models divide into; see
:mod:`pointsman_train.train.joining`. Some test prompts, always drawn at random, judge the router that it is part of.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.study.task import Report, Task
from pointsman_train.train.stage import train
from pointsman_train.writing import write_parquet

WAYS = ("random", "d_optimal")


@dataclass(slots=True)
class AnchorsConfig:
    """Settings of the choice.

    Attributes
    ----------
    train, test
        Prompts of either part.
    choose
        "random", or "d_optimal": training prompts that pin down best how the new model's log-odds hang on the others'.
        Measured on three open sets, the second ranks as well and estimates the model's success rate worse.
    seed
        Of the draw.
    """

    train: int = 300
    test: int = 200
    choose: str = "random"
    seed: int = 0

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        if self.train < 50 or self.test < 0:
            raise ConfigError(
                f"anchors.train must be 50 or more and anchors.test 0 or more, got {self.train!r} and {self.test!r}"
            )
        if self.choose not in WAYS:
            raise ConfigError(f"anchors.choose must be one of {list(WAYS)}, got {self.choose!r}")
        if self.seed < 0:
            raise ConfigError(f"anchors.seed must not be negative, got {self.seed!r}")


def anchors(task: Task, config: AnchorsConfig, run_dir: Path) -> Report:
    """Choose the prompts and write ``anchors.parquet``: prompt_id, prompt, source and part.

    Raises
    ------
    LabelError
        When there are fewer prompts with an outcome of every model than are wanted.
    """
    rng = np.random.default_rng(config.seed)
    complete = np.asarray(~np.isnan(task.labelled.success).any(axis=1))
    judged = _draw(complete & task.split.rows("test"), config.test, "test", rng, task.labelled.stands_for)
    if config.choose == "random":
        chosen = _draw(complete & task.training, config.train, "train", rng, task.labelled.stands_for)
    else:
        chosen = _informative(task, complete, config.train)
    outcomes = task.labelled.outcomes
    rows = np.concatenate([chosen, judged])
    table = pd.DataFrame(
        {
            "prompt_id": [outcomes.prompt_id[i] for i in rows],
            "prompt": [outcomes.prompt[i] for i in rows],
            "source": [outcomes.source[i] for i in rows],
            "part": ["train"] * len(chosen) + ["test"] * len(judged),
        }
    )
    path = write_parquet(table, run_dir / "anchors.parquet")
    figures = {"anchors/train": float(len(chosen)), "anchors/test": float(len(judged))}
    return Report(figures, (path,), _told(table, path))


def d_optimal(margins: Floats, count: int) -> Ints:
    """Choose rows one after another, each the one that a logistic regression on the margins would learn most from.

    The determinant of the information ``sum of w x x'`` is made as large as a greedy choice makes it, with
    ``x = (1, z)`` of the standardised margins and ``w = p (1 - p)`` of their mean.

    Parameters
    ----------
    margins
        ndarray of shape (n_prompts, n_models), log-odds of the models that are known.
    count
        Rows to choose, at most all.

    References
    ----------
    Fedorov (1972), Theory of Optimal Experiments; Atkinson, Donev and Tobias (2007), Optimum Experimental Designs.

    Examples
    --------
    >>> d_optimal(np.array([[-2.0], [0.0], [0.1], [2.0]]), 2).tolist()
    [0, 3]
    """
    spread = np.maximum(margins.std(axis=0), 1e-9)
    x = np.column_stack([np.ones(len(margins)), (margins - margins.mean(axis=0)) / spread])
    p = 1 / (1 + np.exp(-margins.mean(axis=1)))
    x = x * np.sqrt(p * (1 - p))[:, None]
    inverse = np.eye(x.shape[1])
    chosen: list[int] = []
    free = np.ones(len(x), bool)
    for _ in range(count):
        gain = np.where(free, np.einsum("ij,jk,ik->i", x, inverse, x), -1.0)
        best = int(np.argmax(gain))
        chosen.append(best)
        free[best] = False
        step = inverse @ x[best]
        inverse = inverse - np.outer(step, step) / (1 + x[best] @ step)
    return np.array(chosen, np.int64)


def _informative(task: Task, complete: Bools, count: int) -> Ints:
    router = train(task.labelled, task.split, task.folds, task.train)
    rows = np.flatnonzero(task.training)
    kept = complete[rows]
    _enough(int(kept.sum()), count, "train")
    return np.asarray(rows[kept][d_optimal(router.success.margins(router.features[kept]), count)])


def _draw(among: Bools, count: int, part: str, rng: np.random.Generator, stands_for: Floats | None) -> Ints:
    """Draw prompts, each as likely as what it stands for, so that those drawn are like all."""
    _enough(int(among.sum()), count, part)
    share = None if stands_for is None else stands_for[among] / stands_for[among].sum()
    return np.sort(rng.choice(np.flatnonzero(among), count, replace=False, p=share))


def _enough(there: int, wanted: int, part: str) -> None:
    if there < wanted:
        raise LabelError(
            f"{there} prompts of the {part} part have an outcome of every model, expected {wanted} or more "
            f"(anchors.{part}); ask for fewer, or bring more prompts"
        )


def _told(table: pd.DataFrame, path: Path) -> str:
    counts = table["part"].value_counts()
    return (
        f"{counts.get('train', 0)} training and {counts.get('test', 0)} test prompts for a new model: {path}\n"
        "ask it these (pointsman-collect prompts.only=...), add its outcomes to the others, train with it in the pool"
    )
