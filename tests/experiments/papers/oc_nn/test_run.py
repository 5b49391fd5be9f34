"""A run of the comparison."""

import logging

from kerasocc.experiments.papers.oc_nn.run import _without_retracing_warnings


def test_only_the_advice_on_retracing_is_dropped(caplog):
    logger = logging.getLogger("tensorflow")
    with _without_retracing_warnings():
        logger.warning("5 out of the last %d calls to f triggered tf.function retracing.", 13)
        logger.warning("something else")
    logger.warning("it triggered tf.function retracing, afterwards")
    kept = [record.getMessage() for record in caplog.records]
    assert kept == ["something else", "it triggered tf.function retracing, afterwards"]
