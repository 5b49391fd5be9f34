"""HTML as trees: what is escaped, and where text goes."""

from kerasocc.experiments.reports.document import Section, document
from kerasocc.experiments.reports.markup import as_text, data_table, element, rows_table


def test_text_and_attributes_are_no_markup():
    made = element("p", "a < b & ", element("b", "<i>"), ' "c"', title='"><i>', class_="note")
    assert (
        as_text(made)
        == '<p title="&quot;&gt;<i&gt;" class="note">a &lt; b &amp; <b>&lt;i&gt;</b> "c"</p>'
    )


def test_nothing_and_nested_content():
    made = element("p", None, [["a"], None, [element("br"), "b"]], id=None, aria_label="x")
    assert as_text(made) == '<p aria-label="x">a<br>b</p>'
    assert as_text(element("p", "\udce9")) == "<p>?</p>", "UTF-8 has no surrogates"


def test_tables_name_their_rows_and_columns():
    text = as_text(data_table(("a", "b"), [("x", "1"), ("y", None)], numbers=(1,), caption="c"))
    assert '<th scope="col">a</th><th scope="col" class="number">b</th>' in text
    assert '<th scope="row">x</th><td class="number">1</td>' in text
    assert "<caption>c</caption>" in text and 'aria-label="c"' in text and 'tabindex="0"' in text
    assert '<th scope="row">n</th><td>v</td>' in as_text(rows_table({"n": "v"}))


def test_a_document_lists_its_sections_and_leaves_empty_ones_out():
    sections = [
        Section("Scores & more", "a"),
        Section("Nothing", None),
        Section("Empty", []),
        Section("Scores, more", "b"),
    ]
    text = document("T", sections, subtitle="S")
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert '<a href="#scores-more">Scores &amp; more</a>' in text
    assert '<a href="#scores-more-2">Scores, more</a>' in text
    assert '<h2 id="scores-more-2">Scores, more</h2>b</section>' in text
    assert "Nothing" not in text and "Empty" not in text
    assert 'content="width=device-width, initial-scale=1"' in text
    assert "<nav" not in document("T", sections[:1])
