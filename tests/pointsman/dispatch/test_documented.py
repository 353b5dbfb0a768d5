"""docs/serving.md names every field and every setting, and nothing else."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from pointsman.dispatch.catalog import Catalog
from pointsman.dispatch.controls import Controls, Preferences
from pointsman.dispatch.settings import Breaker, Retries, Settings

TEXT = (Path(__file__).parents[3] / "docs" / "serving.md").read_text()


def names(kind):
    return {one.name for one in fields(kind)}


def table(head):
    rows = TEXT.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {row.split("|")[1].strip().strip("`"): row for row in rows}


@pytest.mark.parametrize(("head", "kind"), [("field", Controls), ("of `provider`", Preferences), ("setting", Settings)])
def test_every_field_is_told(head, kind):
    assert set(table(head)) == names(kind)


@pytest.mark.parametrize(("name", "kind"), [("retries", Retries), ("breaker", Breaker)])
def test_every_wait_is_told_with_its_default(name, kind):
    told = dict(re.findall(r"`(\w+)` \(([\d.]+|none)\)", table("setting")[name]))
    read = {key: None if value == "none" else float(value) for key, value in told.items()}
    assert read == {key: getattr(kind(), key) for key in names(kind)}


def test_the_catalog_that_is_shown_can_be_read(tmp_path):
    shown = TEXT.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "catalog.toml").write_text(shown)
    [endpoints] = Catalog.read(tmp_path / "catalog.toml").models.values()
    assert [one.provider for one in endpoints] == ["api.example.com", "other"]
    assert [one.zdr for one in endpoints] == [True, False]
