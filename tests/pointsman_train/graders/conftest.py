from __future__ import annotations

import pytest

from pointsman_train.graders.sandbox import LAYERS, Limits, run

NOTHING = {"blocks": ["pass"], "tests": "assert True", "functions": [], "classes": []}
TIGHT = Limits(cpu_seconds=2, wall_seconds=6, memory_mb=256, file_mb=4, threads=8)


def needs(layers=LAYERS):
    report = run(NOTHING, TIGHT, layers)
    if report.outcome is None:
        pytest.skip(report.reason)
    return report


@pytest.fixture(scope="session")
def sandbox():
    """The report of a run that does nothing; skips where this machine cannot protect itself."""
    return needs()


@pytest.fixture(params=[LAYERS, ("seccomp", "landlock"), ("seccomp", "namespaces")], ids="+".join)
def layers(request):
    """Each set of layers that is enough to run anything, where this machine has them."""
    needs(request.param)
    return request.param
