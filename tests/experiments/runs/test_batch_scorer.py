"""Scores of batches of columns, for engines that run on many machines."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

import kerasocc

DOCS = Path(__file__).parents[3] / "docs" / "batch_scoring.md"
ROWS = 12_000
NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    x = np.random.default_rng(0).normal(size=(400, 3)).astype("float32")
    encoder = kerasocc.networks.mlp([3, 4, 2], seed=0)
    model = kerasocc.DeepSVDD(encoder, seed=0)
    model.compile("adam")
    model.fit(pandas.DataFrame(x, columns=NAMES), epochs=1, verbose=0)
    model.calibrate(pandas.DataFrame(x, columns=NAMES), fpr=0.1)
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


@pytest.fixture
def batch():
    x = np.random.default_rng(1).normal(size=(20, 3))
    return {"id": np.arange(20), **dict(zip("cab", x.T, strict=True)), "note": np.array(["-"] * 20)}


def test_scores_are_those_of_the_model(model_file, batch):
    model = kerasocc.load_model(model_file)
    x = np.stack([batch[name] for name in NAMES], axis=1)
    found = kerasocc.BatchScorer(model_file, with_p_values=True)(batch)
    assert list(found) == ["id", "c", "a", "b", "note", "score", "p_value", "is_anomaly"]
    np.testing.assert_array_equal(found["score"], model.score(x))
    np.testing.assert_array_equal(found["p_value"], model.p_values(x))
    np.testing.assert_array_equal(found["is_anomaly"], model.is_anomaly(x))
    assert 0 < found["is_anomaly"].sum() < 20
    kept = kerasocc.BatchScorer(model_file, keep=["id"])
    assert list(kept(batch)) == ["id", "score", "is_anomaly"]
    empty = kept({name: values[:0] for name, values in batch.items()})
    assert {name: len(values) for name, values in empty.items()} == dict(
        id=0, score=0, is_anomaly=0
    )


def test_rows_that_cannot_be_scored(model_file, batch):
    good = kerasocc.BatchScorer(model_file)(batch)["score"]
    batch["b"][[3, 7]] = np.nan, 1e300
    with pytest.raises(ValueError, match="Received: nan in row 3 of a batch, column 'b'. Score"):
        kerasocc.BatchScorer(model_file)(batch)
    found = kerasocc.BatchScorer(model_file, bad_rows="flag")(batch)
    bad = np.isin(np.arange(20), [3, 7])
    assert np.isnan(found["score"][bad]).all() and found["is_anomaly"][bad].all()
    np.testing.assert_allclose(found["score"][~bad], good[~bad], rtol=1e-5)


def test_batches_that_do_not_fit_are_refused(model_file, batch):
    scorer = kerasocc.BatchScorer(model_file)
    with pytest.raises(ValueError, match=r"Received: no column \['b'\] among \['a', 'c'\]"):
        scorer({"a": batch["a"], "c": batch["c"]})
    with pytest.raises(ValueError, match=r"must not have columns called \['score'\]"):
        scorer({**batch, "score": batch["a"]})
    with pytest.raises(ValueError, match="must hold numbers. Received: object in column 'a'"):
        scorer({**batch, "a": batch["note"]})
    with pytest.raises(ValueError, match="`columns` must name the 3 columns that the model takes"):
        kerasocc.BatchScorer(model_file, columns=["a"])
    with pytest.raises(FileNotFoundError, match="There is no model file"):
        kerasocc.BatchScorer(model_file.with_name("absent.keras"))


@pytest.fixture
def place(model_file, tmp_path):
    """A folder in which the lines of the documentation run."""
    (tmp_path / "new").mkdir()
    (tmp_path / "runs" / "pumps").mkdir(parents=True)
    (tmp_path / "runs" / "pumps" / "model.keras").write_bytes(model_file.read_bytes())
    x = np.random.default_rng(2).normal(size=(ROWS, 3))
    frame = pandas.DataFrame(x, columns=NAMES).assign(id=np.arange(ROWS))
    for number in range(4):
        frame[number::4].to_parquet(tmp_path / "new" / f"{number}.parquet", index=False)
    return tmp_path


def lines_of_docs(first):
    """The lines that begin with a certain one."""
    blocks = re.findall(r"^```python\n(.*?)^```", DOCS.read_text("utf-8"), re.M | re.S)
    return next(block for block in blocks if block.startswith(first))


def run(code, place):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr[-3000:]


def check_scores(place):
    """Every row is there once, with the score that the model gives it."""
    found = pandas.concat([pandas.read_parquet(path) for path in (place / "scores").iterdir()])
    assert list(found.columns) == ["id", "score", "is_anomaly"]
    assert sorted(found.id) == list(range(ROWS))
    rows = pandas.concat([pandas.read_parquet(path) for path in (place / "new").iterdir()])
    model = kerasocc.load_model(place / "runs" / "pumps" / "model.keras")
    expected = model.score(rows.sort_values("id")[NAMES].to_numpy())
    np.testing.assert_allclose(found.sort_values("id").score, expected, rtol=1e-5)


def needs(package):
    absent = importlib.util.find_spec(package) is None
    return pytest.mark.skipif(absent, reason=f"{package} is not installed")


DYING = """
import os, signal

class Dying(kerasocc.BatchScorer):
    def __call__(self, batch):
        scored = super().__call__(batch)
        if 6001 in batch["id"] and not os.path.exists(FOLDER + "/killed"):
            open(FOLDER + "/killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return scored

ray.init(num_cpus=2, include_dashboard=False)
"""


@pytest.mark.slow
@needs("ray")
def test_ray_has_every_row_once_after_a_worker_was_killed(place):
    code = lines_of_docs("import ray")
    code = code.replace("rows = ", f"FOLDER = {str(place)!r}\n{DYING}\nrows = ", 1)
    code = code.replace('keep=["id"]', 'keep=["id"], scorer=Dying, batch_size=1000')
    run(code, place)
    assert (place / "killed").exists()
    check_scores(place)


@pytest.mark.slow
@needs("apache_beam")
def test_beam_has_every_row_once(place):
    # Classes of the main module are not known to the workers of Beam.
    (place / "scoring.py").write_text(lines_of_docs("import apache_beam"))
    run("import scoring", place)
    check_scores(place)


def test_without_ray_the_extra_is_named(model_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"install it with `pip install 'kerasocc\[ray\]'`"):
        kerasocc.score_with_ray(None, model_file)
