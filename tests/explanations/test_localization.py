"""Pixel AUC and AUPRO, by hand and against the definition."""

import numpy as np
import pytest
from scipy import ndimage

from kerasocc.explanations import aupro, pixel_auc

MASK = np.array([[[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]])


def maps(*positions):
    """A map that is 1 at these pixels of one image of 4x4."""
    found = np.zeros((1, 4, 4))
    for row, column in positions:
        found[0, row, column] = 1.0
    return found


def test_perfect_maps():
    assert pixel_auc(MASK, MASK) == aupro(MASK, MASK) == 1.0
    assert pixel_auc(MASK, -MASK) == aupro(MASK, -MASK) == 0.0


def test_maps_that_know_nothing():
    flat = np.ones(MASK.shape)
    assert pixel_auc(MASK, flat) == 0.5
    assert aupro(MASK, flat) == pytest.approx(0.15)
    assert aupro(MASK, flat, max_fpr=1.0) == pytest.approx(0.5)


def test_a_small_region_counts_as_much_as_a_large_one():
    # The large region alone is found: the overlap is 1/2 at rate 0, and grows along a straight
    # line to 1 at rate 1: 1/2 + 0.3 / 4 on average up to 0.3.
    assert aupro(MASK, maps((0, 0), (0, 1))) == pytest.approx(0.575)
    assert aupro(MASK, maps((2, 3))) == pytest.approx(0.575)
    # Half of the large one: 1/4, then three quarters of the way.
    assert aupro(MASK, maps((0, 0))) == pytest.approx(0.25 + 0.75 * 0.15)


def test_false_positives():
    # One of 13 normal pixels first, then all defects: 0 up to a rate of 1/13, then 1.
    heat_map = maps((3, 0)) * 2 + MASK
    assert aupro(MASK, heat_map) == pytest.approx(1 - 1 / 13 / 0.3)
    assert pixel_auc(MASK, heat_map) == pytest.approx(12 / 13)


def test_neighbours_at_corners_are_one_region():
    mask = maps((0, 0), (1, 1), (3, 3))
    assert aupro(mask, maps((3, 3)), max_fpr=0.01) == pytest.approx(0.5, abs=0.01)


def test_normal_images_count_as_false_positives():
    masks, heat_maps = np.concatenate([MASK, MASK * 0]), np.concatenate([MASK, MASK * 0 + 2.0])
    assert aupro(masks, heat_maps) == 0.0


def test_against_the_definition(random):
    masks = ndimage.gaussian_filter(random.normal(size=(3, 20, 20)), (0, 2, 2)) > 0.12
    heat_maps = np.round(masks + random.normal(size=masks.shape), 1)
    rates, overlaps = [0.0], [0.0]
    labelled = [ndimage.label(mask, np.ones((3, 3)))[0] for mask in masks]
    regions = [
        (labels == number, heat_map)
        for labels, heat_map in zip(labelled, heat_maps, strict=True)
        for number in range(1, labels.max() + 1)
    ]
    assert len(regions) > 5
    for threshold in np.unique(heat_maps)[::-1]:
        rates.append((heat_maps[~masks] >= threshold).mean())
        overlaps.append(np.mean([(h[region] >= threshold).mean() for region, h in regions]))
    grid = np.linspace(0, 0.3, 100_001)
    expected = np.trapezoid(np.interp(grid, rates, overlaps), grid) / 0.3
    assert aupro(masks, heat_maps) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("metric", [pixel_auc, aupro])
def test_errors(metric):
    with pytest.raises(ValueError, match=r"one shape .*\(1, 4, 4\) and \(1, 4, 3\)"):
        metric(MASK, np.zeros((1, 4, 3)))
    with pytest.raises(ValueError, match="all of them are normal"):
        metric(MASK * 0, MASK)
    with pytest.raises(ValueError, match="all of them are anomalous"):
        metric(MASK * 0 + 1, MASK)
    with pytest.raises(ValueError, match="must be finite"):
        metric(MASK, MASK * np.nan)
    assert metric(MASK[..., None], MASK[..., None]) == 1.0


@pytest.mark.parametrize("rate", [0.0, 1.5])
def test_the_rate_is_checked(rate):
    with pytest.raises(ValueError, match=r"`max_fpr` must be in \(0, 1\]"):
        aupro(MASK, MASK, max_fpr=rate)
