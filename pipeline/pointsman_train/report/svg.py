"""A drawing as SVG inside a page: ids of its own, colours of the page, and a text for those who do not see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from xml.etree import ElementTree

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# Texts stay texts: half the size, and readable by machines and in any colour scheme.
_STYLE = {"svg.fonttype": "none", "text.parse_math": False, "svg.hashsalt": "pointsman", "font.size": 10}
_NOTHING = {"Date": None, "Creator": None, "Format": None, "Type": None}
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_HREF = f"{{{_XLINK}}}href"


def inline(name: str, alt: str, draw: Callable[[Figure], None], size: tuple[float, float] = (5.4, 3.9)) -> Markup:
    """Draw into markup for an HTML page.

    Parameters
    ----------
    name
        A word of its own on the page; ids begin with it.
    alt
        What the drawing shows, for those who do not see it.
    draw
        Draws on an empty figure.
    size
        In inches.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        out = StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata=_NOTHING)
    return Markup(_embedded(out.getvalue(), name, alt))  # our own markup, its texts escaped by the XML writer


def _embedded(text: str, name: str, alt: str) -> str:
    root = ElementTree.fromstring(text)
    for child in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(child)
    for element in root.iter():
        _own(element, name)
    del root.attrib["height"], root.attrib["width"]
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title"}
    title = ElementTree.Element(f"{{{_SVG}}}title", {"id": f"{name}-title"})
    title.text = alt
    root.insert(0, title)
    for prefix, uri in (("", _SVG), ("xlink", _XLINK)):
        ElementTree.register_namespace(prefix, uri)
    return ElementTree.tostring(root, encoding="unicode")


def _own(element: ElementTree.Element, name: str) -> None:
    """Make an element's ids its drawing's own, and its black and white the page's."""
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key == _HREF and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
        elif "#" in value:
            own = _REFERENCE.sub(rf"url(#{name}-\1)", value)
            element.set(key, own.replace("#000000", "currentColor").replace("#ffffff", "var(--paper)"))
