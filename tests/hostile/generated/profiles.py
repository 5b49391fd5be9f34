"""How many cases hypothesis generates: few in every run of the tests, thousands when asked to.

    KERASOCC_CASES=10000 python -m pytest -n 0 -m "slow or not slow" tests/hostile/generated

generates so many in all, at random; without the variable the tests generate the same 300 cases in
every run, a part of them in the slow tests.
"""

import os

from hypothesis import HealthCheck, settings

CASES = int(os.environ.get("KERASOCC_CASES", "300"))


def cases(share):
    """Settings of a test that gets a share of all cases.

    Args:
        share: In (0, 1]; the shares of all tests are 1 in sum.
    """
    return settings(
        max_examples=max(1, round(share * CASES)),
        derandomize="KERASOCC_CASES" not in os.environ,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
