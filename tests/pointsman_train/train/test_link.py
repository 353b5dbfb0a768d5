from __future__ import annotations

import numpy as np

from pointsman_train.featurize.run import open_session
from pointsman_train.graph import DOUBLE, GraphBuilder
from pointsman_train.train.link import add_logit, logit


def test_the_logit_of_the_graph_is_the_logit_also_beyond_0_and_1():
    p = np.array([[-0.5, 0.0, 1e-5, 1e-4, 0.2, 0.5, 0.9999, 1.0, 1.7]])
    g = GraphBuilder()
    g.alias(add_logit(g, "p", 9).add(g), "z")
    found = open_session(g.model({"p": (DOUBLE, ["N", 9])}, {"z": (DOUBLE, ["N", 9])})).run(["z"], {"p": p})[0]
    np.testing.assert_allclose(found, logit(p), rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(logit(p)[0, [0, 1, 2, 3]], np.log(1e-4 / (1 - 1e-4)))
    np.testing.assert_allclose(logit(p)[0, [4, 5]], [np.log(0.25), 0.0])
