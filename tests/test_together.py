"""Trainings that share a program equal those that have one each."""

import importlib.util
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.models.meeting import Meeting, current_meeting
from tests.test_jax_epochs import run_under_jax

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs JAX")


def meet(members, compute):
    """What each of the members, functions of the meeting, returned or raised."""
    meeting = Meeting(len(members), compute)
    with ThreadPoolExecutor(len(members)) as threads:
        futures = [threads.submit(meeting.take_part, lambda m=m: m(meeting)) for m in members]
    return [future.exception() or future.result() for future in futures]


def doubled(questions):
    return [2 * question for question in questions]


def test_all_that_are_left_are_answered_at_once():
    seen = []

    def compute(questions):
        seen.append(sorted(questions))
        return doubled(questions)

    def member(start, count):
        return lambda meeting: [meeting.ask(start + number) for number in range(count)]

    answers = meet([member(0, 3), member(10, 1), member(20, 2)], compute)
    assert answers == [[0, 2, 4], [20], [40, 42]]
    assert seen == [[0, 10, 20], [1, 21], [2]]


def test_members_run_one_at_a_time():
    running = threading.Lock()

    def member(meeting):
        for _ in range(50):
            assert running.acquire(blocking=False)
            assert current_meeting() is meeting
            running.release()
            meeting.ask(1)

    assert meet([member] * 4, doubled) == [None] * 4
    assert current_meeting() is None


def test_an_error_of_a_member_is_its_own():
    def fails(meeting):
        raise KeyError("mine")

    first, second = meet([fails, lambda meeting: meeting.ask(4)], doubled)
    assert isinstance(first, KeyError) and second == 8


def test_an_error_of_the_computation_is_everyones():
    def compute(questions):
        raise MemoryError("too much")

    answers = meet([lambda meeting: meeting.ask(1)] * 3, compute)
    assert [type(answer) for answer in answers] == [MemoryError] * 3


def test_a_meeting_that_is_stopped():
    def stops(meeting):
        meeting.stop()
        return "ended"

    first, second = meet([stops, lambda meeting: meeting.ask(1)], doubled)
    assert first == "ended" and isinstance(second, CancelledError)


def test_weights_have_one_owner():
    layer = keras.layers.Dense(1, name="shared")
    layer.build((None, 2))

    def claims(meeting):
        meeting.claim(layer.weights)
        meeting.claim(layer.weights)
        return meeting.ask(1)

    answers = meet([claims, claims], doubled)
    assert sorted(map(str, answers))[0] == "2"
    (error,) = (answer for answer in answers if isinstance(answer, ValueError))
    assert "must not share weights" in str(error) and "'shared/kernel' in two" in str(error)


def test_without_jax_one_after_another():
    order = []
    assert kocc.train_together([lambda n=n: order.append(n) or n for n in range(3)]) == [0, 1, 2]
    assert order == [0, 1, 2]
    assert kocc.train_together([]) == []
    with pytest.raises(ValueError, match="must be functions without arguments.*Received: 7"):
        kocc.train_together([7])


SPY = """
import functools
from kerasocc.models import joint_steps

groups = []
take = joint_steps.JointSteps._take
def spied(self, epochs):
    groups.append(len(epochs))
    return take(self, epochs)
joint_steps.JointSteps._take = spied
"""

COMPARE = (
    SPY
    + """
compiling.loops_are_fast = lambda model: True
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
epoch_parts.PART_BYTES = 800
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
@pytest.mark.parametrize(
    "names",
    [pytest.param(["latent"], id="latent"), pytest.param([], marks=pytest.mark.slow, id="all")],
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
