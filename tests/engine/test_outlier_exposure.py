"""Auxiliary outliers: what every batch holds, on one replica and several, from run to run."""

import keras
import numpy as np
import pandas
import pytest

import kerasocc as kocc
from kerasocc.callbacks import LatentLabels
from kerasocc.datasets import Rows
from kerasocc.engine.batches import as_targets
from kerasocc.engine.outlier_exposure import ExposedSource
from kerasocc.engine.sources import ArraySource
from tests.conformance.test_training import assert_same_weights

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 4)).astype("float32")
OUTLIERS = RANDOM.normal(3.0, 1.0, size=(7, 4)).astype("float32")


def classifier(seed=0, **options):
    # Without BatchNorm samples are scored as they are trained on.
    layers = [keras.layers.Dense(8, "relu", kernel_initializer=keras.initializers.HeNormal(seed))]
    layers += [keras.layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed + 1))]
    model = kocc.HypersphereClassifier(keras.Sequential([keras.Input((4,)), *layers]), seed=seed)
    model.compile(**{"optimizer": keras.optimizers.Adam(1e-2), **options})
    return model


def test_the_source_reads_both():
    source = ExposedSource(
        ArraySource(X, sample_weight=np.full(50, 2.0)), ArraySource(OUTLIERS), 0.5
    )
    x, label, weight = source.batch(np.array([51, 3, 50]))
    np.testing.assert_array_equal(x, [OUTLIERS[1], X[3], OUTLIERS[0]])
    assert label.tolist() == [-1, 0, -1] and weight.tolist() == [1.0, 2.0, 1.0]
    np.testing.assert_array_equal(source.read(slice(49, 52)), [X[49], *OUTLIERS[:2]])
    labelled = ArraySource(X, np.ones(50, "uint8"))
    assert set(ExposedSource(labelled, ArraySource(OUTLIERS), 0.5).y.tolist()) == {1.0, -1.0}


def test_bytes_stay_bytes_unless_outliers_are_numbers():
    images = np.arange(8, dtype="uint8").reshape(4, 2)
    both = ExposedSource(ArraySource(images), ArraySource(images[:2]), 0.5)
    mixed = ExposedSource(ArraySource(images), ArraySource(images[:2] + 0.5), 0.5)
    assert both.read(np.array([0, 5])).dtype == "uint8"
    # Every batch has one dtype, whatever it holds.
    assert mixed.read(np.array([0, 1])).dtype == mixed.read(np.array([5])).dtype == "float32"
    np.testing.assert_array_equal(mixed.read(np.array([0, 4])), [[0, 1], [0.5, 1.5]])


def test_a_step_is_that_of_labelled_anomalies():
    outliers = RANDOM.normal(3.0, 1.0, size=(50, 4)).astype("float32")
    exposed_model, labelled = (classifier(optimizer=keras.optimizers.SGD(0.1)) for _ in range(2))
    exposed_model.fit(X, outliers=outliers, batch_size=100, epochs=3, verbose=0)
    y = np.repeat([0, -1], 50)
    labelled.fit(np.concatenate([X, outliers]), y, batch_size=100, epochs=3, verbose=0)
    weights = [m.encoder.get_weights() for m in (exposed_model, labelled)]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_the_loss_of_a_batch_by_hand():
    model = classifier(optimizer=keras.optimizers.SGD(0.0))
    h = model.score(X), model.score(OUTLIERS)
    loss = model.fit(
        X[:7], outliers=OUTLIERS, batch_size=14, epochs=1, verbose=0, sample_weight=np.full(7, 3.0)
    ).history["loss"]
    expected = np.concatenate([3.0 * h[0][:7], -np.log(-np.expm1(-h[1].astype("float64")))])
    assert loss == pytest.approx([expected.mean()], rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"run_eagerly": True}, {"jit_compile": True}])
