from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.logistic import Logistic


def test_margins_are_the_word_scores(task, exported):
    model = task.fit(Logistic())
    expected = task.features[:, task.layout.columns("words")].astype(float)
    np.testing.assert_array_equal(model.margins(task.features), expected)
    np.testing.assert_array_equal(exported(model, task.features), expected)


def test_without_the_word_scores_the_blocks_that_there_are_are_named(task):
    layout = Layout(tuple(block for block in task.layout.blocks if block.name != "words"))
    expected = (
        "train.formulation=logistic reads the feature block 'words', but the blocks are "
        "['surface', 'lexicon', 'embedding']; switch it on or choose another formulation"
    )
    with pytest.raises(ConfigError, match=re.escape(expected)):
        replace(task, layout=layout).fit(Logistic())
