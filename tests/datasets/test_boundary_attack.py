"""Boundary attack: its steps by hand, and the distance to boundaries that are known."""

import numpy as np
import pytest

from kerasocc.datasets.boundary_attack import adapted, boundary_attack, distances, orthogonal_step


def test_the_orthogonal_step_by_hand():
    # On the circle of radius 2 around (1, 1), a step of 0.75 radii straight up from its right.
    found = orthogonal_step(
        np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]]), np.array([[5.0, 7.0]]), np.array([0.75])
    )
    # (2, 1.5) has length 2.5, on the circle it is (1.6, 1.2).
    np.testing.assert_allclose(found, [[2.6, 2.2]], rtol=1e-6)


def test_the_orthogonal_step_stays_on_the_sphere(random):
    originals, current, noise = random.normal(size=(3, 6, 4, 4, 2)).astype("float32")
    found = orthogonal_step(current, originals, noise, np.linspace(0.01, 0.5, 6))
    np.testing.assert_allclose(
        distances(found, originals), distances(current, originals), rtol=1e-5
    )
    moved = distances(found, current)
    assert (np.diff(moved / distances(current, originals)) > 0).all()


def test_sizes_follow_the_shares():
    sizes = np.array([[0.1, 0.1, 0.5], [0.1, 0.1, 0.1]])
    shares = np.array([[0.5, 0.0, 1.0], [0.25, 1.0, 0.0]])
    expected = [[0.1, 0.1 * np.exp(-0.5), 0.5], [0.1, 0.1 * np.exp(0.75), 0.1 * np.exp(-0.25)]]
    np.testing.assert_allclose(adapted(sizes, shares), expected)


def test_it_finds_the_nearest_point_of_a_plane(random):
    normal = random.normal(size=(8, 8)).astype("float32")
    normal /= np.linalg.norm(normal)

    def beyond(images):
        return ((images - 0.5) * normal).sum(axis=(1, 2)) > 0.3

    originals = np.full((5, 8, 8), 0.5, "float32")
    starts = np.clip(originals + 0.9 * normal + random.normal(0, 0.2, (5, 8, 8)), 0, 1)
    starts = starts[beyond(starts)]
    originals = originals[: len(starts)]
    asked = []

    def is_adversarial(images):
        asked.append(len(images))
        return beyond(images)

    found = boundary_attack(is_adversarial, originals, starts, steps=1500)
    assert found.dtype == np.float32 and beyond(found).all()
    assert found.min() >= 0 and found.max() <= 1
    # No point beyond the plane is nearer than 0.3.
    assert (distances(found, originals) > 0.3).all()
    np.testing.assert_allclose(distances(found, originals), 0.3, rtol=0.03)
    assert max(asked) == 2 * len(starts) and len(asked) == 1 + 10 + 1500


def test_more_steps_come_nearer_and_a_seed_repeats_them(random):
    center = random.uniform(0.3, 0.7, size=(6, 6)).astype("float32")

    def outside(images):
        return np.abs(images - center).max(axis=(1, 2)) > 0.1

    originals = np.repeat(center[None], 3, axis=0)
    starts = random.uniform(size=(3, 6, 6)).astype("float32")
    lengths = [0, 100, 800]
    found = [boundary_attack(outside, originals, starts, steps=n) for n in lengths]
    means = [distances(images, originals).mean() for images in found]
    assert means[0] > 1.5 * means[1] and means[1] > means[2] >= 0.1
    again = boundary_attack(outside, originals, starts, steps=100)
    np.testing.assert_array_equal(found[1], again)
    other = boundary_attack(outside, originals, starts, steps=100, seed=1)
    assert not np.array_equal(found[1], other)


def test_what_is_refused():
    images = np.zeros((3, 2, 2), "float32")
    with pytest.raises(ValueError, match=r"`starts` must have the shape of `originals`, \(3, 2, 2"):
        boundary_attack(lambda x: np.ones(len(x), bool), images, images[:2])
    with pytest.raises(ValueError, match="Received: 2 that are not, the first at index 1"):
        boundary_attack(lambda x: np.arange(len(x)) < 1, images, images)
