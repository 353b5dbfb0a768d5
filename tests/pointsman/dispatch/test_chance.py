from __future__ import annotations

import os

import numpy as np
import pytest

from pointsman.dispatch.chance import Chance

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def drawn_after_forks(chance: Chance, processes: int) -> list[float]:
    """Draw a number in each of so many forked processes."""
    found = []
    for _ in range(processes):
        reads, writes = os.pipe()
        child = os.fork()
        if not child:  # pragma: no cover
            os.write(writes, str(chance.rng.random()).encode())
            os._exit(0)
        os.waitpid(child, 0)
        found.append(float(os.read(reads, 100)))
        os.close(reads)
        os.close(writes)
    return found


# Other threads of the tests hold no lock that a draw needs.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_processes_draw_numbers_of_their_own():
    chance = Chance()
    before = chance.rng
    assert len({*drawn_after_forks(chance, 3), chance.rng.random()}) == 4
    assert chance.rng is before


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_generator_that_was_given_stays_the_same_everywhere():
    chance = Chance(np.random.default_rng(7))
    assert drawn_after_forks(chance, 2) == [np.random.default_rng(7).random()] * 2
