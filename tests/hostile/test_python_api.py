"""Hostile arguments of the Python interface, and the error that answers each of them.

What every model has in common, `tests/conformance/test_bad_input.py` asks of all of them; here
is what takes one model to ask.
"""

import functools
import warnings

import keras
import numpy as np
import pandas
import pytest

import kerasocc as kocc
from kerasocc import callbacks

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
NAN, ONES = np.full((64, 4), np.nan), np.ones(64)
FRAME = pandas.DataFrame(X, columns=list("abcd"))


def encoder(width=4):
    return kocc.networks.mlp([width, 8, 3], seed=0)


def decoder(width=4):
    return kocc.networks.mlp_decoder([width, 8, 3])


def new(**options):
    model = kocc.DeepSVDD(encoder(), seed=0, **options)
    model.compile()
    return model


@functools.cache
def unfitted():
    """One for all calls of `fit` that are refused, which leave it as it is."""
    model = kocc.DeepSAD(encoder(), seed=0)
    model.compile()
    return model


def fit(**options):
    return unfitted().fit(**{"x": X, "verbose": 0, **options})


def fit_labels(y):
    return fit(y=y)


def fit_neighbors(k, samples):
    model = kocc.NearestNeighbors(k=k)
    model.compile()
    model.fit(X[:samples], verbose=0)


def masked(x):
    return np.ma.masked_greater(x, 1.0)


def load(source, **options):
    return kocc.datasets.load(source, **options)