def test_every_way_to_train_takes_the_same_batches(options, tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    models = [classifier(), classifier(**options), classifier(**options)]
    for model, x, outliers in zip(
        models, (X, X, mapped), (OUTLIERS, OUTLIERS, Rows(OUTLIERS)), strict=True
    ):
        model.fit(x, outliers=outliers, batch_size=16, epochs=2, verbose=0)
    assert_same_weights(models[0], models[1], tolerance=1e-5)
    assert_same_weights(models[1], models[2])


def test_two_replicas_equal_one(two_replicas):
    def train():
        model = classifier(optimizer=keras.optimizers.SGD(1e-2, momentum=0.9))
        options = dict(outliers=OUTLIERS, outlier_fraction=0.3, batch_size=11)
        return model, model.fit(X, epochs=3, verbose=0, **options).history["loss"]

    single, losses = train()
    with two_replicas.scope():
        replicated, replicated_losses = train()
    np.testing.assert_allclose(losses, replicated_losses, rtol=1e-5)
    assert_same_weights(single, replicated, tolerance=1e-6)


def test_a_file_goes_on_like_the_model(tmp_path):
    interrupted, whole = classifier(), classifier()
    whole.fit(X, outliers=OUTLIERS, epochs=4, verbose=0)
    interrupted.fit(X, outliers=OUTLIERS, epochs=2, verbose=0)
    interrupted.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    loaded.fit(X, outliers=OUTLIERS, epochs=2, verbose=0)
    assert_same_weights(loaded, whole)


def test_labelled_anomalies_of_a_dataset_will_do():
    import tensorflow as tf

    x, y = np.concatenate([X, OUTLIERS]), np.repeat([0.0, -1.0], [50, 7])
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(19)
    model = classifier()
    model.fit(dataset, epochs=40, verbose=0)
    assert model.score(OUTLIERS).min() > np.quantile(model.score(X), 0.9)
    with pytest.raises(ValueError, match="`outliers` must be given to HypersphereClassifier"):
        classifier().fit(dataset.take(2), verbose=0)


def test_latent_labels_take_the_place_of_outliers():
    model = classifier()
    latent = LatentLabels(mode="hard", contamination=0.1)
    model.fit(np.concatenate([X, OUTLIERS[:3]]), epochs=2, verbose=0, callbacks=[latent])
    assert np.isfinite(model.score(X)).all()
    with pytest.raises(ValueError, match="`outliers` must be None with `LatentLabels`"):
        classifier().fit(X, outliers=OUTLIERS, verbose=0, callbacks=[LatentLabels()])
    with pytest.raises(ValueError, match="`outliers` must be given"):
        classifier().fit(X, verbose=0, callbacks=[LatentLabels(mode="refine")])


def test_deep_sad_takes_its_center_from_the_samples_alone():
    def model():
        found = kocc.DeepSAD(kocc.networks.mlp([4, 8, 3], seed=0), seed=0)
        found.compile(optimizer=keras.optimizers.SGD(0.0))
        return found

    with_outliers, without = model(), model()
    with_outliers.fit(X, outliers=OUTLIERS, verbose=0)
    without.fit(X, verbose=0)
    np.testing.assert_array_equal(with_outliers.center, without.center)


def test_outliers_of_deep_sad_are_labelled_anomalies():
    models = [kocc.DeepSAD(kocc.networks.mlp([4, 8, 3], seed=0), seed=0) for _ in range(2)]
    for model in models:
        model.compile(optimizer=keras.optimizers.SGD(1e-3))
        model.initialize_center(X)
    losses = [
        models[0].fit(X[:7], outliers=OUTLIERS, batch_size=14, epochs=3, verbose=0),
        models[1].fit(
            np.concatenate([X[:7], OUTLIERS]),
            np.repeat([0, -1], 7),
            batch_size=14,
            epochs=3,
            verbose=0,
        ),
    ]
    np.testing.assert_allclose(*(fit.history["loss"] for fit in losses), rtol=1e-5)
    np.testing.assert_allclose(models[0].score(X), models[1].score(X), rtol=1e-4)


def test_multi_head_rotnet_has_its_anomaly_loss():
    images = RANDOM.uniform(size=(6, 8, 8, 1)).astype("float32")
    model = kocc.MultiHeadRotNet(kocc.networks.lenet("digits", seed=0), shift=2, seed=0)
    model.compile(optimizer=keras.optimizers.SGD(0.0), run_eagerly=True)
    x, outliers = images[:3], images[3:]
    # BatchNorm sees the batch as `fit` makes it: a sample and an outlier by turns.
    batch = np.stack([x, outliers], axis=1).reshape(6, 8, 8, 1)
    representation = model.represent(batch, training=True)
    normal = np.array(model.loss_of(representation, as_targets(None, batch)))[::2]
    anomalous = np.array(model.anomaly_loss_of(representation))[1::2]
    loss = model.fit(x, outliers=outliers, batch_size=6, shuffle=False, verbose=0).history["loss"]
    assert loss == pytest.approx([np.concatenate([normal, anomalous]).mean()], rel=1e-4)
    assert abs(normal.mean() - anomalous.mean()) > 1e-3


def test_a_step_with_outliers_is_compiled_anew():
    images = RANDOM.uniform(size=(8, 8, 8, 1)).astype("float32")
    model = kocc.MultiHeadRotNet(kocc.networks.lenet("digits", seed=0), shift=2, seed=0)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    losses = [
        model.fit(images[:4], outliers=outliers, batch_size=8, verbose=0).history["loss"][0]
        for outliers in (None, images[4:], None)
    ]
    assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[2], rel=1e-2)


