"""Figures as parts of a page: colours of the page, text, identifiers."""

import re

import numpy as np

from kerasocc import plots
from kerasocc.experiments.reports.charts import VARIABLES, chart
from kerasocc.experiments.reports.markup import as_text

SCORES = np.concatenate([np.linspace(0, 1, 30), np.linspace(1, 2, 30)])
LABELS = np.repeat([0, 1], 30)


def drawn(name, plot, *arguments, **options):
    return as_text(chart(name, "what it shows", "below", plot, *arguments, **options))


def test_a_chart_has_the_colours_of_the_page_and_no_others():
    text = drawn("h", plots.plot_histogram, SCORES, LABELS, 1.0, interval=(0.9, None), width=4.6)
    styles = " ".join(re.findall(r'style="([^"]*)"', text))
    assert "var(--normal)" in styles and "var(--anomaly)" in styles and "var(--ink)" in styles
    assert not re.findall(r"#[0-9a-f]{6}\b", text)
    assert "#0072b2" in VARIABLES and "#000000" in VARIABLES
    text = drawn("c", plots.plot_rocs, {str(n): (LABELS, SCORES) for n in range(6)})
    assert {f"var(--series-{n})" for n in range(2, 6)} <= set(re.findall(r"var\([\w-]+\)", text))


def test_a_chart_is_an_image_with_a_name_whose_text_is_text():
    text = drawn("h", plots.plot_histogram, SCORES, None, 1.0)
    assert 'role="img" aria-label="what it shows"' in text
    assert "anomaly score</text>" in text and "<figcaption>below</figcaption>" in text
    svg = re.search(r"<svg[^>]*>", text)[0]
    assert "viewBox" in svg and "width" not in svg and "height" not in svg
    assert "<metadata" not in text and "<style" not in text and "ns0:" not in text


def test_identifiers_differ_between_charts_and_are_found():
    texts = [drawn(name, plots.plot_roc, LABELS, SCORES, 1.0) for name in "ab"]
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in texts]
    assert ids[0] and not ids[0] & ids[1]
    for text, known in zip(texts, ids, strict=True):
        used = re.findall(r'(?:href="#|url\(#)([\w-]+)', text)
        assert used and set(used) == known
