"""What TensorBoard reads: scores, extreme images, hyperparameters, the graph, what fit logs."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

import kerasocc
from kerasocc.callbacks import LatentLabels, RadiusUpdate, ScoreSummaries

accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
import tensorflow as tf  # noqa: E402

EPOCHS = 4


def events(folder):
    return accumulators.EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()


def values(events, tag):
    """Step and value of every event."""
    return {event.step: tf.make_ndarray(event.tensor_proto) for event in events.Tensors(tag)}


@pytest.fixture(scope="module")
def fitted(digits, tmp_path_factory):
    """A fit of soft-boundary Deep SVDD with latent labels, its logs and what was written."""
    folder = tmp_path_factory.mktemp("logs")
    model = kerasocc.DeepSVDD(
        kerasocc.networks.lenet("digits"),
        objective="soft-boundary",
        preprocessing=digits.preprocessing,
        seed=0,
    )
    model.compile("adam")
    history = model.fit(
        digits.x_train,
        epochs=EPOCHS,
        batch_size=32,
        validation_data=(digits.x_test, digits.y_test),
        verbose=0,
        callbacks=[
            RadiusUpdate(warmup_epochs=1),
            LatentLabels(contamination=0.1, warmup=1),
            keras.callbacks.TensorBoard(folder),
            ScoreSummaries(folder, digits.x_test[:200], digits.y_test[:200], every=3, images=5),
        ],
    )
    return model, history.history, folder


def test_every_driven_quantity_is_a_scalar_with_the_value_of_the_history(fitted):
    _, history, folder = fitted
    train, validation = events(folder / "train"), events(folder / "validation")
    driven = {"radius", "flagged_share", "embedding_spread", "embedding_log_volume", "loss"}
    assert driven | {"val_auc"} <= set(history)
    for name, expected in history.items():
        source = validation if name.startswith("val_") else train
        found = values(source, f"epoch_{name.removeprefix('val_')}")
        assert list(found) == list(range(EPOCHS))
        np.testing.assert_allclose(list(found.values()), expected, rtol=1e-6)
    assert len(set(history["radius"])) > 2 and history["flagged_share"] == [0.0, 0.1, 0.1, 0.1]


def test_scores_are_histograms_of_some_epochs_and_of_the_last(fitted, digits):
    model, _, folder = fitted
    found = events(folder)
    for tag in ("score_mean", "score_spread", "scores/normal", "scores/anomaly"):
        assert list(values(found, tag)) == [2, 3]
    # The radius was set once more after the last epoch, which shifts all scores.
    scores, labels = model.score(digits.x_test[:200]), digits.y_test[:200]
    spread = values(found, "score_spread")
    assert spread[3] == pytest.approx(scores.std(), rel=1e-4) and spread[2] != spread[3]
    for label, name in enumerate(("normal", "anomaly")):
        buckets = values(found, f"scores/{name}")[3]
        assert buckets[:, 2].sum() == (labels == label).sum()
        assert buckets[-1, 1] - buckets[0, 0] == pytest.approx(
            np.ptp(scores[labels == label]), rel=1e-3
        )


def test_extreme_images_are_in_the_order_of_their_scores(fitted, digits):
    model, _, folder = fitted
    order = np.argsort(model.score(digits.x_test[:200]), kind="stable")
    found = events(folder)
    for tag, chosen in (("smallest scores", order[:5]), ("largest scores", order[::-1][:5])):
        width, height, *pictures = values(found, tag)[3]
        assert (width, height, len(pictures)) == (b"8", b"8", 5)
        images = digits.x_test[chosen, ..., 0]
        low, high = images.min(), images.max()
        for picture, image in zip(pictures, images, strict=True):
            shown = np.asarray(Image.open(io.BytesIO(picture)))
            np.testing.assert_allclose(shown, 255 * (image - low) / (high - low), atol=1)


def test_hyperparameters_and_the_graph_are_written_once(fitted):
    from tensorboard.plugins.hparams import plugin_data_pb2

    found = events(fitted[2])
    assert found.Tags()["graph"]
    names = {node.name.split("/")[0] for node in found.Graph().node}
    assert "samples" in names
    content = found.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    given = data.session_start_info.hparams
    assert given["objective"].string_value == "soft-boundary" and given["nu"].number_value == 0.1
    assert given["learning_rate"].number_value == pytest.approx(1e-3)
    assert "encoder" not in given, "it is no number, text or truth value"


def test_rows_have_no_pictures_and_training_samples_serve_without_others(tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    model = kerasocc.DeepSVDD(kerasocc.networks.mlp([3, 4, 2]), seed=0)
    model.compile("adam")
    summaries = ScoreSummaries(tmp_path, samples=20, hyperparameters={"depth": 2})
    model.fit(x, epochs=1, verbose=0, callbacks=[summaries])
    found = events(tmp_path)
    assert set(found.Tags()["tensors"]) == {
        "_hparams_/session_start_info",
        "score_mean",
        "score_spread",
        "scores",
    }
    assert values(found, "scores")[0][:, 2].sum() == 20


def test_arguments_are_checked(monkeypatch):
    with pytest.raises(ValueError, match="`every` must be an integer of at least 1"):
        ScoreSummaries("logs", every=0)
    with pytest.raises(ValueError, match=r"`labels` must be 0 .* for every sample of `x`.*no `x`"):
        ScoreSummaries("logs", labels=[0, 1])
    with pytest.raises(ValueError, match=r"shape \(2,\) for 3 samples"):
        ScoreSummaries("logs", np.zeros((3, 2)), [0, 1])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"needs the package `tensorboard`.*kerasocc\[tensorboard\]"
    ):
        ScoreSummaries("logs")


def test_tensorboard_looks_at_epochs_unless_told_otherwise(tmp_path):
    from kerasocc.engine.keras_contract import looks_at_batches

    assert not looks_at_batches(keras.callbacks.TensorBoard(tmp_path))
    assert looks_at_batches(keras.callbacks.TensorBoard(tmp_path, update_freq="batch"))
    assert looks_at_batches(keras.callbacks.TensorBoard(tmp_path, update_freq=10))


def test_weights_and_thresholds_of_regularizers_and_r_are_scalars(tmp_path):
    x = np.random.default_rng(0).normal(size=(120, 3)).astype("float32")
    encoder = kerasocc.networks.mlp([3, 8, 4], use_bias=True)
    regularizer = kerasocc.regularizers.VarianceRegularizer(threshold=5.0)
    models = {
        "svdd": kerasocc.DeepSVDD(encoder, regularizer=regularizer, seed=0),
        "oc-nn": kerasocc.OCNN(kerasocc.networks.fourier_features(3, features=16, seed=0), seed=0),
    }
    driven = {"svdd": {"regularization_weight", "variance_threshold"}, "oc-nn": {"r"}}
    for name, model in models.items():
        model.compile("adam")
        board = keras.callbacks.TensorBoard(tmp_path / name)
        logs = model.fit(x, epochs=4, verbose=0, callbacks=[board]).history
        found = events(tmp_path / name / "train")
        for quantity in driven[name]:
            written = list(values(found, f"epoch_{quantity}").values())
            np.testing.assert_allclose(written, logs[quantity], rtol=1e-6)
            assert len(set(logs[quantity])) > 1, "it is driven"
