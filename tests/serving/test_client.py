"""Scores of a served model: over both protocols, through failures, in order."""

import time

import numpy as np
import pytest

from kerasocc.serving import connections
from kerasocc.serving.client import ServedModel
from kerasocc.serving.connections import Refused, ServerError
from tests.serving.http_server import ScoringServer

PROTOCOLS = ["tfserving", "v2"]


def outputs_of(x):
    score = (x**2).sum(axis=tuple(range(1, x.ndim)), dtype="float32")
    return {"score": score, "is_anomaly": score > 10}


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(connections, "FIRST_WAIT", 0.005)
    server = ScoringServer(outputs_of, (3,))
    yield server
    server.stop()


def served(server, protocol="v2", **options):
    return ServedModel(server.url, model="digits", protocol=protocol, **{"retry_for": 5, **options})


def samples(rows, *shape, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, *shape)).astype("float32")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_numbers_are_those_of_the_server(server, protocol):
    model = served(server, protocol, rows=7)
    x = samples(50, 3)
    found = model.predict(x)
    np.testing.assert_array_equal(found["score"], outputs_of(x)["score"])
    np.testing.assert_array_equal(found["is_anomaly"], outputs_of(x)["is_anomaly"])
    assert model.score(x).dtype == "float32"
    assert model.description.shape == (3,) and model.description.outputs == server.outputs
    # By hand: 1 + 4 + 9.
    assert model.score(np.array([[1, 2, 3]], "float32")).tolist() == [14.0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_images_and_a_model_without_a_threshold(protocol, monkeypatch):
    server = ScoringServer(lambda x: {"score": outputs_of(x)["score"]}, (4, 5, 1), ("score",))
    try:
        x = samples(6, 4, 5, 1)
        np.testing.assert_array_equal(served(server, protocol).score(x), outputs_of(x)["score"])
    finally:
        server.stop()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("failure", [429, 500, 503, 404, "reset", "cut"])
def test_a_failure_that_passes_changes_nothing(server, protocol, failure):
    model = served(server, protocol, rows=5)
    server.failures += [None, failure, failure, None, failure]
    x = samples(60, 3)
    np.testing.assert_array_equal(model.score(x), outputs_of(x)["score"])
    assert not server.failures


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_restart_in_the_middle_loses_and_repeats_nothing(server, protocol):
    model = served(server, protocol, rows=2)
    server.seconds = 0.002
    x = samples(400, 3)
    server.restart_after(100, seconds=0.3)
    np.testing.assert_array_equal(model.score(x), outputs_of(x)["score"])


def test_a_server_that_stays_away_is_named(server):
    model = served(server, retry_for=0.1, rows=2)
    server.stop()
    started = time.monotonic()
    with pytest.raises(ServerError, match=r"has not answered for 0.1 seconds: ConnectionRefused"):
        model.score(samples(20, 3))
    assert time.monotonic() - started < 2
    server.start()
    # The client can be used again.
    assert len(model.score(samples(20, 3))) == 20


def test_pauses_grow_and_end(server, monkeypatch):
    pauses = []
    monkeypatch.setattr(connections, "FIRST_WAIT", 0.1)
    monkeypatch.setattr(connections.random, "uniform", lambda low, high: high)
    model = served(server, in_flight=1, retry_for=1000)
    model._connections._stopped.wait = lambda seconds: pauses.append(seconds)
    server.failures += [503] * 9
    model.score(samples(1, 3))
    np.testing.assert_allclose(pauses, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5])


def test_no_more_requests_at_once_than_wanted(server):
    server.seconds = 0.01
    taken = []

    def blocks():
        for block in np.split(samples(40, 3), 20):
            taken.append(1)
            yield block

    model = served(server, in_flight=3)
    ahead = [
        len(taken) - done for done, _ in enumerate(model.in_order(blocks(), model.predict_block))
    ]
    assert server.most_at_once == 3
    assert max(ahead) <= 3


@pytest.mark.parametrize("status", [400, 403, 413])
def test_what_is_refused_is_not_sent_again(server, status):
    model = served(server, in_flight=1)
    server.failures += [status, 404]
    with pytest.raises(Refused, match=f"answers with status {status}, asked to fail"):
        model.score(samples(1, 3))
    assert server.failures == [404]


def test_a_server_that_always_fails_is_asked_three_times(server):
    model = served(server)
    server.failures += [500] * 9
    with pytest.raises(ServerError, match="status 500, asked to fail with 500"):
        model.score(samples(1, 3))
    assert len(server.failures) == 6


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_another_version_of_the_model_is_refused(server, protocol):
    model = served(server, protocol, retry_for=0.1)
    model.score(samples(1, 3))
    server.version = "2"
    with pytest.raises(ServerError, match="from version 1 to 2|has not answered .* status 404"):
        model.score(samples(1, 3))


BROKEN = [
    (lambda answer: {}, "must answer as the protocol"),
    (lambda answer: {"outputs": []}, "must answer with"),
    (lambda answer: [1], "must answer as the protocol"),
    (
        lambda answer: {"outputs": [{"name": "score", "data": [1.0]}]},
        r"one for each of 2 samples. Received: outputs of the shapes \{'score': \(1,\)\}",
    ),
    (lambda answer: {"outputs": [{"name": "score", "data": [1.0, np.nan]}]}, "nan for sample 1"),
    (lambda answer: {"outputs": [{"name": "score", "data": [1.0, None]}]}, "1.0 for sample 0"),
    (lambda answer: {"outputs": [{"name": "score", "data": ["a", "b"]}]}, "a for sample 0"),
]


@pytest.mark.parametrize(("failure", "message"), BROKEN)
def test_a_wrong_answer_is_no_score(server, failure, message):
    model = served(server)
    server.failures.append(failure)
    with pytest.raises(Refused, match=message):
        model.score(samples(2, 3))


def test_arguments_are_checked(server):
    with pytest.raises(ValueError, match="`server` must be an address such as"):
        ServedModel("localhost:8501", model="digits")
    with pytest.raises(ValueError, match="`in_flight` must be"):
        served(server, in_flight=0)
    with pytest.raises(ValueError, match="`protocol` must be one of"):
        served(server, "v3")
    with pytest.raises(Refused, match="Servable not found: /v2/models/other"):
        ServedModel(server.url, model="other", protocol="v2")
    with pytest.raises(ValueError, match=r"samples of shape \(3,\).* Received: shape \(4,\)"):
        served(server).score(samples(2, 4))
    with pytest.raises(ValueError, match="`x` must hold samples, one or more"):
        served(server).score(samples(0, 3))


def test_an_interruption_ends_the_threads(server):
    model = served(server, retry_for=60)
    server.failures += [503] * 10**6

    def blocks():
        yield samples(1, 3)
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(model.in_order(blocks(), model.predict_block))
    assert time.monotonic() - started < 5
    server.failures.clear()
    assert len(model.score(samples(1, 3))) == 1
