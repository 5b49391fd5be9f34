"""Every model answers bad input with one clear error, or with a defined result."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.engine.calibration import conformal_calibration
from tests.conformance.registry import MadeOnce, build, every_model


def with_value(x, value):
    x = x.copy()
    x[3, 2, 2, 0] = value
    return x


BAD_SAMPLES = {
    "nan": (lambda x: with_value(x, np.nan), "NaN or infinity in 1 of .* index 3"),
    "infinity": (lambda x: with_value(x, np.inf), "NaN or infinity in 1 of .* index 3"),
    "too-large-for-float32": (
        lambda x: with_value(x.astype("float64"), 1e300),
        "NaN or infinity in 1 of .* index 3",
    ),
    "rank": (lambda x: x[..., 0], r"samples of shape \(8, 8, 1\).*add the channel axis"),
    "channels": (lambda x: np.repeat(x, 3, -1), r"Received: samples of shape \(8, 8, 3\)"),
    "size": (lambda x: x[:, 1:], r"Received: samples of shape \(7, 8, 1\)"),
    "one-dimensional": (lambda x: x[:, 0, 0, 0], "at least one feature axis"),
    "empty": (lambda x: x[:0], "at least one sample"),
    "text": (lambda x: x.astype(str), "must hold numbers.*text, "),
    "objects": (lambda x: np.where(x < 0, x, None), "must hold numbers.*a missing value"),
    "none": (lambda x: None, "Received: x=None"),
    "dict": (lambda x: {"image": x}, "must hold columns of shape .rows,.*'image'"),
    "generator": (lambda x: iter([x[..., 0]]), "samples of shape|at least one feature axis"),
    "empty-generator": (lambda x: iter([]), "at least one sample. Received: none"),
    "generator-function": (lambda x: lambda: iter([x]), "Received: x of type function"),
}

BAD_FITS = {
    "one-sample": (dict(rows=1), "at least 2 samples to train on. Received: 1"),
    "constant": (dict(constant=True), "copies of one sample"),
    "label-values": (dict(y=5), r"\+1 labelled normal.*values \[5.0\]"),
    "too-few-labels": (dict(y_rows=3), "one value per sample"),
    "weights-length": (dict(weight_rows=3), "one value per sample"),
    "batch-size": (dict(batch_size=-1), "`batch_size` must be an integer of at least 1"),
    "no-batch": (dict(batch_size=0), "`batch_size` must be an integer of at least 1"),
    "steps": (dict(steps_per_epoch=0), "`steps_per_epoch` must be an integer of at least 1"),
    "validation-split": (dict(validation_split=1.5), "`validation_split` must be in"),
    "class-weight": (dict(class_weight={2: 1.0}), "`class_weight` must map semi-supervised"),
    "class-weight-alone": (dict(class_weight={0: 1.0}), "which must be an array `y`"),
    "validation-labels": (dict(val_y=-1), "0 normal, 1 anomaly. Received: values"),
}


@pytest.fixture(scope="module")
def refusing(digits):
    """Every model before its first fit, which what is refused leaves as it is."""
    return MadeOnce(lambda case: build(case, digits))


@every_model
@pytest.mark.parametrize("bad", BAD_SAMPLES)
def test_samples(case, bad, digits, refusing):
    spoil, message = BAD_SAMPLES[bad]
    model = refusing[case.name]
    with pytest.raises(ValueError, match=message):
        model.fit(spoil(digits.x_train), verbose=0)
    if hasattr(model, "initialize_center"):
        model.initialize_center(digits.x_train)
    for method in (model.score, model.embed, model.predict):
        with pytest.raises(ValueError, match=message):
            method(spoil(digits.x_test))


@every_model
@pytest.mark.parametrize("bad", BAD_FITS)
def test_fit_arguments(case, bad, digits, refusing):
    options, message = BAD_FITS[bad]
    options = dict(options)
    x = digits.x_train[: options.pop("rows", None)]
    if options.pop("constant", False):
        x = np.repeat(x[:1], 20, axis=0)
    y = sample_weight = None
    if "y" in options or "y_rows" in options:
        y = np.full(options.pop("y_rows", len(x)), options.pop("y", 0))
    if "weight_rows" in options:
        sample_weight = np.ones(options.pop("weight_rows"))
    if "val_y" in options:
        labels = np.full(len(digits.x_test), options.pop("val_y"))
        options["validation_data"] = (digits.x_test, labels)
    with pytest.raises(ValueError, match=message):
        refusing[case.name].fit(x, y, sample_weight=sample_weight, verbose=0, **options)


@every_model
def test_labels_of_anomalies_are_not_trained_on_as_normal(case, digits):
    model = build(case, digits)
    if model.uses_labels:
        pytest.skip("a semi-supervised model uses them")
    y = np.zeros(len(digits.x_train))
    y[:4] = -1
    with pytest.raises(ValueError, match="labelled anomalies .*Received: 4 of them"):
        model.fit(digits.x_train, y, verbose=0)
    y[:4] = 1
    with pytest.warns(UserWarning, match=r"0 and \+1 but no -1"):
        model.fit(digits.x_train, y, verbose=0)


@every_model
def test_labels_of_datasets_are_checked_too(case, digits):
    import tensorflow as tf

    for bad in (5, -1):
        model = build(case, digits)
        if bad == -1 and model.uses_labels:
            continue
        y = np.full(len(digits.x_train), bad)
        dataset = tf.data.Dataset.from_tensor_slices((digits.x_train, y)).batch(16)
        with pytest.raises(ValueError, match="semi-supervised labels|labelled anomalies"):
            model.fit(dataset, verbose=0)


@every_model
def test_fit_before_compile(case, digits):
    with pytest.raises(ValueError, match="Call `compile"):
        case.make(preprocessing=None, seed=0, weight_decay=0.0).fit(digits.x_train)


@every_model
@pytest.mark.parametrize("argument", ["loss", "loss_weights", "weighted_metrics"])
def test_compile_takes_no_loss(case, argument, digits):
    with pytest.raises(ValueError, match=f"must not be given `{argument}`"):
        build(case, digits, **{argument: ["mse"]})


@pytest.mark.slow
@every_model
def test_integers_are_numbers(case, digits):
    results = []
    for dtype in ("uint8", "int64", "float64", "float32"):
        model = build(case, digits, run_eagerly=True)
        model.fit(digits.x_train[:64].astype(dtype), batch_size=32, epochs=1, verbose=0)
        results.append(model.score(digits.x_test.astype(dtype)))
    for scores in results[:-1]:
        np.testing.assert_allclose(scores, results[-1], rtol=1e-5)


@every_model
def test_one_constant_image_has_a_score(case, digits):
    model = build(case, digits)
    model.fit(digits.x_train, batch_size=16, epochs=1, verbose=0)
    for value in (0.0, 7.0, 255.0):
        assert np.isfinite(model.score(np.full((1, 8, 8, 1), value))).all()


@every_model
def test_diverged_training_is_reported(case, digits):
    model = build(case, digits, optimizer=keras.optimizers.SGD(1e30))
    with pytest.raises((FloatingPointError, ValueError), match="diverged|not finite"):
        model.fit(digits.x_train, batch_size=16, epochs=3, verbose=0)
        model.score(digits.x_test)


@every_model
def test_calibration(case, digits):
    model = build(case, digits, run_eagerly=True)
    model.fit(digits.x_train[:64], batch_size=32, epochs=1, verbose=0)
    scores = model.score(digits.x_train)
    for rate in (0.0, 0.37):
        conformal = model.calibrate(digits.x_train, fpr=rate)
        assert conformal == conformal_calibration(scores, rate).threshold
        if rate:
            flagged = model.is_anomaly(digits.x_train)
            np.testing.assert_array_equal(flagged, model.p_values(digits.x_train) <= rate)
        threshold = model.calibrate(digits.x_train, contamination=rate)
        assert threshold <= conformal
        flagged = model.is_anomaly(digits.x_train)
        np.testing.assert_array_equal(flagged, scores > threshold)
        assert flagged.sum() == int(rate * len(scores))
    for bad in (-0.1, 1.0, 2, "a", np.nan):
        with pytest.raises(ValueError, match=r"`contamination` must be in \[0, 1\)"):
            model.calibrate(digits.x_train, contamination=bad)
    with pytest.raises(ValueError, match="exactly one of `contamination` and `fpr`"):
        model.calibrate(digits.x_train)
    with pytest.raises(ValueError, match="exactly one of `contamination` and `fpr`"):
        model.calibrate(digits.x_train, contamination=0.1, fpr=0.1)


@every_model
def test_truncated_and_foreign_files(case, digits, tmp_path):
    path = tmp_path / "model.keras"
    model = build(case, digits)
    model.save(path)
    content = path.read_bytes()
    for stop in (0, 10, len(content) // 2, len(content) - 30):
        path.write_bytes(content[:stop])
        with pytest.raises(ValueError, match="complete `.keras` file"):
            kocc.load_model(path)
    with pytest.raises(FileNotFoundError, match="no model file"):
        kocc.load_model(tmp_path / "absent.keras")
    digits_encoder = kocc.networks.lenet("digits")
    digits_encoder.save(path)
    with pytest.raises(ValueError, match="holds a Sequential"):
        kocc.load_model(path)
