"""Every model becomes a scorer that agrees with it and runs without this package."""

import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest

import kerasocc as kocc
from tests.conformance.registry import CASES, MadeOnce, build, every_model, with_outliers
from tests.conformance.test_training import assert_same_weights

DEFAULT = ["serving_default"]
FORMATS = ("tf_saved_model", "onnx", "litert")


def fitted(case, digits, **compile_arguments):
    """A model after a few steps, eager ones: tracing them would take longer."""
    return fit(build(case, digits, run_eagerly=True, **compile_arguments), digits)


def fit(model, digits):
    model.fit(digits.x_train[:64], batch_size=32, epochs=1, verbose=0)
    model.calibrate(digits.x_train, contamination=0.1)
    return model


@pytest.fixture(scope="module")
def models(digits):
    """Every model after two steps; no test changes them."""
    return MadeOnce(lambda case: fitted(case, digits))


@pytest.fixture(scope="module")
def exported(models, tmp_path_factory):
    """The SavedModel of every model, with the default signature alone, which is faster."""
    folder = tmp_path_factory.mktemp("exported")

    def export(case):
        return kocc.export(models[case.name], folder / case.name, signatures=DEFAULT).path

    return MadeOnce(export)


def signature_of(path):
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    signature = loaded.signatures["serving_default"]
    signature.keep_alive = loaded
    return signature


def saved_model_scorer(path):
    signature = signature_of(path)
    return lambda x: {k: v.numpy() for k, v in signature(inputs=x.astype("float32")).items()}


def onnx_scorer(path):
    runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    session = runtime.InferenceSession(path)
    (entry,) = session.get_inputs()
    assert (entry.name, entry.type, entry.shape[1:]) == ("inputs", "tensor(float)", [8, 8, 1])
    names = [output.name for output in session.get_outputs()]
    return lambda x: dict(
        zip(names, session.run(None, {"inputs": x.astype("float32")}), strict=True)
    )


def litert_scorer(path):
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        import tensorflow as tf

        Interpreter = tf.lite.Interpreter
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*tf.lite.Interpreter is deprecated")
        interpreter = Interpreter(model_path=str(path))
    assert list(interpreter.get_signature_list()) == ["serving_default"]
    # It allocates for the batch that comes.
    runner = interpreter.get_signature_runner("serving_default")
    return lambda x: runner(inputs=x.astype("float32"))


def subtracted(model):
    """The number that the model takes from a distance or projection to make it a score.

    The score of a single sample may be nearly 0, which its terms are not. Those of an ensemble are
    in units of the spread of scores, those of GEO are multiplied by its parameters.
    """
    if isinstance(model, kocc.Ensemble):
        return 1.0
    if isinstance(model, kocc.GEO):
        return 72 * float(keras.ops.convert_to_numpy(model.alpha).max())
    radius, r = (
        float(keras.ops.convert_to_numpy(getattr(model, name, 0.0))) for name in ("radius", "r")
    )
    return radius**2 + abs(r)


def assert_scores_like(scorer, model, x, *, tolerance=1e-5, sizes=(1, 7, 60), exact=True):
    """Scores to a relative tolerance of the largest terms they are made of, equal decisions."""
    slack_of_terms = tolerance * subtracted(model)
    for size in sizes:
        part = x[:size]
        outputs, scores = scorer(part), model.score(part)
        p_values = set() if model.calibration is None else {"p_value", "confidence"}
        assert set(outputs) == {"score", "is_anomaly", "threshold"} | p_values
        assert set(np.asarray(outputs["threshold"])) == {np.float32(model.threshold.numpy())}
        assert outputs["score"].dtype == np.float32 and outputs["is_anomaly"].dtype == bool
        assert outputs["score"].shape == outputs["is_anomaly"].shape == (size,)
        slack = tolerance * np.abs(scores).max() + slack_of_terms
        np.testing.assert_allclose(outputs["score"], scores, rtol=tolerance, atol=slack)
        clear = np.abs(scores - float(model.threshold.numpy())) > (0 if exact else 2 * slack)
        clear |= exact
        decisions = model.is_anomaly(part)
        np.testing.assert_array_equal(outputs["is_anomaly"][clear], decisions[clear])
        if exact and p_values:
            np.testing.assert_allclose(outputs["p_value"], model.p_values(part), rtol=1e-6)
            confidence = model.confidence(part)
            np.testing.assert_allclose(outputs["confidence"], confidence, rtol=1e-5, atol=1e-6)


# Normal samples first, so that decisions of both kinds are among few samples.
@pytest.fixture(scope="module")
def samples(digits):
    x = np.concatenate([digits.x_test[digits.y_test == label][:30] for label in (0, 1)])
    return np.random.default_rng(0).permutation(x)


@every_model
def test_saved_model_has_the_documented_names(case, exported):
    signature = signature_of(exported[case.name])
    ((), inputs), outputs = signature.structured_input_signature, signature.structured_outputs
    assert {k: (v.shape.as_list(), v.dtype.name) for k, v in inputs.items()} == {
        "inputs": ([None, 8, 8, 1], "float32")
    }
    assert {k: (v.shape.as_list(), v.dtype.name) for k, v in outputs.items()} == {
        "score": ([None], "float32"),
        "is_anomaly": ([None], "bool"),
        "threshold": ([None], "float32"),
    }


@every_model
def test_saved_model_decides_like_the_model(case, models, exported, samples):
    model, scorer = models[case.name], saved_model_scorer(exported[case.name])
    assert_scores_like(scorer, model, samples)
    assert 0 < model.is_anomaly(samples).sum() < len(samples)


