"""Thresholds, p-values and selections of a model, whose scores are known."""

import warnings

import keras
import numpy as np
import pytest

import kerasocc as kocc
from tests.conformance.test_training import assert_same_weights

ONE_TO_NINE = np.random.default_rng(0).permutation(np.arange(1.0, 10.0))


def scored(*values):
    """Samples with these scores."""
    samples = np.zeros((len(values), 4), "float32")
    samples[:, 0] = np.sqrt(values)
    return samples


@keras.saving.register_keras_serializable(package="tests_decisions")
class Remembering(kocc.DeepSVDD):
    """A model with data of its own."""

    data_state = ("memory",)


def make(cls=kocc.DeepSVDD):
    """The squared distance from 0 is the score."""
    model = cls(keras.Sequential([keras.Input((4,)), keras.layers.Identity()]), seed=0)
    model.initialize_center(np.concatenate([np.eye(4), -np.eye(4)]), eps=0.0)
    return model


@pytest.fixture
def model():
    model = make()
    model.calibrate(scored(*ONE_TO_NINE), fpr=0.25)
    return model


def test_the_scores_are_what_the_tests_assume():
    np.testing.assert_allclose(make().score(scored(0.0, 2.0, 9.0)), [0.0, 2.0, 9.0], rtol=1e-6)


def test_the_threshold_promises_what_is_said(model):
    # The second largest of nine.
    assert model.calibrate(scored(*ONE_TO_NINE), fpr=0.25) == pytest.approx(8.0)
    found = model.calibration
    assert (found.samples, found.wanted_rate, found.expected_rate) == (9, 0.25, 0.2)
    assert found.threshold == float(np.array(model.threshold)) == pytest.approx(8.0)
    assert found.interval[0] < 0.2 < found.interval[1]
    with pytest.raises(AttributeError):
        found.samples = 10
    np.testing.assert_array_equal(model.is_anomaly(scored(7.5, 8.5)), [False, True])


def test_p_values_selections_and_confidence_by_hand(model):
    new = scored(0.5, 7.5, 8.5, 9.5)
    np.testing.assert_allclose(model.p_values(new), [1.0, 0.3, 0.2, 0.1])
    # The bounds of four at 0.4 are 0.1, 0.2, 0.3, 0.4; at 0.3 the smallest is above its own.
    np.testing.assert_array_equal(model.select(new, fdr=0.4), [False, True, True, True])
    assert not model.select(new, fdr=0.3).any()
    assert not model.select(new).any() and model.select(new[3:]).all()
    # The p-value of the threshold is 0.3: 8 and 9 reach it.
    np.testing.assert_allclose(model.confidence(new), [0.0, 0.5, 1 - 0.2 / 0.6, 1 - 0.1 / 0.6])


def test_few_samples_warn_by_number():
    model = make()
    message = (
        r"`fpr` must be at least 0.1 with 9 samples, the smallest rate that they allow: the "
        r"threshold is their largest score, and a rate of 0.1 .* Received: fpr=0.05"
    )
    with pytest.warns(UserWarning, match=message):
        assert model.calibrate(scored(*ONE_TO_NINE), fpr=0.05) == pytest.approx(9.0)
    assert model.calibration.expected_rate == 0.1 and model.calibration.wanted_rate == 0.05
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert model.calibrate(scored(*ONE_TO_NINE), fpr=0.0) == pytest.approx(9.0)
        assert model.calibrate(scored(*ONE_TO_NINE), fpr=0.1) == pytest.approx(9.0)


def test_one_sample():
    model = make()
    assert model.calibrate(scored(4.0), fpr=0.5) == pytest.approx(4.0)
    np.testing.assert_allclose(model.p_values(scored(3.0, 5.0)), [1.0, 0.5])
    np.testing.assert_allclose(model.confidence(scored(3.0, 5.0)), [0.5, 0.75])


@pytest.mark.parametrize("rate", [1 / 3, 0.05, 1e-5, 0.999999])
def test_the_wanted_rate_is_kept_beyond_float32(rate):
    model = make()
    found = model.calibrate_on_scores(np.arange(200000), fpr=rate)
    assert found.wanted_rate == pytest.approx(rate, abs=1e-12)
    assert found == model.calibration


@pytest.mark.parametrize("method", ["p_values", "select", "confidence"])
def test_before_a_calibration_by_rate_there_are_none(method):
    model = make()
    message = "Call `calibrate.x, fpr=.*`contamination` and earlier versions of the package"
    for _ in range(2):
        assert model.calibration is None
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(scored(1.0))
        model.calibrate(scored(1.0, 2.0), contamination=0.1)


def test_a_plain_quantile_forgets_the_scores(model):
    count = len(model.weights)
    assert model.calibrate(scored(1.0, 2.0, 3.0, 4.0), contamination=0.25) == pytest.approx(3.0)
    assert model.calibration is None and len(model.weights) == count - 2
    np.testing.assert_array_equal(model.is_anomaly(scored(2.5, 3.5)), [False, True])


