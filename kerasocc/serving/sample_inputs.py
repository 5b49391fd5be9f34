"""Inputs of every signature for a few samples: for warming up and for sample requests."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasocc.datasets.columns.encoders import (
    MISSING,
    CategoryColumn,
    NumberColumn,
    category_texts,
    numbers_of,
)
from kerasocc.datasets.columns.named_columns import NamedColumns, named_columns
from kerasocc.datasets.columns.values import plain_values
from kerasocc.datasets.preprocessing.column_tensors import ColumnTensors
from kerasocc.models.base import OneClassModel
from kerasocc.models.ensemble import Ensemble
from kerasocc.serving.examples import ENCODED_IMAGE, INPUTS
from kerasocc.serving.signatures import columns_of, is_of_images, sample_shape

Inputs = dict[str, np.ndarray]
"""Arrays by the names of the inputs of a signature; text and bytes as objects."""


def inputs_of_samples(
    model: OneClassModel | Ensemble, names: Sequence[str], samples: Any = None, rows: int = 1
) -> dict[str, Inputs]:
    """The inputs of signatures for the first of some samples.

    Args:
        model: A fitted model.
        names: Of the signatures.
        samples: Samples as `model.score` takes them; None makes some up.
        rows: How many of them.

    Returns:
        The inputs by the names of the signatures.
    """
    columns = columns_of(model)
    if columns is not None:
        table = _made_up_rows(model) if samples is None else named_columns(samples)[:rows]
        tensors = _columns_as_text(columns, model, table)
        plain = {columns.names[name]: values for name, values in tensors.items()}
        rows_of_examples = [
            {name: values[i] for name, values in tensors.items()} for i in range(len(table))
        ]
        encoded = {"example_bytes": _objects([_example(row) for row in rows_of_examples])}
        return {name: encoded if name == "serving_examples" else plain for name in names}
    x = _made_up_arrays(model) if samples is None else _first(model, samples, rows)
    found: dict[str, Inputs] = {}
    for name in names:
        if name == "serving_uint8":
            found[name] = {"inputs": _as_bytes(x)}
        elif name == "serving_images":
            found[name] = {"image_bytes": _objects([_png(image) for image in _as_bytes(x)])}
        elif name == "serving_examples":
            found[name] = {"example_bytes": _objects(_examples(model, x))}
        else:
            found[name] = {"inputs": x}
    return found


def _first(model: OneClassModel | Ensemble, samples: Any, rows: int) -> np.ndarray:
    source = model.source_of(samples)
    model.ensure_built(source)
    first, *_ = next(iter(source.batches(rows)))
    return np.asarray(first)[:rows].astype(model.sample_dtype)


def _made_up_arrays(model: OneClassModel | Ensemble) -> np.ndarray:
    random = np.random.default_rng(0)
    shape = (1, *(size or 1 for size in sample_shape(model)))
    if is_of_images(model):
        return random.integers(0, 256, shape).astype(model.sample_dtype)
    return random.normal(size=shape).astype(model.sample_dtype)


def _made_up_rows(model: OneClassModel | Ensemble) -> NamedColumns:
    found: dict[str, np.ndarray] = {}
    for column in model.table_features.columns:
        if isinstance(column, NumberColumn):
            found[column.name] = np.array([column.center if column.fill is None else column.fill])
        elif isinstance(column, CategoryColumn):
            found[column.name] = np.array([next(iter(column.values), MISSING)], dtype=object)
        else:
            found[column.name] = np.array(["2024-01-31T12:00:00"], dtype=object)
    return NamedColumns(found)


def _columns_as_text(
    columns: ColumnTensors, model: OneClassModel | Ensemble, table: NamedColumns
) -> Inputs:
    """Values of the columns in the dtypes of the signature, by the names of the columns."""
    found = {}
    for column in model.table_features.columns:
        values = table.columns[column.name]
        if isinstance(column, NumberColumn):
            found[column.name] = numbers_of(values)[0].astype(columns.dtype(column))
        elif isinstance(column, CategoryColumn):
            found[column.name] = _objects(category_texts(values))
        else:
            found[column.name] = _objects([str(value) for value in plain_values(values)])
    return found


def _as_bytes(x: np.ndarray) -> np.ndarray:
    return np.clip(np.round(x), 0, 255).astype("uint8")


def _png(image: np.ndarray) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(content, "PNG")
    return content.getvalue()


def _examples(model: OneClassModel | Ensemble, x: np.ndarray) -> list[bytes]:
    if is_of_images(model):
        return [_example({ENCODED_IMAGE: _png(image)}) for image in _as_bytes(x)]
    if model.feature_names is not None:
        return [_example(dict(zip(model.feature_names, row, strict=True))) for row in x]
    return [_example({INPUTS: sample.ravel()}) for sample in x]


def _example(features: dict[str, Any]) -> bytes:
    """A serialized `tf.Example`; float64, of which it has none, as text."""
    import tensorflow as tf

    found = {}
    for name, value in features.items():
        values = np.ravel(value)
        if values.dtype == "float32":
            feature = tf.train.Feature(float_list=tf.train.FloatList(value=values))
        else:
            texts = [v if isinstance(v, bytes) else str(v).encode("utf-8") for v in values]
            feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=texts))
        found[name] = feature
    return tf.train.Example(features=tf.train.Features(feature=found)).SerializeToString()


def _objects(values: Sequence[Any]) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
