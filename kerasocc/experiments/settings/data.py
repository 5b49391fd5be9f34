"""The settings of the data: what is read, what is normal, how it is split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kerasocc.datasets import catalog
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import REQUIRED, only_if, require, setting


def absolute(dataset: str) -> str:
    """The name of a data set as it is; a path as one that holds in every folder."""
    is_path = dataset not in catalog.RESERVED and Path(dataset).exists()
    return str(Path(dataset).resolve()) if is_path else dataset


def _parse_dataset(text: str) -> str:
    return absolute(text) if text else text


def existing(name: str, path: str) -> str:
    """The absolute path of a part of the data.

    Raises:
        FileNotFoundError: If there is no such file or folder.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"`{name}` must be a path. There is no file or folder {path!r}.")
    return absolute(path)


WITH_ALTERED = only_if(lambda config: config.altered is not None, "needs `altered`")
WITHOUT_ALTERED = only_if(lambda config: config.altered is None, "must be left out with `altered`")


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """What a run reads, what of it is normal, and how it is split."""

    dataset: str = setting(
        REQUIRED,
        kinds.name(_parse_dataset),
        "path of a table (.csv, .tsv, .parquet, .xlsx, .npz, .mat) or of a folder of images, or a "
        "name (see `kerasocc datasets`); without labels all samples are taken for normal",
        metavar="DATA",
    )
    validation_data: str | None = setting(
        None,
        kinds.name(_parse_dataset),
        "path of samples to set the threshold on, a table or images like those of `dataset`; "
        "without labels they are taken for normal; none: part of the training data",
        metavar="DATA",
        rules=(WITHOUT_ALTERED,),
        older=None,
    )
    test_data: str | None = setting(
        None,
        kinds.name(_parse_dataset),
        "path of samples to test on, a table or images like those of `dataset`, with labels or "
        "without; none: the test part of the data, or part of them",
        metavar="DATA",
        rules=(
            WITHOUT_ALTERED,
            only_if(lambda config: not config.transductive, "must be left out with `transductive`"),
        ),
        older=None,
    )
    normal_class: int | str | None = setting(
        None,
        kinds.class_label(),
        "the class, or the label in a table, that is normal, by name or number; none: the "
        "default of the data",
        rules=(WITHOUT_ALTERED,),
    )
    label: str | None = setting(
        None,
        kinds.name(),
        "name of the label column of a table, its position from 0 on if the file has no header, "
        "or the word none if no column has labels; by default one of the common names",
        metavar="COLUMN",
    )
    separator: str | None = setting(
        None,
        kinds.dialect("separator"),
        "character between the cells of a text file, or tab or space; none: detected",
        metavar="CHARACTER",
        older=None,
    )
    decimal: str | None = setting(
        None,
        kinds.dialect("decimal"),
        "decimal point or comma of a text file; none: detected",
        metavar="CHARACTER",
        older=None,
    )
    thousands: str | None = setting(
        None,
        kinds.dialect("thousands"),
        "character between groups of three digits in a text file, or space, or the word none; by "
        "default detected",
        metavar="CHARACTER",
        older=None,
    )
    encoding: str | None = setting(
        None,
        kinds.dialect("encoding"),
        "encoding of a text file, such as latin-1; none: detected",
        older=None,
    )
    comment: str | None = setting(
        None,
        kinds.dialect("comment"),
        "what lines of a text file begin with that are left out, or the word none; by default "
        "detected",
        metavar="TEXT",
        older=None,
    )
    header: bool | None = setting(
        None,
        kinds.flag(),
        "whether the first row of a text file or a sheet has the names of the columns; none: "
        "detected",
        older=None,
    )
    sheet: str | None = setting(
        None,
        kinds.name(),
        "name of the sheet of an Excel workbook; none: the only one that is not empty",
        older=None,
    )
    drop: tuple[str, ...] | None = setting(
        None,
        kinds.names(),
        "columns of a table that are left out",
        older=None,
    )
    columns: tuple[str, ...] | None = setting(
        None,
        kinds.names(),
        "columns of a table that are features; none: all that are left",
        older=None,
    )
    id: tuple[str, ...] | None = setting(
        None,
        kinds.names(),
        "columns of a table that are written beside the scores, and are no features",
        older=None,
    )
    categories: tuple[str, ...] | None = setting(
        None,
        kinds.names(),
        "columns of a table that hold categories although they are numbers",
        older=None,
    )
    frequencies: tuple[str, ...] | None = setting(
        None,
        kinds.names(),
        "columns of categories with many values that become one feature: how rare a value is",
        older=None,
    )
    group: str | None = setting(
        None,
        kinds.name(),
        "column of a table, no feature: rows with one value are never on both sides of a split",
        metavar="COLUMN",
        older=None,
    )
    time: str | None = setting(
        None,
        kinds.name(),
        "column of a table, no feature: the test rows are the latest, those for the threshold "
        "the latest of the others",
        metavar="COLUMN",
        rules=(only_if(lambda config: config.group is None, "must be left out with `group`"),),
        older=None,
    )
    missing: str = setting(
        "error",
        kinds.choice("error", "median"),
        "what to do about missing values of a table: raise an error, or impute the median and take "
        "missing text for a category",
    )
    image_size: int | tuple[int, int] | None = setting(
        None,
        kinds.image_size(),
        "side, or HEIGHTxWIDTH, that images are resized to; none: they keep their size",
    )
    unreadable: str = setting(
        "error",
        kinds.choice("error", "skip"),
        "what to do about image files that cannot be read",
    )
    preprocessing: str | None = setting(
        None,
        kinds.choice("contrast", "unit", "imagenet", "min-max", "standard", "robust", "quantile"),
        "of images: contrast normalization (Deep SVDD), scaling to [0, 1] alone (Deep SAD), or "
        "that of weights trained on ImageNet (imagenet); of tables: every column scaled to [0, 1] "
        "(min-max), to mean 0 and deviation 1 (standard), by median and quartiles (robust) or "
        "to a normal distribution (quantile); none: the first of the kind",
    )
    altered: str | None = setting(
        None,
        kinds.choice("blocks", "strokes"),
        "make the anomalies of images by permuting their blocks or drawing strokes over them, all "
        "classes being normal; none: the other classes are anomalous",
    )
    amount: int | None = setting(
        None,
        kinds.integer(1),
        "blocks per side, or thickness of the strokes",
        rules=(
            WITH_ALTERED,
            require(
                lambda config: config.altered is None or config.amount is not None,
                "must be given with `altered`: blocks per side, or thickness of the strokes",
            ),
        ),
    )
    contamination: float = setting(
        0.0,
        kinds.fraction(zero=True),
        "fraction of hidden anomalies in the unlabelled training samples, in [0, 1)",
        rules=(
            WITHOUT_ALTERED,
            require(
                lambda config: config.latent != "known" or config.contamination > 0,
                "must be above 0 with latent='known': no anomalies are hidden that could be known",
            ),
        ),
    )
    transductive: bool = setting(
        False,
        kinds.flag(),
        "test on the unlabelled training samples instead of on the test part",
    )
    test: float | None = setting(
        None,
        kinds.fraction(),
        "fraction for the test where the data have no test part, in (0, 1); none: the default "
        "of the data",
        rules=(
            only_if(lambda config: config.test_data is None, "must be left out with `test_data`"),
        ),
    )
    # Enough normal samples to set the threshold on, see `runs.calibration`.
    validation: float | None = setting(
        None,
        kinds.fraction(zero=True),
        "fraction of the training part that is held out for the threshold and the best epoch, "
        "in [0, 1); none: the validation part of the data, or 0.2 where there is none",
        rules=(
            only_if(
                lambda config: config.validation_data is None or not config.validation,
                "must be left out with `validation_data`",
            ),
        ),
    )
    threshold_rate: float = setting(
        0.05,
        kinds.fraction(zero=True),
        "false positive rate that the threshold is set for, in [0, 1)",
    )
    seed: int = setting(
        0,
        kinds.integer(0),
        "seed of the split, the initial weights and the order of the samples",
    )
