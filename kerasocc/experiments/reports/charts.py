"""Matplotlib's figures as parts of a page: vectors in the colours of the page, light or dark."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from kerasocc.experiments.reports.markup import Content, element
from kerasocc.plots.style import COLORS, SERIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 4.6
"""Inches: on a telephone text of `FONT_SIZE` points then has 11 pixels."""
FONT_SIZE = 11
VARIABLES = {
    **{color.lower(): f"var(--series-{number})" for number, color in enumerate(SERIES)},
    COLORS[0].lower(): "var(--normal)",
    COLORS[1].lower(): "var(--anomaly)",
    "#b0b0b0": "var(--line)",
    "#000000": "var(--ink)",
    "#ffffff": "var(--page)",
    "#808080": "var(--soft)",
}
"""Colours of the figures, and the variables of the style sheet that take their place."""


def chart(
    name: str,
    description: str,
    caption: Content,
    plot: Callable[..., Figure],
    *arguments: Any,
    **options: Any,
) -> Element:
    """Draw a figure as part of a page.

    Args:
        name: Of the figure, different from those of all others of the page.
        description: What it shows, for those who cannot see it.
        caption: What stands below it.
        plot: Returns the figure.
        *arguments: Of `plot`.
        **options: Of `plot`.
    """
    with _style(name):
        figure = plot(*arguments, **options)
        figure.set_size_inches(
            WIDTH, figure.get_figheight() * min(1, WIDTH / figure.get_figwidth())
        )
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata=_WITHOUT_METADATA)
    svg = _for_page(ElementTree.fromstring(text.getvalue()))
    svg.attrib |= {"role": "img", "aria-label": description}
    return element("figure", svg, element("figcaption", caption), class_="chart")


_WITHOUT_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@contextlib.contextmanager
def _style(name: str):
    """Text as text, in the size of the page; identifiers that follow from the name."""
    import matplotlib

    with matplotlib.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": name, "font.size": FONT_SIZE}
    ):
        yield


def _for_page(svg: Element) -> Element:
    """Take away what belongs to a file of its own, and take the colours from the page."""
    used = set(re.findall(r"#([\w-]+)", _references(svg)))
    for node in svg.iter():
        node.tag = node.tag.rpartition("}")[2]
        # Matplotlib names the groups of all figures alike.
        if node.get("id") not in used:
            node.attrib.pop("id", None)
        for key in list(node.attrib):
            if key.startswith("{"):
                node.set(key.rpartition("}")[2], node.attrib.pop(key))
        _take_colors_from_page(node)
        node.tail = None if not (node.tail or "").strip() else node.tail
        node.text = None if not (node.text or "").strip() else node.text
    for key in ("width", "height", "version"):
        svg.attrib.pop(key, None)
    for parent in list(svg.iter()):
        for child in [c for c in parent if c.tag in ("metadata", "style")]:
            parent.remove(child)
    return svg


def _references(svg: Element) -> str:
    """All attributes that may point to an element."""
    return " ".join(
        value
        for node in svg.iter()
        for key, value in node.attrib.items()
        if key.endswith("href") or "url(#" in value
    )


def _take_colors_from_page(node: Element) -> None:
    # An attribute cannot hold a variable: the colours of a hatch become styles.
    colors = [f"{key}: {node.attrib.pop(key)}" for key in ("fill", "stroke") if key in node.attrib]
    style = "; ".join([*colors, *filter(None, [node.get("style")])])
    if style:
        node.set("style", _in_variables(style))


def _in_variables(style: str) -> str:
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: VARIABLES.get(found[0].lower(), found[0]), style)
