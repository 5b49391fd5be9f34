"""Arrays as tensors of TensorFlow: the same values, one copy, no memory of the user's."""

import gc
import weakref

import keras
import numpy as np
import pytest

from kerasocc.engine.keras_contract import MEMORY_ALIGNMENT
from kerasocc.engine.tensors import aligned, as_tensor

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tensors of TensorFlow"
)


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int32"])
@pytest.mark.parametrize("shape", [(7,), (5, 3), (1, 1), (4, 1, 2), (0, 3)])
def test_values_dtype_and_shape_are_kept(dtype, shape):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    tensor = as_tensor(values)
    assert tensor.dtype == dtype
    np.testing.assert_array_equal(tensor.numpy(), values)


def test_any_layout_is_read():
    values = aligned((4, 6), "float32")
    values[...] = np.arange(24).reshape(4, 6)
    values.flags.writeable = False
    for view in (values, values[::2], values.T, values[:, 1:]):
        for own in (False, True):
            np.testing.assert_array_equal(as_tensor(view, own=own).numpy(), view)


@pytest.mark.parametrize("own", [False, True])
def test_only_own_memory_is_shared(own):
    values = aligned((5, 3), "float32")
    assert values.ctypes.data % MEMORY_ALIGNMENT == 0
    values[...] = 1
    tensor = as_tensor(values, own=own)
    values[...] = 2
    assert (tensor.numpy() == (2 if own else 1)).all()


def test_memory_lives_as_long_as_its_tensor():
    values = aligned((1000,), "float32")
    values[...] = 3
    reference = weakref.ref(values)
    tensor = as_tensor(values, own=True)
    del values
    gc.collect()
    assert (tensor.numpy() == 3).all()
    del tensor
    gc.collect()
    assert reference() is None