def test_columns_of_outliers_are_found_by_name():
    frame = pandas.DataFrame(X, columns=list("abcd"))
    outliers = pandas.DataFrame(OUTLIERS, columns=list("abcd"))
    models = [classifier() for _ in range(2)]
    models[0].fit(frame, outliers=outliers, epochs=1, verbose=0)
    models[1].fit(frame, outliers=outliers[list("dbca")], epochs=1, verbose=0)
    assert_same_weights(*models)
    with pytest.raises(ValueError, match="`outliers` .*'d'"):
        classifier().fit(frame, outliers=outliers[list("abc")], verbose=0)


def test_members_of_an_ensemble_that_use_outliers_get_them():
    members = [classifier(), kocc.DeepSVDD(kocc.networks.mlp([4, 8, 3], seed=0), seed=0)]
    members[1].compile()
    alone = kocc.DeepSVDD(kocc.networks.mlp([4, 8, 3], seed=0), seed=0)
    alone.compile()
    alone.fit(X, epochs=2, verbose=0)
    kocc.Ensemble(members).fit(X, outliers=OUTLIERS, epochs=2, verbose=0)
    assert_same_weights(members[1], alone)
    with pytest.raises(ValueError, match="`outliers` must be None"):
        kocc.Ensemble([alone]).fit(X, outliers=OUTLIERS, verbose=0)


def dataset(x):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(x).batch(4)


BAD = {
    "a model without use for them": (
        dict(model=lambda: kocc.DeepSVDD(kocc.networks.mlp([4, 8, 3]))),
        "`outliers` must be None: .*Received: outliers for DeepSVDD",
    ),
    "another shape": (dict(outliers=X[:, :3]), r"`outliers` must hold samples of shape \(4,\)"),
    "no outliers": (dict(outliers=OUTLIERS[:0]), "`outliers` must hold at least one sample"),
    "NaN": (dict(outliers=np.full((3, 4), np.nan)), "`outliers` must be finite"),
    "text": (dict(outliers="cifar"), "`outliers` must be an array"),
    "a dataset": (dict(outliers=dataset), "`outliers` must be an array, `Rows` or a table"),
    "samples of a dataset": (dict(x=dataset), "`x` must be an array, `Rows` or a table beside"),
    "no room in a batch": (dict(batch_size=1), "`batch_size` must be at least 2"),
    "no fraction": (dict(outlier_fraction=0.0), r"`outlier_fraction` must be in \(0, 1\)"),
    "all of a batch": (dict(outlier_fraction=1), r"`outlier_fraction` must be in \(0, 1\)"),
    "neither outliers nor labels": (dict(outliers=None), "Received: neither"),
}


@pytest.mark.parametrize("bad", BAD)
def test_errors(bad):
    options, message = BAD[bad]
    options = {"x": X, "outliers": OUTLIERS, "verbose": 0, **options}
    model = options.pop("model", classifier)()
    model.compile()
    for name in ("x", "outliers"):
        options[name] = dataset(X) if options[name] is dataset else options[name]
    with pytest.raises(ValueError, match=message):
        model.fit(**options)
    assert int(model.epochs_trained.numpy()) == 0