# Name, call of a fitted model `m`, and what is in the error.
CASES = [
    # Samples.
    ("one axis", lambda m: m.score(X[0]), "at least one feature axis. Received: shape (4,)"),
    ("a number", lambda m: m.score(3.0), "`x` must"),
    ("nothing", lambda m: m.score(None), "Received: x=None"),
    ("a text", lambda m: m.score("x"), "Received: x of type str"),
    ("a set", lambda m: m.score({1, 2}), "Received: shape (1,) in batch 0"),
    ("no rows", lambda m: m.score(X[:0]), "at least one sample. Received: shape (0, 4)"),
    ("no columns", lambda m: m.score(X[:, :0]), "at least one sample. Received: shape (64, 0)"),
    ("five columns", lambda m: m.score(np.ones((3, 5))), "of shape (4,), which the encoder takes"),
    ("three axes", lambda m: m.score(np.ones((3, 4, 1))), "Received: samples of shape (4, 1)"),
    ("ragged lists", lambda m: m.score([[1, 2, 3, 4], [1]]), "lists of unequal length"),
    ("complex", lambda m: m.score(X.astype(complex)), "complex numbers; pass real and imaginary"),
    ("texts", lambda m: m.score(X.astype(str)), "Received: text, '0.12573022' at index (0, 0)"),
    ("bytes", lambda m: m.score(np.array([[b"a"] * 4])), "Received: text, "),
    ("None in it", lambda m: m.score([[1, 2, 3, None]]), "a missing value (None) at index (0, 3)"),
    ("dates", lambda m: m.score(np.zeros((3, 4), "M8[s]")), "Received: dates; pass parts"),
    ("durations", lambda m: m.score(np.zeros((3, 4), "m8[s]")), "time differences; pass them in"),
    ("records", lambda m: m.score(np.zeros(3, [("a", "f4")])), "a structured array; pass its fiel"),
    ("masked", lambda m: m.score(masked(X)), "NaN or infinity in"),
    ("NaN", lambda m: m.score(NAN), "NaN or infinity in 64 of 64 samples, the first at index 0"),
    ("infinity", lambda m: m.score(-np.inf * X), "NaN or infinity in 64 of 64 samples"),
    ("1e300", lambda m: m.score(1e300 + np.zeros((2, 4))), "NaN or infinity in 2 of 2 samples"),
    ("odd batches", lambda m: m.score(iter([X, X[:, :3]])), "Received: (4,), and (3,) from sample"),
    ("texts as batches", lambda m: m.score(iter(["a"])), "`x` must hold numbers. Received: text"),
    ("a frame with text", lambda m: m.score(FRAME.assign(a="x")), "`x` must hold numbers"),
    ("equal names", lambda m: m.score(FRAME.set_axis(list("aabc"), axis=1)), "'a'"),
    ("unequal columns", lambda m: m.score(dict(a=[1], b=[1, 2])), "the lengths {'a': 1, 'b': 2}"),
    ("no dict", lambda m: m.score({}), "`x` must"),
    ("NaN, by batch", lambda m: m.predict_on_batch(NAN), "NaN or infinity in 64 of 64 samples"),
    ("NaN, tested", lambda m: m.test_on_batch(NAN), "NaN or infinity in 64 of 64 samples"),
    ("NaN, trained", lambda m: m.train_on_batch(NAN), "NaN or infinity in 64 of 64 samples"),
    ("five columns, by batch", lambda m: m.test_on_batch(np.ones((3, 5))), "of shape (4,), which"),
    ("NaN as center", lambda m: m.initialize_center(NAN), "NaN or infinity in 64 of 64 samples"),
    # Batch sizes.
    ("batch 0", lambda m: m.score(X, batch_size=0), "an integer of at least 1. Received: batch_s"),
    ("batch 1.5", lambda m: m.score(X, batch_size=1.5), "Received: batch_size=1.5"),
    ("batch True", lambda m: m.score(X, batch_size=True), "Received: batch_size=True"),
    ("batch x", lambda m: m.score(X, batch_size="x"), "Received: batch_size='x'"),
    # Thresholds.
    ("no fit", lambda m: unfitted().score(X), "is not fitted yet"),
    ("no threshold", lambda m: new().is_anomaly(X), "threshold is not set"),
    ("rate -1", lambda m: m.calibrate(X, fpr=-1), "`fpr` must be in [0, 1). Received: fpr=-1"),
    ("rate NaN", lambda m: m.calibrate(X, fpr=np.nan), "Received: fpr=nan"),
    ("rate a", lambda m: m.calibrate(X, fpr="a"), "Received: fpr='a'"),
    ("two rates", lambda m: m.calibrate(X, fpr=0.1, contamination=0.1), "Pass exactly one of"),
    ("no calibration", lambda m: m.calibrate(X[:0], fpr=0.1), "at least one sample"),
    ("select 2", lambda m: m.select(X, fdr=2), "`fdr` must be in (0, 1). Received: fdr=2"),
    ("select NaN", lambda m: m.select(X, fdr=np.nan), "Received: fdr=nan"),
    ("five, p", lambda m: m.p_values(np.ones((2, 5))), "of shape (4,), which the encoder takes"),
    ("five, confidence", lambda m: m.confidence(np.ones((2, 5))), "of shape (4,), which the enco"),
    # Labels and weights.
    ("label 2", lambda m: fit_labels(2 * ONES), "values [2.0]"),
    ("label 0.5", lambda m: fit_labels(0.5 * ONES), "values [0.5]"),
    ("label NaN", lambda m: fit_labels(np.nan * ONES), "`y` must be finite"),
    ("label a", lambda m: fit_labels(["a"] * 64), "`y` must hold numbers. Received: text, 'a'"),
    ("label None", lambda m: fit_labels([None] * 64), "`y` must hold numbers. Received: a missing"),
    ("labels in pairs", lambda m: fit_labels(np.zeros((64, 2))), "64 values expected. Received: s"),
    ("one label", lambda m: fit_labels(1), "`y` must hold one value per sample"),
    ("weight NaN", lambda m: fit(sample_weight=np.nan * ONES), "`sample_weight` must be finite"),
    ("weight -1", lambda m: fit(sample_weight=-ONES), "64 negative weights, the first of them -1"),
    ("weight 0", lambda m: fit(sample_weight=0 * ONES), "weights above 0. Received: all of them 0"),
    ("weight 1e300", lambda m: fit(sample_weight=1e300 * ONES), "`sample_weight` must be finite"),
    ("three weights", lambda m: fit(sample_weight=ONES[:3]), "64 values expected. Received: shap"),
    ("evaluated labels", lambda m: m.evaluate(X, 5 * ONES), "0 normal, 1 anomaly"),
    # Arguments of `fit`.
    ("epochs 1.5", lambda m: fit(epochs=1.5), "an integer of at least 0. Received: epochs=1.5"),
    ("epochs -1", lambda m: fit(epochs=-1), "an integer of at least 0. Received: epochs=-1"),
    ("epochs None", lambda m: fit(epochs=None), "Received: epochs=None"),
    ("first epoch", lambda m: fit(initial_epoch=-1), "Received: initial_epoch=-1"),
    ("steps x", lambda m: fit(steps_per_epoch="x"), "`steps_per_epoch` must be an integer of at"),
    ("split 1", lambda m: fit(validation_split=1), "Received: validation_split=1"),
    ("validation x", lambda m: fit(validation_data="x"), "of type str"),
    ("four parts", lambda m: fit(validation_data=(X,) * 4), "Received: 4 parts"),
    ("other validation", lambda m: fit(validation_data=np.ones((3, 5))), "of shape (4,), which"),
    ("a callback x", lambda m: fit(callbacks=["x"]), "`callbacks` must hold instances of"),
    ("no callback", lambda m: fit(callbacks=[None]), "`keras.callbacks.Callback`. Received: None"),
    ("a class", lambda m: fit(callbacks=[callbacks.RadiusUpdate]), "Received: <class '"),
    ("r of none", lambda m: fit(callbacks=[callbacks.QuantileUpdate()]), "the `fit` of an `OCNN`"),
    ("N of none", lambda m: fit(callbacks=[callbacks.NoiseUpdate()]), "of a `RobustAutoencoder`"),
    ("a of none", lambda m: fit(callbacks=[callbacks.AdaptiveWeighting()]), "with a `regularizer`"),
    ("v of none", lambda m: fit(callbacks=[callbacks.VarianceAnnealing()]), "a `VarianceRegulariz"),
    ("two of all", lambda m: fit(x=X[:1]), "at least 2 samples to train on. Received: 1"),
    ("a path", lambda m: fit(x="t.csv"), "Received: x of type str"),
    # Models.
    ("no encoder", lambda m: kocc.DeepSVDD(None), "`encoder` must be a Keras model. Received: No"),
    ("a function", lambda m: kocc.DeepSVDD(abs), "`encoder` must be a Keras model. Received: bui"),
    ("nu NaN", lambda m: new(nu=np.nan), "`nu` must be in (0, 1]. Received: nu=nan"),
    ("nu a", lambda m: new(nu="a"), "Received: nu='a'"),
    ("objective", lambda m: new(objective="x"), "`objective` must be"),
    ("decay -1", lambda m: new(weight_decay=-1), "Received: weight_decay=-1"),
    ("seed 1.5", lambda m: kocc.DeepSVDD(encoder(), seed=1.5), "Received: seed=1.5"),
    ("regularizer x", lambda m: new(regularizer="x"), "`regularizer` must be"),
    ("preprocessing x", lambda m: new(preprocessing="x"), "`preprocessing` must be a Keras layer"),
    ("preprocessing f", lambda m: new(preprocessing=abs), "Received: preprocessing=<built-in"),
    ("k 0", lambda m: kocc.NearestNeighbors(k=0), "Received: k=0"),
    ("k 50", lambda m: fit_neighbors(50, 9), "more than k=50 samples"),
    ("no members", lambda m: kocc.Ensemble([]), "`members` must be a list"),
    ("text as member", lambda m: kocc.Ensemble(["x"]), "`members` must be a list"),
    ("no widths", lambda m: kocc.networks.mlp([]), "must"),
    ("width 0", lambda m: kocc.networks.mlp([4, 0]), "must be an integer of at least 1"),
    ("no network", lambda m: kocc.networks.lenet("x"), "Received: dataset='x'"),
    ("pretrain", lambda m: kocc.pretrain(encoder(), decoder(), None, epochs=1), "Received: x=None"),
    # Data.
    ("load nothing", lambda m: load(None), "a name, arrays or a data frame. Received: NoneType"),
    ("load 3", lambda m: load(3), "a name, arrays or a data frame. Received: int"),
    ("load NaN", lambda m: load(NAN), "256 missing or infinite values, the first in row 0, column"),
    ("load masked", lambda m: load(masked(X)), "missing or infinite values, the first in row"),
    ("load texts", lambda m: load(X.astype(str)), "`source` must hold numbers. Received: an arra"),
    ("load one axis", lambda m: load(X[0]), "`source` must be"),
    ("load few labels", lambda m: load((X, ONES[:3])), "Received: shapes (64, 4) and (3,)"),
    ("load an empty frame", lambda m: load(pandas.DataFrame()), "`source` must hold rows"),
    ("load lists", lambda m: load(pandas.DataFrame({"a": [[1]] * 9})), "of type list in column"),
    ("split 2", lambda m: load((X, 0 * ONES), validation=2), "Received: validation=2"),
    ("class x", lambda m: load("digits", normal_class="x"), "`normal_class` must be among"),
    # Files.
    ("no file", lambda m: kocc.load_model("absent.keras"), "no model file 'absent.keras'"),
    ("no path", lambda m: kocc.load_model(None), "`filepath` must"),
    ("no format", lambda m: kocc.export(m, "x", format="x"), "`format` must be"),
    ("a remote path", lambda m: kocc.export(m, "s3://x"), "`path` must be local"),
    ("no model", lambda m: kocc.export(None, "x"), "`model` must be a one-class model of kerasocc"),
    ("export before fit", lambda m: kocc.export(new(), "x"), "`model` must be fitted before it is"),
]


