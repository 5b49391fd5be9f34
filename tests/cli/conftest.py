"""The data of a user, and runs on them."""

import numpy as np
import pandas
import pytest
from PIL import Image

from kerasocc.cli import main
from tests.cli.helpers import COLUMNS, LABELS, SIDE

SHORT = ["--quiet", "--pretrain-epochs", "1", "--epochs", "2"]


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """The user's data, below a path with blanks and letters that are not ASCII."""
    place = tmp_path_factory.mktemp("own") / "Zoë's data"
    place.mkdir()
    random = np.random.default_rng(0)
    bad = np.arange(120) % 4 == 3
    frame = pandas.DataFrame(random.normal(size=(120, 4)) + 3 * bad[:, None], columns=COLUMNS)
    frame.assign(state=np.where(bad, "bad", "ok")).to_csv(place / "pumps.csv", index=False)
    images = random.integers(0, 256, (80, SIDE, SIDE, 3)).astype("uint8")
    np.savez(place / "signs.npz", images=images, labels=np.arange(80) % 4)
    for number in range(40):
        folder = place / "pets" / ("cat" if number % 2 else "dög")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (20, 24, 3)).astype("uint8")
        Image.fromarray(pixels).save(folder / f"no {number:02}.png")
    return place


def trained(place, name, *arguments):
    out = place.parent / "runs"
    assert main(["train", *SHORT, "--out", str(out), "--name", name, *arguments]) == 0
    return out / name


@pytest.fixture(scope="session")
def pumps(place):
    return trained(place, "pumps", "--dataset", str(place / "pumps.csv"), *LABELS)


@pytest.fixture(scope="session")
def filling(place):
    """A run on the same table that imputes missing values."""
    options = ["--missing", "median", "--optimizer", "sgd", "--hidden", "6,3"]
    return trained(place, "filling", "--dataset", str(place / "pumps.csv"), *LABELS, *options)


@pytest.fixture(scope="session")
def pets(place):
    options = ["--normal-class", "cat", "--image-size", str(SIDE), "--pretrain-epochs", "0"]
    return trained(place, "pets", "--dataset", str(place / "pets"), *options)


@pytest.fixture(scope="session")
def signs(place):
    options = ["--normal-class", "1", "--pretrain-epochs", "0"]
    return trained(place, "signs", "--dataset", str(place / "signs.npz"), *options)


@pytest.fixture
def frame(place):
    return pandas.read_csv(place / "pumps.csv")


@pytest.fixture
def work(tmp_path, monkeypatch):
    """The working directory, with the folder `runs` of the runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
