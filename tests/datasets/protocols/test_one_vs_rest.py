"""One class against the rest: the digits, preprocessing, errors."""

import numpy as np
import pytest

from kerasocc.datasets import one_vs_rest


def test_preprocessing_of_images_by_name():
    contrast, unit = (one_vs_rest("digits", preprocessing=p) for p in ("contrast", "unit"))
    x = contrast.x_train[:50]
    default = one_vs_rest("digits").preprocessing
    np.testing.assert_array_equal(contrast.preprocessing(x), default(x))
    np.testing.assert_allclose(unit.preprocessing(x), x / 16)


def test_digits():
    data = one_vs_rest("digits", normal_class=8)
    assert data.name == "digits-8"
    assert data.x_train.shape[1:] == (8, 8, 1) and data.x_train.max() == 16.0
    assert not data.truth_train.any() and not data.y_train.any()
    assert len(data.x_test) == pytest.approx(0.4 * 1797, abs=10)
    prepared = np.array(data.preprocessing(data.x_train))
    assert (prepared.min(), prepared.max()) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (3, {}, "a pair of arrays.*Received: int"),
        ((np.zeros((4, 2)), np.zeros(3)), {}, r"Received: shapes \(4, 2\) and \(3,\)"),
        ("digits", dict(normal_class=10), "`normal_class` must be among the classes .*: 10"),
        ("digits", dict(contamination=1.0), r"`contamination` must be in \[0, 1\)"),
        ("digits", dict(contamination=0.95), "`contamination` asks for 2033 anomalies"),
        ("digits", dict(labelled=-1), r"`labelled` must be in \[0, 1\)"),
        ("digits", dict(labelled=0.1, labelled_classes=[11]), "`labelled_classes` must be among"),
        ("digits", dict(labelled=0.1, labelled_classes=[0]), "`labelled_classes` must be among"),
        ("digits", dict(labelled_classes=10), "must be from 1 to the 9 anomalous .*classes=10"),
        ("digits", dict(labelled_classes=0), "`labelled_classes` must be from 1 to the 9 anom"),
        ("digits", dict(labelled_classes=True), "`labelled_classes` must be from 1 to the 9"),
        ("digits", dict(preprocessing="gcn"), r"`preprocessing` must be one of \['contrast', 'u"),
        ("digits", dict(preprocessing="imagenet"), r"needs images of three channels. Rec.*8, 8, 1"),
        (
            (np.arange(8.0).reshape(4, 2), np.array([0, 0, 1, 1])),
            dict(preprocessing="unit"),
            "`preprocessing` is for images alone and must be left out",
        ),
        ("digits", dict(test=0.0), r"`test` must be in \(0, 1\)"),
        ("digits", dict(seed=-1), "`seed` must be an integer of at least 0"),
    ],
)
def test_bad_input(source, options, message):
    with pytest.raises(ValueError, match=message):
        _ = one_vs_rest(source, **options).preprocessing
