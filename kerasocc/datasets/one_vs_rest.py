"""One class is normal, the others are anomalies."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from kerasocc.catalog import RESERVED
from kerasocc.checks import check_choice, check_integer
from kerasocc.datasets.class_data import load_class_data, refuse_test
from kerasocc.datasets.one_class import OneClassDataset, cut
from kerasocc.datasets.preprocessing import IMAGE_PREPROCESSINGS, min_max
from kerasocc.datasets.sample_format import ARRAYS, IMAGES, SampleFormat


def one_vs_rest(
    source: Any,
    *,
    normal_class: Any = None,
    contamination: float = 0.0,
    labelled: float = 0.0,
    labelled_classes: int | Sequence[Any] | None = None,
    validation: float = 0.0,
    test: float | None = None,
    preprocessing: str | None = None,
    seed: int = 0,
    image_size: int | tuple[int, int] | None = None,
    unreadable: str = "error",
    data_dir: str | os.PathLike | None = None,
) -> OneClassDataset:
    """Cut a labelled data set into a one-class problem.

    Data that do not fit into memory are read from disk as they are needed: the parts
    are then `Rows` instead of arrays.

    Args:
        source: One of

            - `"digits"`: scikit-learn's 8x8 digits, embedded;
            - a folder of images, or the name of one below `KERASOCC_DATA_DIR`: a
              folder per class, or the layouts of MVTec-AD, GTSRB and VOC2012 (see
              `image_folders`);
            - the name of an image set of tensorflow-datasets (`"mnist"`,
              `"fashion_mnist"`, `"cifar10"`, ...);
            - the path of an `.npz` file with images and labels;
            - arrays `(x, classes)` of shapes `(samples, ...)` and `(samples,)`;
            - a `tf.data.Dataset` or `PyDataset` of pairs `(x, class)`, read once.
        normal_class: The class that is normal: its number or, where the set has
            names, its name. Default `"good"` in an MVTec-AD layout, else class 0.
        contamination: Fraction of hidden anomalies in the unlabelled training
            samples, in [0, 1); they are added to all of the normal ones.
        labelled: Fraction of labelled anomalies in the training samples, in [0, 1).
        labelled_classes: Classes that labelled anomalies are drawn from: their names
            or numbers, or how many classes are drawn by the seed; default all.
        validation: Fraction of the training part that is held out for validation,
            anomalies included, in [0, 1).
        test: Fraction of the samples that is the test part, in (0, 1); default
            0.4. None for a set that has a test part of its own.
        preprocessing: Of images: `"contrast"`, the default, is that of Deep SVDD
            (contrast normalisation, then [0, 1]); `"unit"` that of Deep SAD ([0, 1]
            alone); `"imagenet"` that of weights trained on ImageNet. Every column of
            other data is scaled to [0, 1].
        seed: Seed of all draws.
        image_size: Side, or `(height, width)`, that images are resized to, from a
            folder or from tensorflow-datasets; None for images of one size.
        unreadable: What to do about image files that cannot be read: `"error"`, or
            `"skip"` with a warning.
        data_dir: Folder of the set instead of the variable `KERASOCC_DATA_DIR` or,
            for tensorflow-datasets, `TFDS_DATA_DIR`.

    Returns:
        The data set, samples raw, with its `preprocessing` layer.

    Raises:
        ValueError: For unknown names and classes, fractions out of range, more
            anomalies asked for than there are, and files that cannot be read.
        OSError: If a set can be neither found nor downloaded.

    Example:
        >>> data = kerasocc.datasets.one_vs_rest("digits", normal_class=3)
        >>> model = kerasocc.DeepSVDD(encoder, preprocessing=data.preprocessing)
    """
    check_integer("seed", seed, minimum=0)
    check_choice("unreadable", unreadable, ["error", "skip"])
    if preprocessing is not None:
        check_choice("preprocessing", preprocessing, IMAGE_PREPROCESSINGS)
    if isinstance(source, str) and source in RESERVED and source != "digits":
        refuse_test(source, test)  # before anything is downloaded
    loaded = load_class_data(
        source,
        normal_class=normal_class,
        image_size=image_size,
        unreadable=unreadable,
        data_dir=data_dir,
    )
    normal = loaded.default_normal if normal_class is None else normal_class
    number = loaded.find_class("normal_class", normal)
    if labelled_classes is not None and not isinstance(labelled_classes, int):
        labelled_classes = [loaded.find_class("labelled_classes", v) for v in labelled_classes]
    train, test_part = loaded.parts(test, seed)
    is_image = train.x.ndim == 4
    return cut(
        f"{loaded.name}-{normal}",
        train,
        test_part,
        normal_class=number,
        make_preprocessing=_preprocessing(preprocessing, is_image),
        sample_format=SampleFormat(
            kind=IMAGES if is_image else ARRAYS,
            shape=tuple(train.x.shape[1:]),
            resized=loaded.resized,
            normal_class=loaded.class_names[number] if loaded.class_names else str(number),
        ),
        contamination=contamination,
        labelled=labelled,
        labelled_classes=labelled_classes,
        validation=validation,
        seed=seed,
    )


def _preprocessing(name: str | None, is_image: bool) -> Callable[[Any], Any]:
    """What makes the preprocessing layer from the training samples."""
    if is_image:
        return IMAGE_PREPROCESSINGS[name or "contrast"]
    if name is not None:
        raise ValueError(
            "`preprocessing` is for images alone and must be left out. Received: "
            f"preprocessing={name!r}"
        )
    return min_max
