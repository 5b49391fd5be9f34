"""`compile(metrics=...)`: values by hand, where they are reported, files and what is refused."""

import keras
import numpy as np
import pytest

import kerasocc as kocc


@keras.saving.register_keras_serializable(package="tests")
def found_at_two(labels, scores):
    """Share of the anomalies among the two highest scores."""
    return labels[np.argsort(scores)[-2:]].mean()


@keras.saving.register_keras_serializable(package="tests")
class Largest(keras.metrics.Metric):
    """The largest score of an anomaly: it takes all samples at once."""

    def __init__(self, name="largest", **options):
        super().__init__(name=name, **options)
        self.value = self.add_variable((), "zeros", name="value")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.value.assign(keras.ops.max(keras.ops.where(y_true > 0, y_pred, 0.0)))

    def result(self):
        return self.value


X = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0], [0.0, 4.0]], "float32")
Y = np.array([0, 1, 0, 1])


def made(metrics=None):
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, use_bias=False)])
    encoder.set_weights([np.eye(2)])
    model = kocc.DeepSVDD(encoder, seed=0)
    model.compile(keras.optimizers.SGD(0.0), metrics=metrics)
    return model


def test_by_hand():
    model = made([found_at_two, Largest(), lambda labels, scores: scores * labels])
    model.initialize_center(X)
    center = np.array(keras.ops.convert_to_numpy(model.center))
    scores = ((X - center) ** 2).sum(axis=1)
    found = model.evaluate(X, Y, batch_size=1, return_dict=True, verbose=0)
    assert list(found) == [
        "loss",
        "auc",
        "average_precision",
        "found_at_two",
        "largest",
        "<lambda>",
    ]
    assert found["found_at_two"] == 0.5
    assert found["largest"] == pytest.approx(scores[Y == 1].max(), rel=1e-6)
    assert found["<lambda>"] == pytest.approx((scores * Y).mean(), rel=1e-6)
    # It forgets the samples before.
    again = model.evaluate(X[:2], Y[:2], return_dict=True, verbose=0)
    assert again["largest"] == pytest.approx(scores[1], rel=1e-6)


def test_where_they_are_reported():
    model = made([found_at_two])
    stop = keras.callbacks.EarlyStopping("val_found_at_two", mode="max", patience=1)
    options = dict(validation_data=(X, Y), epochs=9, callbacks=[stop], verbose=0)
    history = model.fit(X, **options).history
    assert history["val_found_at_two"] == [0.5, 0.5]
    assert "found_at_two" not in history
    # Without labels of both classes there is nothing to compare.
    assert list(model.evaluate(X, return_dict=True, verbose=0)) == ["loss"]
    assert list(model.evaluate(X, 0 * Y, return_dict=True, verbose=0)) == ["loss"]


def test_files_keep_them(tmp_path):
    model = made([found_at_two, Largest(name="top")])
    model.fit(X, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    expected = model.evaluate(X, Y, return_dict=True, verbose=0)
    assert loaded.evaluate(X, Y, return_dict=True, verbose=0) == expected
    assert "top" in expected


def test_ensembles_have_those_of_their_members():
    model = kocc.Ensemble([made(), made()])
    model.compile("sgd", metrics=[found_at_two])
    model.fit(X, epochs=1, verbose=0)
    assert model.evaluate(X, Y, return_dict=True, verbose=0)["found_at_two"] == 0.5


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([keras.metrics.AUC()], "AUC compares predictions with thresholds in [0, 1], which scores"),
        (
            [keras.metrics.Precision(0.3)],
            "Precision compares predictions with thresholds in [0, 1]",
        ),
        ([keras.metrics.RecallAtPrecision(0.3)], "`val_auc` and `val_average_precision` are"),
        ("accuracy", "`metrics` must hold functions of labels and scores, or instances of"),
        (["AUC"], "`fit` reports `val_auc` without any. Received: 'AUC'"),
        ([keras.metrics.AUC], "or instances of `keras.metrics.Metric`"),
        ([3], "Received: 3"),
        ([keras.metrics.Mean(name="auc")], "other ones than ['loss', 'auc', 'average_precision']"),
        ([found_at_two, found_at_two], "Received: ['found_at_two', 'found_at_two']"),
    ],
)
def test_what_is_refused(metrics, message):
    with pytest.raises(ValueError) as caught:
        made(metrics)
    assert message in str(caught.value) and "\n" not in str(caught.value)
