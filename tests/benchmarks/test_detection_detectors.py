"""The detectors: thresholds, scaling, and the process that fits them."""

import numpy as np
import pytest

from benchmarks.detection.cells import DONE, FAILED, TIMED_OUT, UNSUITABLE, Cell
from benchmarks.detection.peers import PEERS, Peer, PeerDetector, conformal_threshold, standardizer
from benchmarks.detection.problems import Division, Problem
from benchmarks.detection.worker import Worker, measure


def test_conformal_threshold_by_hand():
    scores = np.arange(39.0)[::-1]
    # Of 39 scores one may lie above it at 5 %: (1 + 1) / (39 + 1).
    assert conformal_threshold(scores, 0.05) == 37
    assert conformal_threshold(scores[:19], 0.05) == 38
    # Too few for the rate: the largest score.
    assert conformal_threshold(scores[-5:], 0.05) == 4


def test_conformal_threshold_is_exceeded_at_the_rate(random):
    flagged = []
    for _ in range(4000):
        scores = random.normal(size=40)
        flagged.append(scores[-1] > conformal_threshold(scores[:-1], 0.05))
    # The standard deviation of this mean is 0.0034.
    assert np.mean(flagged) == pytest.approx(0.05, abs=0.012)


def test_columns_of_mean_0_and_deviation_1():
    x = np.array([[1.0, 7.0], [3.0, 7.0]])
    scale = standardizer(x)
    np.testing.assert_array_equal(scale(x), [[-1, 0], [1, 0]])
    np.testing.assert_array_equal(scale(np.array([[4.0, 9.0]])), [[2, 2]])


def test_mean_distance_of_neighbors(random):
    x = random.normal(size=(30, 2))
    detector = PeerDetector(PEERS["neighbors"], 0)
    detector.fit(x)
    scaled = (x - x.mean(0)) / x.std(0)
    expected = np.sort(np.linalg.norm(scaled - np.ones(2), axis=1))[:5].mean()
    new = x.mean(0) + x.std(0)
    assert detector.score(new[None]) == pytest.approx(expected)


def test_a_package_that_is_absent_is_a_reason():
    peer = Peer("none", "no_such_package", "no-such-package", lambda *_: None, lambda *_: None)
    assert peer.why_not() == "the package 'no-such-package' is not installed"
    assert PEERS["neighbors"].why_not() is None


@pytest.fixture
def problem(tmp_path, random):
    """A table of which the anomalies lie far away."""
    x = random.normal(size=(300, 4)).astype("float32")
    y = (np.arange(300) % 10 == 0).astype(int)
    x[y == 1] += 4
    np.savez(tmp_path / "far.npz", X=x, y=y)
    return Problem("far", "tables", str(tmp_path / "far.npz"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "detector",
    [
        "isolation-forest",
        "neighbors",
        "local-outlier-factor",
        "oc-svm",
        "deep-svdd",
        "autoencoder",
    ],
)
def test_detectors_find_anomalies_that_lie_far_away(problem, detector, tmp_path):
    stages = []
    result = measure(Cell(problem, Division(), detector, {}, 0), tmp_path, stages.append)
    assert result["status"] == DONE and stages == ["fitting", "scoring"]
    assert result["auc"] > 0.95 and result["average_precision"] > 0.8
    assert 0 <= result["false_positive_rate"] < 0.25
    assert result["samples"] == {"x_train": 108, "x_calibration": 27, "x_test": 165, "y_test": 165}
    assert result["fit_seconds"] > 0 and result["shape"] == [4]


def test_a_method_for_images_is_unsuitable_for_tables(problem, tmp_path):
    result = measure(
        Cell(problem, Division(), "multi-head-rotnet", {}, 0), tmp_path, lambda _: None
    )
    assert result["status"] == UNSUITABLE and "needs square images" in result["error"]


@pytest.mark.slow
def test_a_process_is_ended_where_a_fit_takes_too_long(problem, tmp_path):
    worker = Worker(tmp_path)
    try:
        slow = Cell(problem, Division(), "isolation-forest", {}, 0, limit=1e-3)
        assert worker.run(slow) == {"status": TIMED_OUT, "stage": "fitting", "seconds": 1e-3}
        usual = Cell(problem, Division(), "isolation-forest", {}, 0)
        assert worker.run(usual)["status"] == DONE
        gone = usual.problem._replace(source=str(tmp_path / "gone.npz"))
        failed = worker.run(Cell(gone, Division(), "isolation-forest", {}, 0))
        assert failed["status"] == FAILED and "FileNotFoundError" in failed["error"]
    finally:
        worker.close()
