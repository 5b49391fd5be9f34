"""Stop signs, and adversarially altered ones as anomalies (Deep SVDD, section 4.3)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets import OneClassDataset
from kerasocc.datasets.boundary_attack import boundary_attack, distances
from kerasocc.datasets.catalog import FOLDER, IMAGE_FILE, resolve
from kerasocc.datasets.preprocessing.recipes import IMAGE_PREPROCESSINGS
from kerasocc.datasets.readers.class_data import load_class_data
from kerasocc.datasets.sample_format import IMAGES, SampleFormat
from kerasocc.experiments.papers.deep_svdd.sign_classifier import train_sign_classifier
from kerasocc.experiments.tables.cell import key_of
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.files import write_bytes

STOP = 14
SIDE = 32
TEST_SHARE = 0.26
"""Share of the tracks of stop signs that are tested with, where there is no official test part:
that of the paper's 780 + 270 images."""
MOST_DRAWS = 20
"""Of noise to begin an attack with."""


class Signs(NamedTuple):
    """Signs of all classes, divided; images are uint8, shape `(samples, 32, 32, 3)`.

    Attributes:
        x_train: What classifiers and detectors may be trained on.
        classes_train: Their classes, shape `(samples,)`.
        x_test: Stop signs to test with.
    """

    x_train: np.ndarray
    classes_train: np.ndarray
    x_test: np.ndarray


def read_signs(source: str, seed: int) -> Signs:
    """Signs of GTSRB from a file of arrays, or from the folders of the data set.

    A file without a test part is divided by its tracks, 30 images of one sign from a car that
    drives past it: images of one track are nearly equal and would otherwise stand on both sides.

    Args:
        source: Name or path: an `.npz` file with `image`, `label` and `source`, the names of the
            original files; or a folder in GTSRB's layout, whose own test part is taken.
        seed: Of the division by tracks.

    Raises:
        FileNotFoundError: If there are no such data.
        ValueError: If the file lacks an array.
    """
    found = resolve(source)
    if found.kind == IMAGE_FILE:
        return _from_file(found.path, seed)
    if found.kind != FOLDER:
        raise FileNotFoundError(
            f"There is neither a file nor a folder of GTSRB's signs called {source!r}."
        )
    loaded = load_class_data(found, image_size=SIDE)
    stop = loaded.find_class("source", STOP)
    train, test = loaded.parts(None, seed)
    x_test = np.asarray(test.x)[test.classes == stop]
    # Numbers of classes are places among their names, which another one may have at `STOP`.
    classes = train.classes.copy()
    classes[train.classes == STOP], classes[train.classes == stop] = stop, STOP
    return Signs(np.asarray(train.x), classes, x_test)


def _from_file(path: Path, seed: int) -> Signs:
    with np.load(path) as file:
        missing = {"image", "label", "source"} - set(file.files)
        if missing:
            raise ValueError(
                f"{path} must hold the arrays `image`, `label` and `source`. Received: one "
                f"without {sorted(missing)}"
            )
        images, labels, names = file["image"], file["label"], file["source"]
    tracks = np.array([re.sub(r"_\d+\.\w+$", "", str(name)) for name in names])
    of_stop = np.unique(tracks[labels == STOP])
    count = max(1, round(TEST_SHARE * len(of_stop)))
    tested = np.random.default_rng([seed, 0]).choice(of_stop, count, replace=False)
    is_test = np.isin(tracks, tested)
    return Signs(images[~is_test], labels[~is_test], images[is_test])


def stop_signs(
    store: CellStore, settings: Mapping[str, Any], path: str
) -> tuple[OneClassDataset, dict[str, float]]:
    """The problem, and what the attack has done; what was made before is read from the store.

    Args:
        store: Where it is kept, by its settings; another process may be making it.
        settings: `signs`, the name of the data, `seed`, `adversarial` (how many altered signs),
            `attack_steps` and `classifier_epochs`.
        path: Of the data.

    Returns:
        The data set, and `classifier_accuracy` (of the stop signs that are tested with) and
        `distance` (root mean square change of a pixel, in [0, 1]).

    Raises:
        FileNotFoundError: If the signs are not there.
    """
    signs = read_signs(path, settings["seed"])
    name = f"stop-signs-{key_of(settings)}"
    file = store.folder / "data" / f"{name}.npz"
    with store.claimed(name, wait=True):
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            content = io.BytesIO()
            np.savez_compressed(content, **_attack(signs, settings))
            write_bytes(file, content.getbuffer())
    with np.load(file) as made:
        adversarial = made["adversarial"]
        facts = {n: round(float(made[n]), 5) for n in ("classifier_accuracy", "distance")}
    return _as_problem(signs, adversarial), facts


def _attack(signs: Signs, settings: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Train a classifier, and alter test signs until it takes them for something else."""
    seed = settings["seed"]
    predict = train_sign_classifier(
        signs.x_train, signs.classes_train, epochs=settings["classifier_epochs"], seed=seed
    )
    generator = np.random.default_rng([seed, 1])
    pixels = signs.x_test.astype("float32") / 255
    known = np.flatnonzero(predict(pixels) == STOP)
    count = min(settings["adversarial"], len(known))
    if not count:
        raise FloatingPointError("The classifier of the attack knows none of the stop signs.")
    originals = pixels[generator.choice(known, count, replace=False)]
    others = signs.x_train[signs.classes_train != STOP].astype("float32") / 255
    starts = _starts(predict, others[predict(others) != STOP], count, generator)
    found = boundary_attack(
        lambda images: predict(images) != STOP,
        originals,
        starts,
        steps=settings["attack_steps"],
        seed=seed,
    )
    rms = distances(found, originals) / np.sqrt(np.prod(found.shape[1:]))
    return {
        "adversarial": found,
        "classifier_accuracy": np.array(len(known) / len(pixels)),
        "distance": np.array(rms.mean()),
    }


def _starts(
    predict: Callable[[np.ndarray], np.ndarray],
    others: np.ndarray,
    count: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Images of uniform noise that are taken for something else than a stop sign.

    Other signs take the place of noise that the classifier takes for stop signs again and again.
    """
    starts = generator.uniform(size=(count, *others.shape[1:])).astype("float32")
    for _ in range(MOST_DRAWS):
        wrong = predict(starts) == STOP
        if not wrong.any():
            return starts
        starts[wrong] = generator.uniform(size=(wrong.sum(), *others.shape[1:]))
    wrong = predict(starts) == STOP
    starts[wrong] = others[generator.choice(len(others), wrong.sum())]
    return starts


def _as_problem(signs: Signs, adversarial: np.ndarray) -> OneClassDataset:
    x_train = signs.x_train[signs.classes_train == STOP]
    # Floats: rounded to bytes, an image may be on the other side of the boundary.
    x_test = np.concatenate([signs.x_test.astype("float32"), 255 * adversarial])
    nothing = np.zeros(0, "int8")
    return OneClassDataset(
        name="stop-signs",
        x_train=x_train,
        y_train=np.zeros(len(x_train), "int8"),
        truth_train=np.zeros(len(x_train), "int8"),
        x_val=x_train[:0],
        y_val=nothing,
        x_test=x_test,
        y_test=np.repeat([0, 1], [len(signs.x_test), len(adversarial)]).astype("int8"),
        sample_format=SampleFormat(kind=IMAGES, shape=x_train.shape[1:], resized=False),
        make_preprocessing=IMAGE_PREPROCESSINGS["unit"],
        preprocessing_named=IMAGE_PREPROCESSINGS.__getitem__,
    )
