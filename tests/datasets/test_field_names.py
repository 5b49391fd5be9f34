"""Names of arrays and columns."""

from pathlib import Path

import pytest

from kerasocc.datasets.field_names import LABEL_NAMES, SAMPLE_NAMES, find_label_name, find_name

PATH = Path("t.npz")


def test_the_case_does_not_matter():
    assert find_name("samples", SAMPLE_NAMES, ["y", "X", "data"], PATH) == "X"
    assert find_label_name(None, ["X", "Outlier"], PATH) == "Outlier"
    assert find_label_name("Fraud", ["label", "fraud"], PATH) == "fraud"


def test_errors_list_what_there_is():
    with pytest.raises(ValueError, match=r"must have samples called one of .* \['a', 'b'\]$"):
        find_name("samples", SAMPLE_NAMES, ["a", "__header__", "b"], PATH)
    with pytest.raises(ValueError, match="'is_anomaly'], or `label` must name them. Received"):
        find_name("labels", LABEL_NAMES, ["a"], PATH)
    with pytest.raises(ValueError, match=r"called one of \['fraud'\]. Received: \['a'\]"):
        find_label_name("fraud", ["a"], PATH)