@every_model
def test_saved_model_of_a_loaded_model(case, models, samples, tmp_path):
    models[case.name].save(tmp_path / "model.keras")
    model = kocc.load_model(tmp_path / "model.keras")
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    assert_scores_like(saved_model_scorer(tmp_path / "exported"), model, samples)


@every_model
def test_saved_model_without_preprocessing(case, digits, samples, tmp_path):
    model = case.make(preprocessing=None, seed=0)
    model.compile(optimizer="adam", run_eagerly=True)
    model = fit(with_outliers(case, model), digits)
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    assert_scores_like(saved_model_scorer(tmp_path / "exported"), model, samples)


@every_model
def test_saved_model_in_mixed_precision(case, digits, samples, tmp_path, float16_policy):
    model = fitted(case, digits)
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    assert_scores_like(saved_model_scorer(tmp_path / "exported"), model, samples)


@pytest.mark.slow
@every_model
def test_saved_model_of_replicas(case, digits, samples, tmp_path, two_replicas):
    with two_replicas.scope():
        model = build(case, digits)
    kocc.export(fit(model, digits), tmp_path / "exported", signatures=DEFAULT)
    assert_scores_like(saved_model_scorer(tmp_path / "exported"), model, samples)


@every_model
def test_onnx_scores_like_the_model(case, models, samples, tmp_path, capfd):
    pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
    capfd.readouterr()
    kocc.export(models[case.name], tmp_path / "model", format="onnx")
    assert capfd.readouterr() == ("", "")
    scorer = onnx_scorer(tmp_path / "model")
    assert_scores_like(scorer, models[case.name], samples, exact=False)


@every_model
def test_litert_scores_like_the_model(case, models, samples, tmp_path, capfd):
    kocc.export(models[case.name], tmp_path / "model", format="litert")
    assert capfd.readouterr() == ("", "")
    scorer = litert_scorer(tmp_path / "model")
    assert_scores_like(scorer, models[case.name], samples, exact=False)


def test_a_score_at_the_threshold_is_no_anomaly(digits, samples, tmp_path):
    model = fitted(CASES[0], digits)
    model.threshold.assign(np.sort(model.score(samples))[30])
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    assert model.is_anomaly(samples).sum() == len(samples) - 31
    assert_scores_like(saved_model_scorer(tmp_path / "exported"), model, samples)


@pytest.mark.parametrize("format", FORMATS)
def test_without_a_threshold_there_is_no_decision(format, digits, samples, tmp_path):
    if format == "onnx":
        pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
    path, model = tmp_path / "exported", build(CASES[0], digits)
    model.initialize_center(digits.x_train)
    kocc.export(model, path, format=format, signatures=DEFAULT)
    scorers = {"tf_saved_model": saved_model_scorer, "onnx": onnx_scorer, "litert": litert_scorer}
    outputs = scorers[format](path)(samples)
    assert list(outputs) == ["score"]
    np.testing.assert_allclose(outputs["score"], model.score(samples), rtol=1e-5)


def test_the_soft_boundary_decides_uncalibrated(digits, samples, tmp_path):
    case = next(case for case in CASES if case.name == "soft_boundary")
    model = build(case, digits)
    model.initialize_center(digits.x_train)
    model.radius.assign(np.sqrt(np.median(model.score(samples))))
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    assert_scores_like(saved_model_scorer(tmp_path / "exported"), model, samples)
    assert model.is_anomaly(samples).sum() == len(samples) / 2


def test_bytes_are_cast_by_the_caller(models, exported, samples):
    model, images = models["one_class"], samples.astype("uint8")
    outputs = saved_model_scorer(exported["one_class"])(images)
    np.testing.assert_array_equal(outputs["score"], model.score(images))


SERVE = """
import sys
sys.modules["kerasocc"] = sys.modules["keras"] = None
import numpy as np
import tensorflow as tf

x = tf.constant(np.load(sys.argv[1]))
for path in sys.argv[2:]:
    outputs = tf.saved_model.load(path).signatures["serving_default"](inputs=x)
    np.savez(path + ".npz", **{name: value.numpy() for name, value in outputs.items()})
assert sys.modules["kerasocc"] is sys.modules["keras"] is None
"""


# In the fast part test_signatures.py does it for one model.
@pytest.mark.slow
def test_saved_models_run_without_keras_and_this_package(models, exported, samples, tmp_path):
    np.save(tmp_path / "x.npy", samples.astype("float32"))
    paths = {case.name: str(exported[case.name]) for case in CASES}
    subprocess.run(
        [sys.executable, "-c", SERVE, tmp_path / "x.npy", *paths.values()], check=True, timeout=300
    )
    for name, path in paths.items():
        assert_scores_like(
            lambda x, path=path: dict(np.load(f"{path}.npz")), models[name], samples, sizes=(60,)
        )


@every_model
def test_export_is_quiet_and_leaves_the_model_alone(case, digits, tmp_path, capfd):
    model, twin = (fitted(case, digits) for _ in range(2))
    capfd.readouterr()
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    assert capfd.readouterr() == ("", "")
    assert_same_weights(model, twin)
    for m in (model, twin):
        m.fit(digits.x_train[:64], batch_size=32, epochs=1, verbose=0)
    assert_same_weights(model, twin)
    np.testing.assert_array_equal(model.score(digits.x_test), twin.score(digits.x_test))
