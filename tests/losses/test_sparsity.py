"""Proximal steps and norms of sparse noise: by hand, and against brute force."""

import keras
import numpy as np
import pytest

from kerasocc.losses.sparsity import (
    feature_squares,
    group_soft_threshold,
    norm_and_nonzero_share,
    sample_norms,
    shrinkage,
    soft_threshold,
)


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_soft_threshold_by_hand():
    z = np.array([-2.0, -0.5, 0.0, 0.4, 0.5, 3.0], "float32")
    np.testing.assert_allclose(value(soft_threshold(z, 0.5)), [-1.5, 0.0, 0.0, 0.0, 0.0, 2.5])
    np.testing.assert_array_equal(value(soft_threshold(z, 0.0)), z)


@pytest.mark.parametrize("lam", [0.0, 0.3, 1.0, 5.0])
def test_soft_threshold_minimises(lam, random):
    z = random.normal(scale=1.5, size=40).astype("float32")
    grid = np.linspace(-6, 6, 12001)
    objective = (z[:, None] - grid) ** 2 + lam * np.abs(grid)
    best = grid[objective.argmin(axis=1)]
    np.testing.assert_allclose(value(soft_threshold(z, lam / 2)), best, atol=2e-3)


def test_group_soft_threshold_by_hand():
    z = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0], [0.0, -2.0]], "float32")
    # Norms 5, 0.5, 0 and 2; a threshold of 1 leaves 4/5, 0, 0 and 1/2 of them.
    expected = [[2.4, 3.2], [0.0, 0.0], [0.0, 0.0], [0.0, -1.0]]
    np.testing.assert_allclose(value(group_soft_threshold(z, 1.0)), expected, rtol=1e-6)
    # Whatever the shape of a sample.
    images = value(group_soft_threshold(z.reshape(4, 1, 2, 1), 1.0))
    np.testing.assert_allclose(images.reshape(4, 2), expected, rtol=1e-6)
    columns = value(group_soft_threshold(z, 1.0, groups="features"))
    factors = 1.0 - 1.0 / np.sqrt([9.0 + 0.09, 16.0 + 0.16 + 4.0])
    np.testing.assert_allclose(columns, z * factors, rtol=1e-6)


@pytest.mark.parametrize("lam", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("groups", ["samples", "features"])
def test_group_soft_threshold_minimises(lam, groups, random):
    z = random.normal(scale=1.2, size=(2, 5)).astype("float32")
    line = np.linspace(-4, 4, 401)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    found = value(group_soft_threshold(z.T if groups == "samples" else z, lam / 2, groups=groups))
    found = found if groups == "samples" else found.T
    for group, result in zip(z.T, found, strict=True):
        objective = ((group - grid) ** 2).sum(axis=1) + lam * np.sqrt((grid**2).sum(axis=1))
        np.testing.assert_allclose(result, grid[objective.argmin()], atol=2e-2)


def test_shrinkage_of_nothing_is_no_nan():
    norms = np.array([0.0, 1.0, 4.0], "float32")
    assert value(shrinkage(norms, 1.0)).tolist() == [0.0, 0.0, 0.75]
    assert value(shrinkage(norms, 0.0)).tolist() == [0.0, 1.0, 1.0]


NOISE = np.array([[3.0, -4.0, 0.0], [0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]], "float32")


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize(
    ("norm", "groups", "expected"),
    [
        ("l1", "samples", (9.0, 3 / 12)),
        ("l1", "features", (9.0, 3 / 12)),
        ("l21", "samples", (5.0 + 2.0, 2 / 4)),
        ("l21", "features", (3.0 + np.sqrt(20.0), 2 / 3)),
    ],
)
def test_norm_and_share_by_hand(norm, groups, expected, size):
    chunks = np.split(NOISE, 4 // size)
    assert norm_and_nonzero_share(chunks, norm=norm, groups=groups) == pytest.approx(expected)
    assert norm_and_nonzero_share(chunks, norm="l1", groups=groups)[0] == 9.0


def test_norms_of_samples_and_features():
    assert sample_norms(NOISE.reshape(4, 3, 1)).tolist() == [5.0, 0.0, 2.0, 0.0]
    assert feature_squares(NOISE).tolist() == [9.0, 20.0, 0.0]
    # A float32 sum of squares would stop growing at 2^24.
    assert feature_squares(np.full((2**24 + 2, 1), 1.0, "float32")).tolist() == [2.0**24 + 2]
