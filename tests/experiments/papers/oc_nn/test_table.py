"""The table of the comparison."""

from pathlib import Path

from kerasocc.experiments.papers.oc_nn.comparison import Outcome
from kerasocc.experiments.papers.oc_nn.page import comparison_page
from kerasocc.experiments.papers.oc_nn.published import CAVEATS, PUBLISHED
from kerasocc.experiments.papers.oc_nn.table import Table


def test_the_table_sets_the_published_figures_beside_ours():
    lines = Table("mnist", ["dcae", "oc-nn"], [0, 7, 8])
    for c, value in ((0, 0.9), (7, 0.8), (8, 0.7)):
        lines.outcomes[c, "oc-nn"] = Outcome(Path("x"), value, 10, None)
    lines.outcomes[0, "dcae"] = Outcome(Path("y"), None, None, "a reason")
    assert lines.head().split() == ["class", "DCAE", "OC-NN", "published", "OC-NN"]
    assert lines.row(0).split() == ["0", "failed", "90.00", "97.6"]
    assert lines.row(7).split()[2:] == ["80.00", "-"]
    assert lines.means().split() == ["mean", "-", "80.00", "93.10"]
    # 7 has no published figure: 90 and 70 against 97.6 and 88.6.
    line, caveat = lines.comparisons()
    assert caveat == CAVEATS["mnist"] and set(CAVEATS) == set(PUBLISHED)
    assert line.endswith("published figure (2): here 80.00, published 93.10")
    assert lines.errors() == ["kerasocc: y failed: a reason"]
    assert len({len(line) for line in (lines.head(), lines.row(0), lines.means())}) == 1
    page = comparison_page(lines, "what <it> is")
    assert '<th scope="row">7</th><td class="number">failed</td>' in page.replace(">-<", ">failed<")
    assert "what &lt;it&gt; is" in page and "y failed: a reason" in page
    assert caveat in page.replace("&amp;", "&") and page.count("<svg") == 1
