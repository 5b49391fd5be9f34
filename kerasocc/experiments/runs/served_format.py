"""How samples for a model on a running server are read."""

from __future__ import annotations

from kerasocc.datasets.columns.input_names import input_names
from kerasocc.datasets.sample_format import ARRAYS, IMAGES, TABLE, SampleFormat
from kerasocc.experiments.runs.folder import RunFolder
from kerasocc.serving.client import ServedModel
from kerasocc.serving.column_inputs import TEXT
from kerasocc.serving.protocols import Served


def format_of(served: ServedModel, run: RunFolder | None) -> SampleFormat:
    """How samples for a served model are read.

    Args:
        served: The model.
        run: The run that the model comes from; None for a table of as many columns as the server
            says that the model takes, or images of its size.

    Raises:
        ValueError: If the run and the server disagree, or the model takes samples of any size.
    """
    description = served.description
    if run is not None:
        sample_format = SampleFormat.read(run.sample_format_file)
        if sample_format.is_raw:
            return _checked_columns(sample_format, description)
        if tuple(sample_format.shape) != description.shape:
            raise ValueError(
                f"The served model must be that of the run, whose samples have the shape "
                f"{tuple(sample_format.shape)}. Received: one that takes {description.shape}"
            )
        return sample_format
    if description.column_inputs is not None:
        names = tuple(description.column_inputs)
        as_text = tuple(n for n, dtype in description.column_inputs.items() if dtype == TEXT)
        shape = (len(names),)
        return SampleFormat(kind=TABLE, shape=shape, columns=names, is_raw=True, as_text=as_text)
    if None in description.shape:
        raise ValueError(
            "The served model must take samples of one size, or `--run` say how they are read. "
            f"Received: shape {description.shape}"
        )
    kind = {1: TABLE, 3: IMAGES}.get(len(description.shape), ARRAYS)
    return SampleFormat(kind=kind, shape=description.shape, columns=description.columns)


def _checked_columns(sample_format: SampleFormat, description: Served) -> SampleFormat:
    wanted = sorted(input_names(sample_format.columns).values())
    served = None if description.column_inputs is None else sorted(description.column_inputs)
    if served != wanted:
        has = f"samples of shape {description.shape}" if served is None else f"the inputs {served}"
        raise ValueError(
            "The served model must be that of the run, a SavedModel with an input for each column, "
            f"{wanted}. Received: one that takes {has}"
        )
    return sample_format
