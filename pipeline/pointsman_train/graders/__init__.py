"""Graders: one answer in, one :class:`Verdict` out; one small file each, built by :func:`make_grader`."""

from __future__ import annotations

from pointsman_train.graders.registry import ASKING, KINDS, make_grader
from pointsman_train.graders.rules import GRADERS
from pointsman_train.graders.seam import GradeItem, Grader, Verdict, rendered

__all__ = ["ASKING", "GRADERS", "KINDS", "GradeItem", "Grader", "Verdict", "make_grader", "rendered"]
