"""One class is normal, the others are anomalies."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerasocc.checks import check_choice, check_integer
from kerasocc.datasets.catalog import IMAGE_SET, RESERVED, DataSource, resolve
from kerasocc.datasets.pool import PARTS
from kerasocc.datasets.preprocessing.recipes import IMAGE_PREPROCESSINGS, min_max
from kerasocc.datasets.protocols.given_parts import GivenParts, refuse_normal_class
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.protocols.one_class_split import one_class_split
from kerasocc.datasets.readers.class_data import ClassData, load_class_data, refuse_test
from kerasocc.datasets.sample_format import ARRAYS, IMAGES, SampleFormat


def one_vs_rest(
    source: Any,
    *,
    normal_class: Any = None,
    contamination: float = 0.0,
    labelled: float = 0.0,
    labelled_classes: int | Sequence[Any] | None = None,
    validation: float | None = 0.0,
    test: float | None = None,
    validation_data: Any = None,
    test_data: Any = None,
    preprocessing: str | None = None,
    seed: int = 0,
    image_size: int | tuple[int, int] | None = None,
    unreadable: str = "error",
    data_dir: str | os.PathLike | None = None,
) -> OneClassDataset:
    """Make a one-class problem of a data set with classes: one is normal.

    Labels are used where there are any: without them all samples are taken for normal.

    Data that do not fit into memory are read from disk on demand: the parts are then
    `Rows` instead of arrays.

    Args:
        source: One of

            - `"digits"`: the 8x8 digits that come with scikit-learn;
            - a folder of images, or the name of one below `KERASOCC_DATA_DIR`: a
              folder per class, images without one, or the layouts of MVTec-AD, GTSRB and
              VOC2012 (see `image_folders`);
            - the name of an image set of tensorflow-datasets (`"mnist"`,
              `"fashion_mnist"`, `"cifar10"`, ...);
            - the path of an `.npz` file with images, and labels if there are any;
            - arrays `(x, classes)` of shapes `(samples, ...)` and `(samples,)`, or `x`
              alone;
            - a `tf.data.Dataset` or `PyDataset` of pairs `(x, class)`, read once;
            - a `catalog.DataSource`, a name or path that is resolved already.
        normal_class: The normal class, its number or its name. Default the one called
            `"good"` or `"normal"`, or the only class of the training part, else class 0.
        contamination: Fraction of hidden anomalies in the unlabelled training
            samples, in [0, 1); they are added to the normal ones.
        labelled: Fraction of labelled anomalies in the training samples, in [0, 1).
        labelled_classes: Classes of the labelled anomalies: their names or numbers, or
            the number of classes to draw; default all.
        validation: Fraction of the training part that is held out for validation,
            anomalies included, in [0, 1). Must be 0 or None for a folder with a
            validation part; None takes 0.2 where there is no such part.
        test: Fraction of the samples in the test part, in (0, 1); default 0.4, 0.2 where
            there are normal samples only. Must be None for a set with an official test part.
        validation_data: Validation part in place of another: a folder or an image file, an
            `.npz` file, an array `x` or arrays `(x, labels)`. Samples that are not in
            folders of classes, or without labels, are taken for normal.
        test_data: Test part, in the same forms.
        preprocessing: Preprocessing of images: `"contrast"`, the default, as in Deep
            SVDD (contrast normalisation, then [0, 1]); `"unit"` as in Deep SAD
            ([0, 1]); `"imagenet"` for weights trained on ImageNet. Other data are
            scaled to [0, 1] per column.
        seed: Seed of all draws.
        image_size: Side, or `(height, width)`, to which images of a folder or from
            tensorflow-datasets are resized; None if all have one size.
        unreadable: What to do about unreadable image files: `"error"`, or `"skip"` with
            a warning.
        data_dir: Folder of the data; default the variable `KERASOCC_DATA_DIR` or, for
            tensorflow-datasets, `TFDS_DATA_DIR`.

    Returns:
        The data set: raw samples and a `preprocessing` layer.

    Raises:
        ValueError: For unknown names and classes, fractions out of range, too few
            anomalies, and unreadable files.
        OSError: If a set can be neither found nor downloaded.

    Example:
        >>> data = kerasocc.datasets.one_vs_rest("digits", normal_class=3)
        >>> model = kerasocc.DeepSVDD(encoder, preprocessing=data.preprocessing)
    """
    check_integer("seed", seed, minimum=0)
    check_choice("unreadable", unreadable, ["error", "skip"])
    if preprocessing is not None:
        check_choice("preprocessing", preprocessing, IMAGE_PREPROCESSINGS)
    if isinstance(source, (str, os.PathLike)):
        source = resolve(source, data_dir)
    if isinstance(source, DataSource) and source.kind == IMAGE_SET and source.name in RESERVED:
        refuse_test(source.name, test)  # before anything is downloaded
    given = GivenParts(validation_data, test_data)
    given.check(validation, test)
    loaded = load_class_data(
        source,
        normal_class=normal_class,
        image_size=image_size,
        unreadable=unreadable,
        data_dir=data_dir,
    )
    normal = loaded.default_normal if normal_class is None else normal_class
    if "train" in loaded.unlabelled and not loaded.class_names:
        if not given.any():
            refuse_normal_class(loaded.name, normal_class)
        number = 0
    else:
        number = loaded.find_class("normal_class", normal)
    if labelled_classes is not None and not isinstance(labelled_classes, int):
        labelled_classes = [loaded.find_class("labelled_classes", v) for v in labelled_classes]
    train, test_part = loaded.parts(test, seed, test_is_given=test_data is not None)
    is_image = train.x.ndim == 4
    data = one_class_split(
        loaded.name if loaded.unlabelled == PARTS else f"{loaded.name}-{normal}",
        train,
        test_part,
        normal_class=number,
        make_preprocessing=_preprocessing(preprocessing, is_image),
        preprocessing_named=IMAGE_PREPROCESSINGS.__getitem__ if is_image else None,
        sample_format=SampleFormat(
            kind=IMAGES if is_image else ARRAYS,
            shape=tuple(train.x.shape[1:]),
            resized=loaded.resized,
            normal_class=_name_of_normal(loaded, normal_class, number),
        ),
        contamination=contamination,
        labelled=labelled,
        labelled_classes=labelled_classes,
        validation=0.0 if validation_data is not None else validation,
        seed=seed,
        held_out=None if validation_data is not None else loaded.validation,
        unlabelled=loaded.unlabelled,
        notes=loaded.notes,
    )
    data = replace(data, classes_test=_named_classes(loaded, test_part.classes))
    return given.added_to(data, unreadable=unreadable)


def _named_classes(loaded: ClassData, classes: np.ndarray) -> np.ndarray | None:
    """Return the names of classes, or their numbers as text; None without labels."""
    if loaded.class_names:
        return np.asarray(loaded.class_names, str)[classes]
    return None if "train" in loaded.unlabelled else classes.astype(str)


def _name_of_normal(loaded: ClassData, normal_class: Any, number: Any) -> str | None:
    """Return the label of normal samples; None where there are no labels yet."""
    if loaded.class_names:
        return loaded.class_names[number]
    if "train" in loaded.unlabelled:
        return None if normal_class is None else str(normal_class)
    return str(number)


def _preprocessing(name: str | None, is_image: bool) -> Callable[[Any], Any]:
    """Return the function that adapts a preprocessing layer to training samples."""
    if is_image:
        return IMAGE_PREPROCESSINGS[name or "contrast"]
    if name is not None:
        raise ValueError(
            "`preprocessing` is for images alone and must be left out. Received: "
            f"preprocessing={name!r}"
        )
    return min_max
