"""A page of a report: one file that needs no other, readable in light and dark, on any screen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from kerasocc.experiments.reports.markup import Content, as_text, element
from kerasocc.experiments.reports.stylesheet import STYLE


class Section(NamedTuple):
    """A part of a page.

    Attributes:
        title: Its heading, which the list of contents shows too.
        content: What is in it.
    """

    title: str
    content: Content


def document(
    title: str,
    sections: Iterable[Section],
    *,
    subtitle: str | None = None,
    opening: Content = None,
) -> str:
    """The text of a page.

    Args:
        title: Its heading.
        sections: Its parts; those without content are left out.
        subtitle: What stands below the heading.
        opening: What stands before the list of contents.
    """
    shown = [section for section in sections if section.content not in (None, "", [], ())]
    names = _names([section.title for section in shown])
    contents = element(
        "ul",
        (
            element("li", element("a", section.title, href=f"#{name}"))
            for section, name in zip(shown, names, strict=True)
        ),
    )
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("title", title),
            # A page that is mailed has no other file: not even an icon is to be asked for.
            element("link", rel="icon", href="data:,"),
            element("style", STYLE),
        ),
        element(
            "body",
            element(
                "header",
                element("h1", title),
                element("p", subtitle, class_="subtitle") if subtitle else None,
            ),
            element(
                "main",
                opening,
                element("nav", contents, aria_label="Contents") if len(shown) > 1 else None,
                (
                    element("section", element("h2", section.title, id=name), section.content)
                    for section, name in zip(shown, names, strict=True)
                ),
            ),
        ),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{as_text(page)}\n"


def _names(titles: list[str]) -> list[str]:
    """Identifiers of sections, which differ."""
    found: list[str] = []
    for title in titles:
        name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        taken = sum(1 for other in found if re.fullmatch(rf"{re.escape(name)}(-\d+)?", other))
        found.append(f"{name}-{taken + 1}" if taken else name)
    return found


def note(*content: Content) -> Content:
    """A paragraph that the reader must not miss."""
    return element("p", *content, class_="note")
