"""Integrated gradients, occlusion and columns, by hand."""

import numpy as np
import pytest

from kerasocc.explanations import (
    integrated_gradients,
    occlude_features,
    occlude_windows,
    top_columns,
)
from kerasocc.explanations.columns import sum_over_columns, typical_row

X = np.array([[1.0, 2.0], [3.0, -1.0]], "float32")


def test_integrated_gradients_of_a_linear_score_are_exact():
    weights = np.array([2.0, -3.0])
    found = integrated_gradients(
        lambda x: np.broadcast_to(weights, x.shape), X, np.array([[1.0, 1.0]]), steps=1
    )
    np.testing.assert_allclose(found, [[0.0, -3.0], [4.0, 6.0]], rtol=1e-6)


def test_integrated_gradients_of_a_product():
    # score = x y, from (0, 0): each gets x y / 2.
    found = integrated_gradients(lambda x: x[:, ::-1], X, np.zeros((1, 2)), steps=1)
    np.testing.assert_allclose(found, [[1.0, 1.0], [-1.5, -1.5]], rtol=1e-6)


@pytest.mark.parametrize("baseline", [np.zeros((1, 2)), X[::-1] - 1])
def test_integrated_gradients_add_up_to_the_difference_of_scores(baseline):
    def score(x):
        return np.exp(x[:, 0] / 2) * x[:, 1] ** 2

    def gradient(x):
        return np.stack([score(x) / 2, 2 * np.exp(x[:, 0] / 2) * x[:, 1]], axis=1)

    found = integrated_gradients(gradient, X, baseline, steps=8)
    expected = score(X) - score(np.broadcast_to(baseline, X.shape))
    np.testing.assert_allclose(found.sum(axis=1), expected, rtol=1e-5)
    assert np.abs(found[:, 0]).min() > 0


def test_occlude_features():
    def score(x):
        return x[:, 0] * x[:, 1] + x[:, 2]

    x = np.array([[2.0, 3.0, 5.0]])
    groups = [np.array([0]), np.array([1, 2])]
    # 11 - 1 * 3 - 5 and 11 - 2 * 1 - 1
    found = occlude_features(score, x, np.ones((1, 3)), groups)
    np.testing.assert_allclose(found, [[3.0, 8.0]])
    assert x.tolist() == [[2.0, 3.0, 5.0]]


def test_occlude_windows():
    image = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 4.0]]).reshape(1, 2, 3, 1)

    def score(x):
        return x.sum(axis=(1, 2, 3))

    # Windows of 2x2 at columns 0 and 1 hold 1 and 4; the middle column is in both.
    found = occlude_windows(score, image, np.zeros((1, 1, 1, 1)), window=2, stride=1)
    np.testing.assert_allclose(found[0, ..., 0], [[1.0, 2.5, 4.0], [1.0, 2.5, 4.0]])
    single = occlude_windows(score, image, np.zeros((1, 1, 1, 1)), window=1, stride=1)
    np.testing.assert_allclose(single, image)


def test_windows_cover_every_pixel():
    image = np.ones((1, 7, 5, 1))
    found = occlude_windows(
        lambda x: x.mean(axis=(1, 2, 3)), image, np.zeros((1, 1, 1, 1)), window=3, stride=3
    )
    assert found.shape == (1, 7, 5, 1)
    np.testing.assert_allclose(found, 9 / 35)


def test_columns():
    contributions = np.array([[1.0, 2.0, 4.0], [-1.0, 0.0, -4.0]])
    groups = [np.array([0, 1]), np.array([2])]
    columns = sum_over_columns(contributions, groups)
    assert columns.tolist() == [[3.0, 4.0], [-1.0, -4.0]]
    assert top_columns(columns, ["a", "b"]) == [[("b", 4.0), ("a", 3.0)], []]
    assert top_columns(columns, ["a", "b"], count=1) == [[("b", 4.0)], []]


def test_a_typical_row():
    values = np.array([[1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [9.0, 0.0, 1.0], [np.nan, 1.0, 0.0]])
    groups = [np.array([0]), np.array([1, 2])]
    # The median of the category would be (0.5, 0), which is none.
    assert typical_row(values, groups).tolist() == [[2.0, 1.0, 0.0]]
    assert np.isnan(typical_row(values * np.nan, groups)).all()
