"""Both regularizers: training, files, resuming, bad arguments."""

import keras
import numpy as np
import pytest

from kerasocc.callbacks import AdaptiveWeighting, LatentLabels, VarianceAnnealing
from kerasocc.regularizers import NoiseRegularizer, VarianceRegularizer
from tests.regularizers.models import MODELS, REGULARIZERS, biased, every_regularizer, frozen, value


def test_the_values_of_the_paper():
    noisy, hinge = NoiseRegularizer(), VarianceRegularizer()
    weighting, annealing = AdaptiveWeighting(), VarianceAnnealing()
    assert float(noisy.head_optimizer.learning_rate) == pytest.approx(1e-3)
    assert isinstance(noisy.head_optimizer, keras.optimizers.Adam)
    assert hinge.threshold == 0.1 and (annealing.factor, annealing.every) == (10.0, 3)
    assert (weighting.alpha, weighting.beta, weighting.initial) == (0.9, 0.5, 0.0)
    assert [type(each) for each in noisy.default_callbacks()] == [AdaptiveWeighting]
    assert [type(each) for each in hinge.default_callbacks()] == [
        AdaptiveWeighting,
        VarianceAnnealing,
    ]


@every_regularizer
@pytest.mark.parametrize("kind_of_model", MODELS)
def test_trains_with_biases(kind, kind_of_model, digits):
    model = biased(REGULARIZERS[kind](), digits, kind_of_model)
    before = [value(w) for w in model.encoder.trainable_weights]
    history = model.fit(digits.x_train, batch_size=16, epochs=8, verbose=0).history
    scores = model.score(digits.x_test)
    assert model.evaluate(digits.x_test, digits.y_test, return_dict=True)["auc"] > 0.9
    assert scores.std() / np.abs(scores).mean() > 0.2
    assert all(np.isfinite(values).all() for values in history.values())
    after = model.encoder.trainable_weights
    assert all((value(w) != b).any() for w, b in zip(after, before, strict=True))


@every_regularizer
def test_file_round_trip_goes_on_alike(kind, digits, tmp_path):
    model = biased(REGULARIZERS[kind](), digits)
    model.fit(digits.x_train, batch_size=16, epochs=2, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert loaded.get_config()["regularizer"] == model.get_config()["regularizer"]
    np.testing.assert_array_equal(model.score(digits.x_test), loaded.score(digits.x_test))
    histories = [
        m.fit(digits.x_train, batch_size=16, epochs=2, verbose=0).history for m in (model, loaded)
    ]
    assert histories[0] == histories[1]
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_configuration_round_trip():
    made = [
        NoiseRegularizer(k=7, head_optimizer=keras.optimizers.SGD(0.25), seed=3, name="noisy"),
        VarianceRegularizer(threshold=0.7, name="hinge"),
    ]
    for regularizer in made:
        config = keras.saving.serialize_keras_object(regularizer)
        twin = keras.saving.deserialize_keras_object(config)
        assert twin.name == regularizer.name and twin.get_config() == regularizer.get_config()
    assert (twin.threshold, twin.name) == (0.7, "hinge")
    twin = NoiseRegularizer.from_config(made[0].get_config())
    assert (twin.k, twin.seed, float(twin.head_optimizer.learning_rate)) == (7, 3, 0.25)


@pytest.mark.slow
@every_regularizer
def test_resume_in_mid_annealing(kind, digits, tmp_path):
    def train(epochs, model=None):
        model = model or biased(REGULARIZERS[kind](), digits)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "b", delete_checkpoint=False)
        options = dict(batch_size=16, epochs=epochs, verbose=0)
        return model, model.fit(digits.x_train, callbacks=[backup], **options).history

    train(4)
    resumed, history = train(7)
    assert len(history["loss"]) == 3
    whole = biased(REGULARIZERS[kind](), digits)
    expected = whole.fit(digits.x_train, batch_size=16, epochs=7, verbose=0).history
    assert {n: v[4:] for n, v in expected.items()} == history
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@every_regularizer
def test_steps_per_execution(kind, digits):
    weights = []
    for steps in (1, 5):
        model = biased(REGULARIZERS[kind](), digits)
        model.compile(optimizer=keras.optimizers.Adam(1e-3), steps_per_execution=steps)
        model.fit(digits.x_train, batch_size=16, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@every_regularizer
def test_mixed_precision(kind, digits, float16_policy):
    model = biased(REGULARIZERS[kind](), digits)
    history = model.fit(digits.x_train, batch_size=16, epochs=5, verbose=0).history
    assert np.isfinite(history["regularization_weight"]).all()
    assert model.evaluate(digits.x_test, digits.y_test, return_dict=True)["auc"] > 0.85


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NoiseRegularizer(k=0), "`k` must be an integer of at least 1. Received: k=0"),
        (lambda: VarianceRegularizer(threshold=-0.1), "`threshold` must be .* above 0"),
        (lambda: AdaptiveWeighting(alpha=1.5), r"`alpha` must be in \[0, 1\]"),
        (lambda: AdaptiveWeighting(fixed=-1), "`fixed` must be a finite number"),
        (lambda: VarianceAnnealing(factor=0.5), "`factor` must be at least 1"),
        (lambda: VarianceAnnealing(every=0), "`every` must be an integer of at least 1"),
        (
            lambda: frozen([NoiseRegularizer(), VarianceRegularizer()]),
            "one of kerasocc.regularizers or None; one at a time. Received: list",
        ),
        (lambda: frozen("noise"), "Received: str"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_regularizer_belongs_to_one_model():
    regularizer = VarianceRegularizer()
    frozen(regularizer)
    with pytest.raises(ValueError, match="`regularizer` must be new"):
        frozen(regularizer)


@pytest.mark.parametrize("latent", [False, True])
def test_two_replicas_have_the_adaptive_weight_of_the_global_batch(latent, two_replicas, random):
    """Eq. 7 by hand, over a batch of four samples and one of three; embeddings are the inputs."""
    x = random.normal(1.0, 1.0, size=(7, 2)).astype("float32")
    x[[0, 5]] += 4
    center = np.array([0.5, -0.5], "float32")
    with two_replicas.scope():
        model = frozen(VarianceRegularizer(threshold=20.0))
    model.center.assign(center)
    model.fitted.assign(1.0)
    callbacks = [AdaptiveWeighting(alpha=0.75, beta=0.5, initial=2.0), VarianceAnnealing()]
    if latent:
        callbacks.append(LatentLabels(mode="refine", contamination=0.25))
    model.fit(x, batch_size=4, shuffle=False, verbose=0, callbacks=callbacks)
    weight = 2.0
    for rows, flagged in ((x[:4], 1), (x[4:], 0)):
        losses = np.sort(((rows - center) ** 2).sum(axis=1))
        # A quarter of four samples is one; of the three after them, less than one.
        objective = losses[: len(rows) - flagged * latent].sum() / len(rows)
        hinge = 20.0 - rows.var(axis=0, ddof=1).mean()
        weight = 0.75 * weight + 0.5 * 0.25 * objective / hinge
    assert float(value(model.regularizer.weight)) == pytest.approx(weight, rel=1e-5)
