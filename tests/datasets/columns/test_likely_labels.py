"""Columns that look like labels."""

import numpy as np
import pytest

from kerasocc.datasets.columns.likely_labels import find_likely_label, has_name_of_labels
from kerasocc.datasets.columns.named_columns import named_columns

LABELS = {
    "words": ("state", ["normal", "anomaly", "normal"], "normal"),
    "words in other cases": ("quality", ["Good", "BAD", "Good"], "Good"),
    "many anomalies": ("kind", ["neptune", "smurf", "normal.", "attack"], "normal."),
    "by the name": ("attack_kind", ["neptune", "smurf", "normal"], "normal"),
    "numbers": ("is_fraud", [0, 1, 0], "0"),
    "booleans": ("isFraud", [False, True, False], "0"),
    "yes": ("Machine failure", ["no", "yes", "no"], "no"),
    "normal": ("is_normal", ["True", "False", "True"], "True"),
    "abnormal": ("abnormal", ["Y", "N", "N"], "N"),
}
FEATURES = {
    "levels": ("priority", ["low", "normal", "high"]),
    "booleans": ("smoker", ["yes", "no", "no"]),
    "numbers": ("valve", [0, 1, 0]),
    "a count": ("num_failed_logins", [0, 1, 0]),
    "more numbers": ("failures", [0, 1, 2]),
    "one value": ("state", ["normal"] * 3),
    "default": ("is_default", [0, 1, 0]),
    "a missing word": ("quality", ["good", None, "good"]),
    "dates": ("failed_at", np.array(["2024-01-01", "2024-01-02", "NaT"], "datetime64[s]")),
    "names": ("fault", [f"normal {i}" for i in range(60)]),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels(case):
    name, values, normal = LABELS[case]
    other = np.arange(float(len(values)))
    found = find_likely_label(named_columns({"x": other, name: values}))
    assert (found.name, found.normal) == (name, normal)
    assert sum(found.counts.values()) == len(values) and normal in found.counts


@pytest.mark.parametrize("case", FEATURES)
def test_features(case):
    name, values = FEATURES[case]
    assert find_likely_label(named_columns({name: values})) is None


def test_names():
    named = ["is_fraud", "FraudFound", "machine-failure", "Outlier?", "label_2", "ABNORMAL"]
    assert all(map(has_name_of_labels, named))
    assert not any(map(has_name_of_labels, ["default", "count_of_failures", "amount", ""]))
