"""HTML as trees of elements, which the standard library writes and escapes.

Whatever is text of the user's, such as the name of a file, becomes text of an element or the
value of an attribute, never markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from kerasocc.files import printable

Content = Element | str | None | Iterable["Content"]
"""What an element may hold: elements, text, nothing, or several of them."""


def element(tag: str, *content: Content, **attributes: str | None) -> Element:
    """Make an element.

    Args:
        tag: Its name.
        *content: What is in it, in this order.
        **attributes: Its attributes; None leaves one out. A `_` at the end of a name is left
            away (`class_`), any other one becomes `-`.

    Example:
        >>> as_text(element("p", "1 < 2, ", element("b", "always"), class_="note"))
        '<p class="note">1 &lt; 2, <b>always</b></p>'
    """
    made = Element(
        tag,
        {k.rstrip("_").replace("_", "-"): v for k, v in attributes.items() if v is not None},
    )
    _add(made, content)
    return made


def _add(parent: Element, content: Iterable[Content]) -> None:
    for part in content:
        if isinstance(part, Element):
            parent.append(part)
        elif isinstance(part, str):
            # Text belongs to the element before it, or to the one around it.
            if len(parent):
                parent[-1].tail = (parent[-1].tail or "") + part
            else:
                parent.text = (parent.text or "") + part
        elif part is not None:
            _add(parent, part)


def as_text(root: Element) -> str:
    """Write an element as HTML; what UTF-8 cannot hold is replaced."""
    return printable(ElementTree.tostring(root, encoding="unicode", method="html"))


def rows_table(rows: Mapping[str, Content]) -> Element:
    """A table of two columns: what something is called, and what it is."""
    return element(
        "table",
        element("tbody", (_row([name], [value]) for name, value in rows.items())),
        class_="facts",
    )


def data_table(
    heads: Iterable[str],
    rows: Iterable[Iterable[Content]],
    *,
    caption: str | None = None,
    numbers: Iterable[int] = (),
) -> Element:
    """A table with a head, which scrolls within itself where the screen is too narrow.

    Args:
        heads: Titles of the columns.
        rows: Cells of every row; the first one says what the row is.
        caption: What the table shows.
        numbers: Which columns are right-aligned.
    """
    heads, right = list(heads), set(numbers)
    head = (
        element("th", text, scope="col", class_="number" if i in right else None)
        for i, text in enumerate(heads)
    )
    table = element(
        "table",
        element("caption", caption) if caption else None,
        element("thead", element("tr", head)),
        element("tbody", (_row(cells[:1], cells[1:], right) for cells in map(list, rows))),
    )
    # Focusable, so that it can be scrolled by keyboard.
    name = caption or ", ".join(heads)
    return element("div", table, class_="scrolls", tabindex="0", role="region", aria_label=name)


def _row(heads: list[Content], cells: list[Content], right: set[int] = frozenset()) -> Element:
    count = len(heads)
    return element(
        "tr",
        (element("th", head, scope="row") for head in heads),
        (
            element("td", cell, class_="number" if i + count in right else None)
            for i, cell in enumerate(cells)
        ),
    )
