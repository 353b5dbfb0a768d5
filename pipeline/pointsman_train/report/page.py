"""From the parts of a report to one HTML file that asks for nothing from outside.

Everything but our own drawings is escaped: prompts are what anyone typed. The page has no script, and its content
security policy would stop one, as well as any request.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pointsman_train.report.parts import Page
from pointsman_train.writing import write_text


def write_page(page: Page, path: Path) -> Path:
    """Write a report; returns the path."""
    return write_text(render(page), path)


def render(page: Page) -> str:
    """Return a report as HTML.

    Examples
    --------
    >>> "<title>&lt;b&gt;</title>" in render(Page("<b>", (), (), "", (), ()))
    True
    """
    return _environment().get_template("page.html").render(page=page)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("pointsman_train.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
