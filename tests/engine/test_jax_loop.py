"""Epochs in one JAX program equal those that Keras takes step by step."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from kerasocc.engine.jax_loop import pad_to_fixed_shapes
from kerasocc.engine.segments import Segment

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs JAX")

SCRIPT = """
import json
import keras
import numpy as np
import kerasocc as kocc
from kerasocc.callbacks import LatentLabels, NoiseUpdate, RadiusUpdate
from kerasocc.engine import segments, steps_per_execution

generator = np.random.default_rng(0)
x = generator.normal(size=(50, 6)).astype("float32")
y = np.tile([0, 0, 0, 1, -1], 10)
weight = generator.uniform(0.5, 1.5, 50)

def encoder(seed=0):
    return kocc.networks.mlp([6, 8, 4], seed=seed)

def autoencoder(kind, seed, **options):
    decoder = kocc.networks.mlp_decoder([6, 8, 4], activation=None, seed=seed)
    return kind(encoder(seed), decoder, seed=seed, **options)

CASES = {
    "one-class": lambda s: (kocc.DeepSVDD(encoder(s), seed=s, weight_decay=1e-3), {}),
    "weights": lambda s: (kocc.DeepSVDD(encoder(s), seed=s), dict(sample_weight=weight)),
    "radius": lambda s: (
        kocc.DeepSVDD(encoder(s), objective="soft-boundary", seed=s),
        dict(callbacks=[RadiusUpdate(warmup_epochs=1, update="batch")]),
    ),
    "labels": lambda s: (kocc.DeepSAD(encoder(s), seed=s), dict(y=y)),
    "latent": lambda s: (
        kocc.DeepSVDD(encoder(s), seed=s),
        dict(callbacks=[LatentLabels(contamination=0.2, refresh="epoch", warmup=1)]),
    ),
    "views": lambda s: (kocc.NeuTraLAD(encoder(s), num_transforms=3, seed=s), {}),
    "noise": lambda s: (
        autoencoder(kocc.RobustAutoencoder, s, lam=0.5),
        dict(callbacks=[NoiseUpdate()]),
    ),
    "disk": lambda s: (kocc.DeepSVDD(encoder(s), seed=s), dict(x=kocc.datasets.Rows(x))),
    "steps": lambda s: (kocc.DeepSVDD(encoder(s), seed=s), dict(steps_per_epoch=5)),
}
"""

COMPARE = """
def trained(case, in_program):
    steps_per_execution.loops_are_fast = lambda model: in_program
    model, options = CASES[case](0)
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    history = model.fit(**{"x": x, **options}, batch_size=16, epochs=3, verbose=0).history
    if in_program:
        assert model.train_functions._loop._compiled is not None and model.steps_per_execution > 1
    return history["loss"], [np.array(w) for w in model.weights]

found = {}
for case in names or CASES:
    losses, weights = trained(case, in_program=False)
    for part_bytes in (2**22, 2000):
        segments.SEGMENT_BYTES = part_bytes
        own_losses, own = trained(case, in_program=True)
        np.testing.assert_allclose(own_losses, losses, rtol=1e-5, err_msg=case)
        for a, b in zip(own, weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6, err_msg=case)
    found[case] = losses
print(json.dumps(found))
"""

CHUNKS = """
def model():
    model = kocc.DeepSVDD(encoder(), seed=0)
    model.compile(optimizer=keras.optimizers.SGD(1e-2))
    return model

sizes = [50, 32, 48, 47]
first = model()
for size in sizes:
    first.fit(x[:size], batch_size=16, epochs=1, verbose=0)
batches = []
hook = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(batch))
second = model()
for size in sizes:
    second.fit(x[:size], batch_size=16, epochs=1, verbose=0, callbacks=[hook])
for a, b in zip(first.weights, second.weights, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
conv = keras.Sequential(
    [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, use_bias=False), keras.layers.Flatten()]
)
conv.layers[0].trainable = False
convolving = kocc.DeepSVDD(conv, seed=0)
convolving.compile("sgd")
print(json.dumps([batches, first.loops_in_program(), convolving.loops_in_program()]))
"""


def run_under_jax(script):
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT + script],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


def compared(names):
    losses = run_under_jax(f"names = {names}\n{COMPARE}")
    assert all(case[-1] < case[0] for case in losses.values())
    return losses


@pytest.mark.slow
def test_equals_the_steps_of_keras():
    losses = compared(["one-class", "latent"])
    assert losses["one-class"] != losses["latent"]


@pytest.mark.slow
def test_equals_the_steps_of_keras_in_every_case():
    losses = compared([])
    # What a case adds is there.
    assert losses["weights"] != losses["one-class"] != losses["latent"]
    assert losses["disk"] == pytest.approx(losses["one-class"], rel=0.05)


@pytest.mark.slow
def test_batch_hooks_and_convolutions():
    batches, rows_loop, images_loop = run_under_jax(CHUNKS)
    assert batches == [0, 1, 2, 3, 0, 1, 0, 1, 2, 0, 1, 2]
    assert rows_loop and not images_loop


def test_a_program_is_compiled_for_two_shapes():
    rows = np.arange(50)
    shapes = set()
    for steps in (slice(0, 32), slice(32, 50)):
        segment = Segment({"x": rows[steps, None], "index": rows[steps]}, 2, len(rows[steps]))
        for batches, count in pad_to_fixed_shapes(segment, 16, most=2):
            shapes.add(batches["x"].shape)
            found = batches["index"][:count].ravel()
            np.testing.assert_array_equal(found, batches["x"][:count].ravel())
            assert set(found) <= set(rows[steps])
    assert shapes == {(2, 16, 1), (1, 2, 1)}
