from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pointsman_train.memory import give_back


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="tells a process's memory by Linux's own files")
def test_what_was_freed_below_what_is_still_there_goes_back_to_the_system():
    texts = [f"{i} " * 100 for i in range(200_000)]
    kept = texts[:: len(texts) // 10]
    full = resident_mb()
    del texts
    give_back()
    assert resident_mb() < full - 50
    assert len(kept) == 10
