"""Train, calibration and test, by whole groups."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pointsman_train.data import Bools, Ints
from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.split.sampling import sample_groups

PARTS = ("train", "calibration", "test")


@dataclass(slots=True)
class SplitConfig:
    """Shares of the prompts, and the seed of the draw.

    Attributes
    ----------
    calibration, test
        Shares in (0, 1); the rest is for training. With ``calibration.fit_on: out_of_fold`` (the default) the
        calibration part is trained on as well, and only the test part is kept apart.
    seed
        Of the draw of groups.
    folds
        Number of folds for out-of-fold predictions.
    """

    calibration: float = 0.1
    test: float = 0.2
    seed: int = 0
    folds: int = 5

    def check(self) -> None:
        """Raise :class:`ConfigError` for shares that leave nothing to train on."""
        if min(self.calibration, self.test) <= 0 or self.calibration + self.test >= 1:
            raise ConfigError(
                f"split.calibration and split.test must be above 0 and together below 1, "
                f"got {self.calibration!r} and {self.test!r}"
            )
        if self.seed < 0:
            raise ConfigError(f"split.seed must not be negative, got {self.seed!r}")
        if self.folds < 2:
            raise ConfigError(f"split.folds must be at least 2, got {self.folds!r}")


@dataclass(frozen=True, slots=True)
class Split:
    """The part that each prompt belongs to.

    Attributes
    ----------
    part
        ndarray of shape (n_prompts,): 0 train, 1 calibration, 2 test.
    group
        ndarray of shape (n_prompts,): near-duplicate group; a group is never in two parts.
    fingerprint
        SHA-256 over prompt ids and parts.
    """

    part: Ints
    group: Ints
    fingerprint: str

    def rows(self, *names: str) -> Bools:
        """Return the mask of the prompts in these parts.

        Examples
        --------
        >>> Split(np.array([0, 2, 1]), np.arange(3), "").rows("train", "test").tolist()
        [True, True, False]
        """
        return np.isin(self.part, [PARTS.index(name) for name in names])

    def counts(self) -> dict[str, int]:
        """Prompts by part."""
        return {name: int(np.sum(self.part == i)) for i, name in enumerate(PARTS)}


def split(prompt_id: Sequence[str], group: Ints, config: SplitConfig) -> Split:
    """Draw whole groups at random into test, then calibration, until each has its share of prompts.

    The draw hangs on the seed and on the first prompt id of a group alone. So a prompt keeps its part when others come
    and go, but for the few groups at the edges between the parts.

    Raises
    ------
    LabelError
        When a part stays empty, as with very few groups.
    """
    config.check()
    sizes = np.bincount(group)
    order = _drawn(prompt_id, group, config.seed)
    ahead = np.cumsum(sizes[order]) - sizes[order]
    total = len(group)
    # Rounded, since 0.2 + 0.1 is above 0.3 and would draw one prompt too many.
    test, calibration = (round(share * total, 6) for share in (config.test, config.test + config.calibration))
    drawn = np.where(ahead < test, 2, np.where(ahead < calibration, 1, 0))
    part_of_group = np.empty(len(sizes), np.int64)
    part_of_group[order] = drawn
    part = part_of_group[group]
    missing = [name for i, name in enumerate(PARTS) if not (part == i).any()]
    if missing:
        raise LabelError(
            f"{total} prompts in {len(sizes)} groups of near-duplicates are too few: "
            f"no prompt is left for {missing!r}; "
            "bring more prompts, or raise group.similarity where texts only share a template"
        )
    return Split(part, group, fingerprint_of(prompt_id, part))


def logged_to_training(parts: Split, asked: Bools, prompt_id: Sequence[str]) -> Split:
    """Train on the prompts of a service's log, wherever they were drawn: nothing can be judged on them.

    Near-duplicates of prompts that are judged on stay with these, and teach nothing.

    Parameters
    ----------
    asked
        ndarray of shape (n_prompts,), mask of the prompts that are not of a log.

    Examples
    --------
    >>> parts = Split(np.array([0, 2, 2, 2]), np.array([0, 1, 1, 2]), "")
    >>> logged_to_training(parts, np.array([True, True, False, False]), ["a", "b", "c", "d"]).part.tolist()
    [0, 2, 2, 0]
    """
    if asked.all():
        return parts
    held = np.isin(parts.group, parts.group[asked & (parts.part != 0)])
    part = np.where(asked | held, parts.part, 0)
    return replace(parts, part=part, fingerprint=fingerprint_of(prompt_id, part))


def judged_part(parts: Split, most: int, seed: int, asked: Bools) -> Split:
    """Leave test prompts beyond ``most`` out of every part: whole groups are drawn to be judged.

    Parameters
    ----------
    asked
        ndarray of shape (n_prompts,), mask of those that can be judged; the others do not count.
    """
    test = parts.rows("test")
    drawn = sample_groups(parts.group, test & asked, most, seed)
    return (
        parts if drawn.sum() == (test & asked).sum() else replace(parts, part=np.where(test & ~drawn, -1, parts.part))
    )


def _drawn(prompt_id: Sequence[str], group: Ints, seed: int) -> Ints:
    """Order groups by a hash of the seed and the first of their prompt ids."""
    first: dict[int, str] = {}
    for name, of in zip(prompt_id, group.tolist(), strict=True):
        first[of] = min(name, first.get(of, name))
    hashes = [drawn_at(first[g], seed) for g in sorted(first)]
    return np.array(sorted(range(len(hashes)), key=hashes.__getitem__), np.int64)


def drawn_at(group: str, seed: int) -> bytes:
    """Hash a group, named by the first of its prompts' ids: groups are drawn in order of these."""
    return hashlib.sha256(f"{seed}\x1f{group}".encode("utf-8", "replace")).digest()


def fold_of(group: Ints, folds: int, rng: np.random.Generator) -> Ints:
    """Deal whole groups into folds of about the same number of groups.

    Returns
    -------
    ndarray of shape (n_prompts,), fold numbers from 0.
    """
    _, dense = np.unique(group, return_inverse=True)
    n_groups = int(dense.max()) + 1
    if n_groups < folds:
        raise LabelError(f"{n_groups} groups of prompts cannot be dealt into {folds} folds; give more prompts")
    return rng.permutation(np.arange(n_groups) % folds)[dense]


def fingerprint_of(prompt_id: Sequence[str], part: Ints) -> str:
    """Hash which prompt is in which part."""
    digest = hashlib.sha256()
    for name, number in sorted(zip(prompt_id, part.tolist(), strict=True)):
        digest.update(f"{name}\x1f{number}\x1e".encode("utf-8", "replace"))
    return digest.hexdigest()
