"""Generated samples, labels and arguments: right scores or an error of ours, never a silent NaN."""

import warnings

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import kerasocc as kocc
from tests.hostile.generated.profiles import cases

NAMES = list("abcd")
X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
# Errors of ours name an argument; those of Keras and NumPy do not.
NAMED = ("`x`", "`y`", "`sample_weight`", "`batch_size`", "All samples must have one shape")


@pytest.fixture(scope="module")
def model():
    model = kocc.DeepSVDD(kocc.networks.mlp([4, 8, 3], seed=0), seed=0)
    model.compile()
    model.fit(X, epochs=2, verbose=0)
    model.calibrate(X, fpr=0.1)
    return model


@pytest.fixture(scope="module")
def unfitted():
    model = kocc.DeepSAD(kocc.networks.mlp([4, 8, 3], seed=0), seed=0)
    model.compile()
    return model


def scores_or_error(model, x, **options):
    """Finite scores, one per sample; None if `x` is refused by an error that names an argument."""
    try:
        scores = model.score(x, **options)
    except (ValueError, TypeError) as error:
        assert any(name in str(error) for name in NAMED), repr(error)
        return None
    assert scores.ndim == 1 and scores.dtype == "float32" and np.isfinite(scores).all()
    return scores


samples = arrays.arrays(
    "float64",
    st.tuples(st.integers(1, 9), st.just(4)),
    elements=st.floats(-1e3, 1e3, width=32),
)
DTYPES = ["float16", "float32", "float64", ">f4", ">i2", "int8", "uint8", "int64", "uint64", "bool"]


@pytest.mark.slow
@cases(0.05)
@given(x=samples, size=st.integers(1, 12), data=st.data())
def test_scores_depend_on_the_samples_alone(model, x, size, data):
    expected = scores_or_error(model, x)
    order = np.array(data.draw(st.permutations(range(len(x)))))
    close = dict(rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.score(x, batch_size=size), expected, **close)
    np.testing.assert_allclose(model.score(x[order]), expected[order], **close)
    np.testing.assert_allclose(model.score(x[:1]), expected[:1], **close)
    np.testing.assert_allclose(model.score(iter([x[:1], x])), [expected[0], *expected], **close)
    frame = pandas.DataFrame(x, columns=NAMES)
    np.testing.assert_allclose(model.score(frame), expected, **close)
    np.testing.assert_array_equal(model.is_anomaly(x), expected > np.array(model.threshold))
    p = model.p_values(x)
    assert ((0 < p) & (p <= 1)).all() and (np.diff(p[np.argsort(expected)]) <= 0).all()


@cases(0.05)
@given(
    x=st.sampled_from(DTYPES).flatmap(
        lambda dtype: arrays.arrays(
            dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
        )
    )
)
def test_any_array_of_numbers_has_scores_or_is_refused(model, x):
    scores = scores_or_error(model, x)
    fits = x.ndim == 2 and x.shape[1] == 4 and len(x) > 0
    with np.errstate(over="ignore"):
        finite = bool(np.isfinite(x.astype("float32")).all())
    if scores is None:
        assert not (fits and finite and np.abs(x.astype("float64")).max() < 1e15)
    else:
        assert fits and finite and len(scores) == len(x)


HOSTILE = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=3),
        st.binary(max_size=3),
        st.dates(),
        st.complex_numbers(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=2), inner, max_size=4),
    ),
    max_leaves=12,
)


@pytest.mark.slow
@cases(0.05)
@given(x=HOSTILE)
def test_any_object_is_refused_by_an_error_that_names_it(model, x):
    scores_or_error(model, x)


COLUMNS = st.one_of(
    st.lists(st.floats(), min_size=3, max_size=3),
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=3, max_size=3),
    st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=3, max_size=3).map(
        lambda values: pandas.array(values, dtype="Int64")
    ),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=3, max_size=3).map(
        lambda values: pandas.array(values, dtype="boolean")
    ),
    st.lists(st.text(max_size=2), min_size=3, max_size=3),
    st.lists(st.sampled_from("ab"), min_size=3, max_size=3).map(pandas.Categorical),
    st.lists(st.datetimes(), min_size=3, max_size=3),
)


@cases(0.05)
@given(
    columns=st.lists(COLUMNS, min_size=3, max_size=5),
    names=st.lists(st.sampled_from([*NAMES, "", 0, 1.5, None]), min_size=5, max_size=5),
)
def test_any_frame_has_scores_or_is_refused(model, columns, names):
    frame = pandas.concat([pandas.Series(column) for column in columns], axis=1)
    frame.columns = names[: len(columns)]
    scores = scores_or_error(model, frame)
    if scores is not None:
        expected = model.score(frame.to_numpy("float64", na_value=np.nan))
        np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@cases(0.05)
@given(
    y=st.one_of(st.none(), HOSTILE, arrays.arrays("float64", st.integers(0, 9))),
    weights=st.one_of(st.none(), HOSTILE, arrays.arrays("float64", st.integers(0, 9))),
    batch_size=st.one_of(HOSTILE, st.integers(-2, 9)),
)
def test_hostile_labels_weights_and_batch_sizes_of_fit(unfitted, y, weights, batch_size):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            unfitted.fit(X[:6], y, sample_weight=weights, batch_size=batch_size, verbose=0)
        except (ValueError, TypeError) as error:
            assert any(name in str(error) for name in NAMED), repr(error)
        else:
            assert np.isfinite(unfitted.score(X)).all()
