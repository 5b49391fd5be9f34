"""The alteration protocol: images are normal, altered copies of them are anomalies."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.datasets.alterations import draw_strokes, permute_blocks
from kerasocc.datasets.catalog import resolve
from kerasocc.datasets.pool import stratified_split
from kerasocc.datasets.preprocessing.recipes import IMAGE_PREPROCESSINGS
from kerasocc.datasets.protocols.anomaly_drawing import count_for_fraction
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.readers.class_data import load_class_data
from kerasocc.datasets.sample_format import IMAGES, SampleFormat
from kerasocc.datasets.storage.rows import Rows, chunks, rows_at_once
from kerasocc.datasets.storage.spooling import spool

KINDS = ("blocks", "strokes")


def altered(
    source: Any,
    *,
    kind: str,
    amount: int,
    labelled: float = 0.0,
    labelled_kind: str | None = None,
    labelled_amount: int | None = None,
    validation: float = 0.2,
    test: float | None = None,
    preprocessing: str = "contrast",
    seed: int = 0,
    image_size: int | tuple[int, int] | None = None,
    unreadable: str = "error",
    data_dir: str | os.PathLike | None = None,
) -> OneClassDataset:
    """Make a one-class problem of images and altered copies of them.

    The images of all classes are normal. The validation and the test part also hold an
    altered copy of every image, an anomaly; CIFAR-10 gives 40,000 training, 20,000
    validation and 20,000 test samples.

    Args:
        source: See `one_vs_rest`. Classes are ignored; of VOC2012 the images of
            `ImageSets/Main/train.txt` and `val.txt` are used.
        kind: `"blocks"` (permuted) or `"strokes"` (drawn over).
        amount: Blocks per side, or thickness of the strokes in pixels.
        labelled: Fraction of labelled anomalies in the training samples, in [0, 1):
            altered copies of training images are added (0.1 in the paper).
        labelled_kind: Their kind; default `kind`.
        labelled_amount: Their amount; default `amount`.
        validation: Fraction of the training part held out for validation, in [0, 1).
        test: Fraction of the test part of data without an official one, default 0.4.
        preprocessing: See `one_vs_rest`.
        seed: Seed of the split and of the alterations.
        image_size: See `one_vs_rest`.
        unreadable: See `one_vs_rest`.
        data_dir: See `one_vs_rest`.

    Returns:
        The data set; `y_train` is 0 for natural and -1 for labelled altered images.

    Raises:
        ValueError: If the source does not hold images, or an argument is invalid.
        OSError: If it cannot be read or downloaded.

    Example:
        >>> data = kerasocc.datasets.altered("cifar10", kind="strokes", amount=1)

    Reference:
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, section V-A.
    """
    alter = _alteration(kind, amount)
    labelled = check_fraction("labelled", labelled, zero=True)
    alter_labelled = _alteration(labelled_kind or kind, labelled_amount or amount)
    check_fraction("validation", validation, zero=True)
    check_choice("preprocessing", preprocessing, IMAGE_PREPROCESSINGS)
    check_integer("seed", seed, minimum=0)
    if isinstance(source, (str, os.PathLike)):
        source = resolve(source, data_dir)
    loaded = load_class_data(
        source, by_class=False, image_size=image_size, unreadable=unreadable, data_dir=data_dir
    )
    train, test_part = loaded.parts(test, seed)
    if train.x.ndim != 4:
        raise ValueError(f"`source` must hold images. Received: samples of {train.x.shape[1:]}")
    train, held_out = stratified_split(train, validation, np.random.default_rng([seed, 2]))
    count = count_for_fraction(len(train.x), labelled)
    chosen = np.random.default_rng([seed, 3]).choice(len(train.x), count, replace=False)
    x_train, truth = _with_altered(train.x, alter_labelled, seed, 3, train.x[np.sort(chosen)])
    x_val, y_val = _with_altered(held_out.x, alter, seed, 4)
    x_test, y_test = _with_altered(test_part.x, alter, seed, 5)
    return OneClassDataset(
        name=f"{loaded.name}-{kind}-{amount}",
        x_train=x_train,
        y_train=-truth,
        truth_train=truth,
        x_val=x_val,
        y_val=y_val,
        x_test=x_test,
        y_test=y_test,
        sample_format=SampleFormat(
            kind=IMAGES, shape=tuple(x_train.shape[1:]), resized=loaded.resized
        ),
        make_preprocessing=IMAGE_PREPROCESSINGS[preprocessing],
        preprocessing_named=IMAGE_PREPROCESSINGS.__getitem__,
    )


def _alteration(kind: str, amount: int) -> Callable[..., np.ndarray]:
    check_choice("kind", kind, KINDS)
    check_integer("amount", amount, minimum=1)
    if kind == "blocks":
        return lambda images, **options: permute_blocks(images, blocks=amount, **options)
    return lambda images, **options: draw_strokes(images, thickness=amount, **options)


def _with_altered(
    x: Any, alter: Callable[..., np.ndarray], seed: int, part: int, originals: Any = None
) -> tuple[np.ndarray | Rows, np.ndarray]:
    """Append altered images to natural ones.

    Args:
        x: Natural images.
        alter: Alters a batch of images.
        seed: Seed of the data set.
        part: Number of the part; parts are altered with different seeds.
        originals: Images to alter, default all.

    Returns:
        Natural images followed by altered ones, and their labels 0 and 1.
    """
    originals = x if originals is None else originals
    size = rows_at_once(x.shape[1:])
    part_seed = int(np.random.SeedSequence([seed, part]).generate_state(1)[0])

    def batches():
        yield from chunks(x, size)
        start = 0
        for images in chunks(originals, size):
            yield alter(images, seed=part_seed, indices=range(start, start + len(images)))
            start += len(images)

    labels = np.repeat([0, 1], [len(x), len(originals)]).astype("int8")
    return (spool(batches()) if len(x) else x), labels
