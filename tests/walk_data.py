"""Small data from seeds, as a new user might have them; `tests.walks` trains on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas
from PIL import Image

SIDE = 48
"""Height and width of the photos."""


def make_orders(folder: Path) -> None:
    """`orders.csv`: normal orders with text and dates. `new_orders.csv`: ten more, three odd."""
    random = np.random.default_rng(0)
    orders = _orders(random, 400, first=1000)
    orders.to_csv(folder / "orders.csv", index=False)
    new = _orders(random, 10, first=2000)
    new.loc[2, ["country", "amount"]] = ["Atlantis", 980.0]
    new.loc[5, "placed"] = "2025-03-08 03:12:00"
    new.loc[5, "items"] = 61
    new.loc[8, ["amount", "paid_by"]] = [1.05, "cheque"]
    new.to_csv(folder / "new_orders.csv", index=False)


def _orders(random: np.random.Generator, rows: int, first: int) -> pandas.DataFrame:
    """Orders of offices: on workdays, from 8 to 18 o'clock, about 9 a piece."""
    workdays = pandas.bdate_range("2024-01-01", "2024-12-31")
    days = random.choice(workdays, rows)
    seconds = random.integers(8 * 3600, 18 * 3600, rows)
    items = random.integers(1, 20, rows)
    return pandas.DataFrame(
        {
            "order": [f"A{number}" for number in range(first, first + rows)],
            "placed": pandas.to_datetime(days) + pandas.to_timedelta(seconds, "s"),
            "country": random.choice(["Austria", "France", "Italy"], rows, p=[0.5, 0.3, 0.2]),
            "items": items,
            "amount": (9 * items * random.lognormal(0, 0.2, rows)).round(2),
            "paid_by": random.choice(["card", "invoice"], rows),
        }
    )


def make_photos(folder: Path) -> None:
    """`photos`: 200 photos of good washers. `new_photos`: six more, three of them bad."""
    random = np.random.default_rng(0)
    for name, number, defects in (
        ("photos", 200, {}),
        ("new_photos", 6, {1: "notch", 3: "scratch", 4: "stain"}),
    ):
        (folder / name).mkdir()
        for index in range(number):
            picture = _washer(random, defects.get(index))
            Image.fromarray(picture).save(folder / name / f"washer_{index:03d}.png")


def _washer(random: np.random.Generator, defect: str | None) -> np.ndarray:
    """A bright ring before a dark ground, a little moved, uint8 of shape `(SIDE, SIDE)`."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + random.normal(0, 0.7, (2, 1, 1))
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    ring = _soft(radius - 9) * _soft(19 - radius)
    turn = random.uniform(-np.pi, np.pi)
    beside = np.abs(np.angle(np.exp(1j * (angle - turn))))
    if defect == "notch":
        ring = ring * _soft(12 * (beside - 0.5))
    picture = 60 + 130 * ring
    if defect == "scratch":
        across = x * np.sin(turn) - y * np.cos(turn)
        picture = picture + 110 * _soft(1.5 - np.abs(across - 3))
    if defect == "stain":
        picture = picture - 120 * _soft(6 - np.hypot(x - 13 * np.cos(turn), y - 13 * np.sin(turn)))
    light = random.normal(1, 0.04)
    return np.clip(light * picture + random.normal(0, 6, picture.shape), 0, 255).astype("uint8")


def _soft(distance: np.ndarray) -> np.ndarray:
    """1 where a distance is positive, 0 where it is negative, with a soft edge."""
    return 1 / (1 + np.exp(-2 * distance))


def make_machines(folder: Path) -> None:
    """`machines.csv` and `june.csv`: semicolons, decimal commas, and the column `condition`."""
    random = np.random.default_rng(0)
    for name, rows in (("machines", 600), ("june", 150)):
        faulty = random.random(rows) < 0.08
        speed = random.normal(1500, 40, rows)
        table = pandas.DataFrame(
            {
                "speed": speed.round(1),
                "current": (0.004 * speed + random.normal(0, 0.1, rows) + 0.5 * faulty).round(3),
                "vibration": (random.lognormal(-1, 0.2, rows) * (1 + 0.7 * faulty)).round(4),
                "bearing": (55 + random.normal(0, 3, rows) + 8 * faulty).round(1),
                "shift": random.choice(["day", "night"], rows),
                "condition": np.where(faulty, "faulty", "ok"),
            }
        )
        table.to_csv(folder / f"{name}.csv", index=False, sep=";", decimal=",")
