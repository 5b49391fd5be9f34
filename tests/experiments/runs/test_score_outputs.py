"""Files of scores."""

import numpy as np

from kerasocc.experiments.runs.score_outputs import number_texts


def test_numbers_are_written_as_python_writes_them():
    random = np.random.default_rng(0)
    # Of every size and sign that float32 and float64 have.
    sizes = 10.0 ** random.uniform(-320, 308, 2000)
    plain = random.normal(size=500)
    special = [0.0, -0.0, 1.0, 1e-5, 1e-4, 123.0, 1e15, 1e16, 1e22, 5e-324, 0.1, 1e9, 0.001]
    values = np.concatenate([sizes, -sizes, plain, special])
    with np.errstate(over="ignore"):
        narrow = values.astype("float32")
    for numbers in (values, narrow[np.isfinite(narrow)]):
        assert number_texts(numbers).to_pylist() == [
            repr(v) for v in numbers.astype(float).tolist()
        ]
    assert number_texts(np.array([np.nan, 2.5])).to_pylist() == [None, "2.5"]
