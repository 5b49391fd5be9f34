"""A table with text, dates, booleans and ids."""

import numpy as np
import pandas


def make_frame(rows=240, seed=0):
    """Rows of a shop; every eighth is labelled True."""
    random = np.random.default_rng(seed)
    days = pandas.Timestamp("2024-01-01") + pandas.to_timedelta(random.permutation(rows), "D")
    seconds = pandas.to_timedelta(random.integers(0, 86400, rows), "s")
    return pandas.DataFrame(
        {
            "amount": random.normal(50, 10, rows).round(3),
            "city": random.choice(["Bern", "Lyon", "Pisa"], rows),
            "when": (days + seconds).strftime("%Y-%m-%d %H:%M:%S"),
            "paid": random.random(rows) < 0.5,
            "customer": [f"{i % 24:03d}" for i in range(rows)],
            "fraud": np.arange(rows) % 8 == 0,
        }
    )
