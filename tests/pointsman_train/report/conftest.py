"""A real browser where there is one, and a run with a hostile prompt among its worst."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pointsman_train.evaluate.detail import Detail, NearPrompt
from pointsman_train.report.about import About, about_trained

sys.path.insert(0, str(Path(__file__).parent))

from browser import NAMES, Tab, browser, installed

HOSTILE = (
    "</pre></article><script>document.title = 'taken'; console.error('taken')</script>"
    "<img src=https://outside.invalid/a.png onerror=\"document.title='taken'\">"
    "<style>@import url(https://outside.invalid/a.css); body { display: none }</style>{{ 7 * 7 }}\u202e" + "x" * 3000
)


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Return a tab of a real browser; it is left out only where none is installed."""
    if installed() is None:
        pytest.skip(f"no browser is installed: none of {', '.join(NAMES)} is on the path")
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="session")
def about(trained) -> About:
    """Tell of the small router."""
    return about_trained("small", trained.router, {"prompts": 400, "left_out": {"score is null": 3}})


@pytest.fixture(scope="session")
def hostile(trained) -> Detail:
    """Return the run's detail with markup in every text that a stranger may have written."""
    detail = trained.result.detail
    near = NearPrompt(HOSTILE, HOSTILE, 1, 0.9)
    worst = tuple(
        replace(one, prompt_id=HOSTILE, source=HOSTILE, excerpt=HOSTILE, neighbours=(near,)) for one in detail.worst
    )
    slices = tuple(replace(part, name=HOSTILE) if part.by == "source" else part for part in detail.slices)
    return replace(detail, worst=worst, slices=slices)
