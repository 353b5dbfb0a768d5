"""Run a part of the featurizer's graph by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pointsman_train.featurize.run import open_session
from pointsman_train.featurize.window import add_window
from pointsman_train.graph import FLOAT, INT64, STRING, GraphBuilder

TYPES = {"float": FLOAT, "string": STRING, "int": INT64}


@pytest.fixture(scope="session")
def block() -> Callable:
    """Make a function of texts from a function that adds a block to a graph behind the window."""

    def make(add, kind: str = "float", columns: int = 2):
        g = GraphBuilder()
        g.alias(add(g, add_window(g, "prompt")), "out")
        shape = ["N", *(f"D{i}" for i in range(columns - 1))]
        session = open_session(g.model({"prompt": (STRING, ["N"])}, {"out": (TYPES[kind], shape)}))

        def run(*texts: str) -> np.ndarray:
            return session.run(["out"], {"prompt": np.array([*texts, None], dtype=object)[:-1]})[0]

        return run

    return make
