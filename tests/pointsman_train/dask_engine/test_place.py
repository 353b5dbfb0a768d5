"""Which outcomes can be trained on where prompts are on workers."""

from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.dask_engine.place import refuse_partly_known
from pointsman_train.errors import LabelError
from pointsman_train.train.success import Targets


def test_a_model_that_few_prompts_tell_of_is_refused():
    success = np.array([[1.0, np.nan, 1.0]] * 5 + [[1.0, 0.0, np.nan]])
    targets = Targets(success, success, np.ones((6, 3), int), np.array([0, -1, -1, -1, -1, 0]))
    with pytest.raises(LabelError, match=r"\['b'\] have outcomes on less than half as many prompts"):
        refuse_partly_known(targets, ("a", "b", "c"))


def test_a_model_that_a_ladder_seldom_reached_is_not():
    success = np.array([[1.0, np.nan]] * 5 + [[0.0, 1.0]])
    refuse_partly_known(Targets(success, success, np.ones((6, 2), int), np.array([0] * 5 + [1])), ("a", "b"))
