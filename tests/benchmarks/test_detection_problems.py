"""How the rows of a problem are divided."""

from pathlib import Path

import numpy as np

from benchmarks.detection.problems import (
    TABLES_TO_CHOOSE_ON,
    Division,
    divide,
    find_problems,
    first_occurrences,
    read_parts,
)


def table(random, rows=100, anomalies=12, copies=9):
    """A table whose first column tells its rows apart, with copies of some rows at its end."""
    x = random.normal(size=(rows, 3)).astype("float32")
    x[:, 0] = np.arange(rows)
    y = (np.arange(rows) % 8 == 7).astype(int)
    assert y.sum() == anomalies
    return np.concatenate([x, x[:copies]]), np.concatenate([y, y[:copies]])


def identities(x):
    return x[:, 0].astype(int).tolist()


def test_first_occurrences_by_hand():
    x = np.array([[1, 2], [3, 4], [1, 2], [0, 0], [3, 4]], "float32")
    assert first_occurrences(x).tolist() == [0, 1, 3]


def test_shuffled_parts_do_not_overlap_and_hold_no_row_twice(random):
    x, y = table(random)
    parts = divide(x, y, Division(held_out=0.25))
    train, calibration, test = (identities(p) for p in parts[:3])
    # Half of the 88 normal rows trains, a quarter of it calibrates.
    assert (len(train), len(calibration), len(test)) == (33, 11, 56)
    assert sorted([*train, *calibration, *test]) == list(range(100))
    assert not y[train].any() and not y[calibration].any()
    assert parts.y_test.tolist() == y[test].tolist()


def test_the_split_depends_on_its_seed_alone(random):
    x, y = table(random)
    one, same = (divide(x, y, Division(seed=3)) for _ in range(2))
    other = divide(x, y, Division(seed=4))
    assert identities(one.x_train) == identities(same.x_train)
    assert set(identities(one.x_train)) != set(identities(other.x_train))
    assert set(identities(one.x_test)) != set(identities(other.x_test))


def test_file_order(random):
    x, y = table(random)
    parts = divide(x, y, Division(split="file-order", held_out=0.0))
    normal = np.flatnonzero(y == 0)
    # The copies of normal rows stay: there are 88 and 8.
    assert sorted(identities(parts.x_train)) == normal[:48].tolist()
    assert len(parts.x_test) == 48 + y.sum() and len(parts.x_calibration) == 0


def test_training_rows_are_bounded(random):
    x, y = table(random)
    whole, few = (divide(x, y, Division(max_rows=n, held_out=0.2)) for n in (10_000, 20))
    assert (len(few.x_train), len(few.x_calibration)) == (16, 4)
    assert set(identities(few.x_train)) < set(
        identities(divide(x, y, Division(held_out=0)).x_train)
    )
    assert identities(few.x_test) == identities(whole.x_test)


def test_problems_of_a_folder(tmp_path, random):
    x, y = table(random)
    for file in ("tabular/cardio.npz", "tabular/other.npz", "features/CV_by_R_9.npz"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        np.savez(tmp_path / file, X=x, y=y)
    (tmp_path / "mnist").mkdir()
    found = find_problems(tmp_path, tmp_path)
    assert [(p.name, p.kind, p.half) for p in found[:3]] == [
        ("cardio", "tables", "choosing"),
        ("other", "tables", "confirming"),
        ("R_9", "features", "confirming"),
    ]
    assert [p.name for p in found[3:]] == [
        *(f"{n}-{c}" for n in ("digits", "mnist") for c in (0, 3, 8))
    ]
    parts = read_parts(found[0], Division(), tmp_path)
    assert (len(parts.x_train), parts.x_train.dtype) == (35, np.dtype("float32"))


def test_images_are_read_whole():
    digit = next(p for p in find_problems(Path("none"), Path("none")) if p.name == "digits-3")
    parts = read_parts(digit, Division(max_rows=50), Path("none"))
    assert parts.x_train.shape == (40, 8, 8, 1) and parts.x_calibration.shape == (10, 8, 8, 1)
    assert len(parts.x_test) == len(parts.y_test) and 0 < parts.y_test.mean() < 1


def test_the_choosing_half_is_the_one_that_was_fixed():
    assert sorted(TABLES_TO_CHOOSE_ON) == [
        *("annthyroid", "breastw", "cardio", "fault", "glass", "ionosphere", "letter"),
        *("mammography", "satellite", "stamps", "vertebral", "wine", "yeast"),
    ]
