"""Trainings that share a program equal those that have one each."""

import importlib.util

import numpy as np
import pytest

import kerasocc as kocc
from tests.engine.test_jax_loop import run_under_jax

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs JAX")


def test_without_jax_one_after_another():
    order = []
    assert kocc.train_together([lambda n=n: order.append(n) or n for n in range(3)]) == [0, 1, 2]
    assert order == [0, 1, 2]
    assert kocc.train_together([]) == []
    with pytest.raises(ValueError, match="must be functions without arguments.*Received: 7"):
        kocc.train_together([7])


SPY = """
import functools
from kerasocc.engine import vmapped_steps

groups = []
take = vmapped_steps.VmappedSteps._take
def spied(self, epochs):
    groups.append(len(epochs))
    return take(self, epochs)
vmapped_steps.VmappedSteps._take = spied
"""

COMPARE = (
    SPY
    + """
steps_per_execution.loops_are_fast = lambda model: True
classes = x[:48].reshape(48, 6, 1, 1) * np.ones((1, 1, 6, 1), "float32")

def images(s):
    kernels = keras.initializers.GlorotUniform(s)
    network = keras.Sequential([
        keras.Input((6, 6, 1)),
        keras.layers.Conv2D(3, 3, use_bias=False, kernel_initializer=kernels),
        keras.layers.BatchNormalization(scale=False, center=False),
        keras.layers.LeakyReLU(),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
    ])
    preprocessing = keras.layers.Normalization()
    preprocessing.adapt(classes)
    return kocc.DeepSVDD(network, preprocessing=preprocessing, seed=s), dict(x=classes)

CASES["images"] = images

def trained(case, seed):
    model, options = CASES[case](seed)
    # Rates are part of the state, the last one has fewer epochs.
    model.compile(optimizer=keras.optimizers.Adam(1e-2 / (1 + seed)))
    arguments = {"x": x, **options}
    history = model.fit(**arguments, batch_size=16, epochs=3 - seed // 2, verbose=0).history
    scores = model.score(arguments["x"][:20])
    return history, [np.array(w) for w in model.weights], scores

found = {}
for case in names or CASES:
    seeds = [functools.partial(trained, case, seed) for seed in range(3)]
    alone = [training() for training in seeds]
    groups.clear()
    together = kocc.train_together(seeds)
    for (history, weights, scores), (own, own_weights, own_scores) in zip(alone, together):
        assert history.keys() == own.keys()
        np.testing.assert_allclose(own["loss"], history["loss"], rtol=1e-5, err_msg=case)
        np.testing.assert_allclose(own_scores, scores, rtol=1e-4, atol=1e-5, err_msg=case)
        for a, b in zip(own_weights, weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=case)
    found[case] = [sorted(set(groups)), [history["loss"][-1] for history, _, _ in together]]
print(json.dumps(found))
"""
)

APART = (
    SPY
    + """
class Shifted(keras.layers.Layer):
    def __init__(self, shift):
        super().__init__()
        self.shift = keras.ops.convert_to_tensor([shift] * 4)

    def call(self, inputs):
        return inputs + self.shift

def train(nu=0.1, shift=None, rows=x, epochs=2, **options):
    network = encoder()
    if shift is not None:
        network = keras.Sequential([keras.Input((6,)), network, Shifted(shift)])
    model = kocc.DeepSVDD(network, objective="soft-boundary", nu=nu, seed=0, **options)
    model.compile(optimizer=keras.optimizers.SGD(1e-3))
    model.fit(rows, batch_size=16, epochs=epochs, verbose=0)
    return model

def together(*options):
    groups.clear()
    models = kocc.train_together([functools.partial(train, **each) for each in options])
    return sorted(set(groups)), models

found = {}
found["alike"], _ = together({}, {})
found["nu"], _ = together(dict(nu=0.1), dict(nu=0.2))
found["constant"], _ = together(dict(shift=0.5), dict(shift=0.25))
found["steps"], _ = together({}, dict(rows=x[:33]))
# Of 3 and of 4 batches two are a part: then one is left, or two in arrays of the same shape.
segments.SEGMENT_BYTES = 800
rows = np.concatenate([x, x])
parts = [dict(rows=rows[:48]), dict(rows=rows[:64])]
found["parts"], models = together(*parts)
for each, model in zip(parts, models):
    for a, b in zip(train(**each).weights, model.weights):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)

shared = keras.layers.Rescaling(2.0)
together(dict(preprocessing=shared), dict(preprocessing=shared))  # without weights
shared = keras.layers.Dense(6)
shared.build((None, 6))
calls = []
try:
    kocc.train_together([
        functools.partial(train, preprocessing=shared),
        functools.partial(train, preprocessing=shared),
        lambda: calls.append(train()),
    ])
except ValueError as error:
    found["shared"] = str(error)
assert len(calls) == 1
model = train()
again = functools.partial(model.fit, x, verbose=0)
try:
    kocc.train_together([again, again])
except ValueError as error:
    found["one model"] = str(error)

keras.config.set_dtype_policy("mixed_float16")
_, models = together({}, {})
found["policies"] = sorted({str(m.encoder.layers[-1].dtype_policy.name) for m in models})
print(json.dumps(found))
"""
)


@needs_jax
@pytest.mark.slow
@pytest.mark.parametrize(
    "names", [pytest.param(["latent"], id="latent"), pytest.param([], id="all")]
)
def test_equal_those_alone(names):
    found = run_under_jax(f"names = {names}\n{COMPARE}")
    for case, (groups, losses) in found.items():
        # All three, then the two that train on.
        assert groups == [2, 3], case
        assert len(set(losses)) == 3 and np.isfinite(losses).all(), case


@needs_jax
@pytest.mark.slow
def test_only_equal_steps_are_joined():
    found = run_under_jax(APART)
    assert found["alike"] == [2]
    assert found["nu"] == found["constant"] == [1]
    assert found["steps"] == [1]
    assert found["parts"] == [1, 2]
    assert "must not share weights" in found["shared"]
    assert "must not share weights" in found["one model"]
    assert found["policies"] == ["mixed_float16"]