def test_a_second_calibration_replaces_the_first(model):
    count = len(model.weights)
    for values in ([1.0, 2.0, 3.0], ONE_TO_NINE, ONE_TO_NINE + 1):
        model.calibrate(scored(*values), fpr=0.5)
        assert model.calibration.samples == len(values) and len(model.weights) == count
        np.testing.assert_allclose(model.calibration_scores, np.sort(values), rtol=1e-6)


@pytest.mark.parametrize("bad", [-0.1, 1.0, "a", np.nan])
def test_rates_are_checked(model, bad):
    for call in (
        lambda: model.calibrate(scored(1.0), fpr=bad),
        lambda: model.calibrate_on_scores([1.0], fpr=bad),
    ):
        with pytest.raises(ValueError, match=r"`fpr` must be in \[0, 1\). Received"):
            call()
    for fdr in (bad, 0.0):
        with pytest.raises(ValueError, match=r"`fdr` must be in \(0, 1\). Received"):
            model.select(scored(1.0), fdr=fdr)
    assert model.calibration.samples == 9


@pytest.mark.parametrize("scores", [[], [[1.0]], [np.nan, 1.0], [np.inf]])
def test_scores_are_checked(model, scores):
    with pytest.raises(ValueError, match="`scores` must be finite numbers, one or more"):
        model.calibrate_on_scores(scores, fpr=0.1)
    assert model.calibration.samples == 9


# Files.


@pytest.mark.parametrize("cls", [kocc.DeepSVDD, Remembering])
def test_files_hold_the_scores(cls, tmp_path):
    model, new = make(cls), scored(0.5, 7.5, 8.5, 9.5)
    model.memory = model.add_state("memory", (3,), initial=2.0) if cls is Remembering else None
    model.calibrate(scored(*ONE_TO_NINE), fpr=0.25)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    loaded, fresh = kocc.load_model(tmp_path / "model.keras"), make(cls)
    fresh.load_weights(tmp_path / "model.weights.h5")
    for other in (loaded, fresh):
        assert_same_weights(model, other)
        assert other.calibration == model.calibration
        np.testing.assert_array_equal(other.p_values(new), model.p_values(new))
        np.testing.assert_array_equal(other.is_anomaly(new), model.is_anomaly(new))


def test_a_file_without_scores_leaves_none(model, tmp_path):
    other = make()
    other.calibrate(scored(1.0, 2.0), contamination=0.5)
    other.save_weights(tmp_path / "model.weights.h5")
    model.load_weights(tmp_path / "model.weights.h5")
    assert model.calibration is None
    assert_same_weights(model, other)


def test_it_trains_on_after_a_calibration():
    x = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, use_bias=False)])
    model = kocc.DeepSVDD(encoder, seed=0)
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(x, epochs=2, verbose=0)
    plain = kocc.DeepSVDD.from_config(model.get_config())
    plain.compile(keras.optimizers.Adam(1e-2))
    plain.fit(x, epochs=1, verbose=0)
    plain.set_weights(model.get_weights())
    plain.optimizer.set_weights([np.array(w) for w in model.optimizer.variables])
    model.calibrate(x, fpr=0.1)
    for one in (model, plain):
        one.fit(x, epochs=2, verbose=0)
    assert model.calibration.samples == 40
    np.testing.assert_array_equal(model.score(x), plain.score(x))


# Exported scorers.


@pytest.fixture(params=["tf_saved_model", "onnx", "litert"])
def export_and_load(request, tmp_path):
    from tests.conformance.test_export import litert_scorer, saved_model_scorer

    def onnx_scorer(path):
        runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
        session = runtime.InferenceSession(path)
        names = [output.name for output in session.get_outputs()]
        return lambda x: dict(zip(names, session.run(None, {"inputs": x}), strict=True))

    loaders = {"tf_saved_model": saved_model_scorer, "onnx": onnx_scorer, "litert": litert_scorer}
    if request.param == "onnx":
        pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")

    def call(model):
        kocc.export(model, tmp_path / "exported", format=request.param)
        return loaders[request.param](tmp_path / "exported")

    return call


@pytest.mark.parametrize("samples", [1, 9, 100])
def test_exported_p_values(samples, export_and_load):
    model, random = make(), np.random.default_rng(0)
    calibration = random.integers(1, 12, size=samples).astype("float64")
    model.calibrate(scored(*calibration), fpr=0.5)
    # Halfway between the scores, where rounding changes nothing.
    new = scored(*random.integers(0, 13, size=40) + 0.5)
    scorer = export_and_load(model)
    for size in (1, 7, 40):
        found = scorer(new[:size])
        assert set(found) == {"score", "is_anomaly", "threshold", "p_value", "confidence"}
        assert found["p_value"].dtype == np.float32 and found["p_value"].shape == (size,)
        np.testing.assert_allclose(found["p_value"], model.p_values(new[:size]), rtol=1e-6)
        np.testing.assert_array_equal(found["is_anomaly"], model.is_anomaly(new[:size]))
    assert len(np.unique(found["p_value"])) > 1


def test_without_a_rate_there_is_no_p_value(model, export_and_load):
    model.calibrate(scored(*ONE_TO_NINE), contamination=0.2)
    assert set(export_and_load(model)(scored(1.0))) == {"score", "is_anomaly", "threshold"}