@pytest.fixture(scope="module")
def model():
    model = new()
    model.fit(X, epochs=1, verbose=0)
    model.calibrate(X, fpr=0.1)
    return model


def test_every_hostile_argument_is_answered_by_an_error_of_ours(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scores, wrong = model.score(X), []
    for name, call, expected in CASES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call(model)
            wrong.append(f"{name}: no error")
        except (ValueError, TypeError, FileNotFoundError) as error:
            if expected not in str(error):
                wrong.append(f"{name}: {error} has no {expected!r}")
        except Exception as error:
            wrong.append(f"{name}: {error!r}")
    assert not wrong, "\n".join(wrong)
    assert not list(tmp_path.iterdir())
    # Nothing of it has changed the model.
    np.testing.assert_array_equal(model.score(X), scores)
    assert len({name for name, *_ in CASES}) == len(CASES) >= 60


SAME = {
    "lists": lambda x: x.tolist(),
    "objects": lambda x: x.astype(object),
    "float64": lambda x: x.astype("float64"),
    "long double": lambda x: x.astype(np.longdouble),
    "other end first": lambda x: x.astype(">f4"),
    "columns first": np.asfortranarray,
    "backwards": lambda x: np.repeat(x[::-1], 2, axis=0)[::-2],
    "read-only": lambda x: np.broadcast_to(x, (1, *x.shape))[0],
    "memory": memoryview,
    "a mask of nothing": lambda x: np.ma.masked_greater(x, 1e9),
    "a frame": lambda x: pandas.DataFrame(x, columns=list("abcd")),
    "nullable": lambda x: pandas.DataFrame(x.astype("float64"), dtype="Float64"),
    "a tensor": keras.ops.convert_to_tensor,
    "batches": lambda x: iter([x[:7], x[7:]]),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_scores_do_not_depend_on_the_container(kind, model):
    np.testing.assert_allclose(model.score(SAME[kind](X)), model.score(X), rtol=1e-5)
