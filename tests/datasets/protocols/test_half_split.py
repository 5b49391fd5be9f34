"""Half of the normal rows train: counts by hand, synthetic anomalies, errors."""

from pathlib import Path

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.datasets import Rows, half_split, tabular
from tests.datasets.data_dirs import KERASOCC_DATA, needs_folder


@pytest.fixture
def table():
    """41 normal rows and 10 anomalies; a row's first column is its number."""
    x = np.stack([np.arange(51), np.arange(51) % 7 * 10, np.full(51, 3)], axis=1)
    return x.astype("float32"), np.repeat([0, 1, 0], [21, 10, 20])


def numbers(x):
    return np.asarray(x)[:, 0].astype(int)


@pytest.mark.parametrize("seed", range(4))
def test_the_halves(table, seed):
    x, y = table
    data = half_split(table, seed=seed)
    train, test = numbers(data.x_train), numbers(data.x_test)
    # 41 normal rows: 20 train, 21 are tested with all 10 anomalies.
    assert (len(train), len(test), int(data.y_test.sum())) == (20, 31, 10)
    assert sorted([*train, *test]) == list(range(51))
    np.testing.assert_array_equal(data.x_train, x[train])
    np.testing.assert_array_equal(data.x_test, x[test])
    np.testing.assert_array_equal(data.y_test, y[test])
    assert not data.y_train.any() and not data.truth_train.any()
    assert len(data.x_val) == len(data.y_val) == 0 and data.x_val.shape[1:] == (3,)
    assert data.y_train.shape == data.truth_train.shape == (20,)


def test_seeds_choose_the_halves(table):
    a, b, c = (half_split(table, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.x_train, b.x_train)
    assert set(numbers(a.x_train)) != set(numbers(c.x_train))


@pytest.mark.parametrize(
    ("perturb", "contamination", "added"),
    # 20 * a / (1 - a): 20 / 9, 5, 20, 180. More than the 10 anomalies only if they are made up.
    [
        *((True, *case) for case in [(0.1, 2), (0.2, 5), (0.5, 20), (0.9, 180)]),
        *((False, *case) for case in [(0.1, 2), (0.2, 5)]),
    ],
)
def test_contaminants_are_added(table, perturb, contamination, added):
    clean = half_split(table, seed=3)
    data = half_split(table, contamination=contamination, perturb=perturb, seed=3)
    np.testing.assert_array_equal(data.x_train[:20], clean.x_train)
    assert data.x_train.shape == (20 + added, 3) and data.x_train.dtype == np.float32
    np.testing.assert_array_equal(data.truth_train, np.repeat([0, 1], [20, added]))
    assert data.y_train.shape == (20 + added,) and not data.y_train.any()
    if perturb:
        np.testing.assert_array_equal(data.x_test, clean.x_test)
        np.testing.assert_array_equal(data.y_test, clean.y_test)


def test_anomalies_that_are_taken_out_of_the_test_part(table):
    data = half_split(table, contamination=0.2, perturb=False)
    taken, test = numbers(data.x_train[20:]), numbers(data.x_test)
    assert set(taken) <= set(range(21, 31)) and len(set(taken)) == 5
    assert not set(taken) & set(test) and data.y_test.sum() == 5
    assert sorted([*numbers(data.x_train), *test]) == list(range(51))


def test_one_anomaly_stays_in_the_test_part(table):
    # 20 * .31 / .69 = 8.99, 20 * .34 / .66 = 10.3
    assert half_split(table, contamination=0.31, perturb=False).y_test.sum() == 1
    with pytest.raises(
        ValueError, match="`contamination` asks for 10 anomalies .* holds 10, of which 1 must stay"
    ):
        half_split(table, contamination=0.34, perturb=False)


def test_noise_has_the_deviation_that_the_anomalies_have_in_each_column(random):
    # The anomalies' deviations are 2, 0 and 50; the normal rows' and the whole table's are others.
    x = random.normal(scale=[100.0, 100.0, 1.0], size=(40_000, 3)).astype("float32")
    y = np.repeat([0, 1], [39_998, 2])
    x[-2:] = [[10, 5, 100], [14, 5, 200]]
    data = half_split((x, y), contamination=0.5)
    made = data.x_train[data.truth_train == 1].astype("float64")
    assert len(made) == 19_999
    assert (made[:, 1] == 5).all()
    # Each anomaly makes half of them: mean 12, variance 2^2 between them and 2^2 of noise.
    np.testing.assert_allclose(made.mean(axis=0), [12, 5, 150], rtol=0.01)
    np.testing.assert_allclose(made.std(axis=0), [8**0.5, 0, 5000**0.5], rtol=0.02)
    # The noise is Gaussian: a sum of two normal densities, checked at one point by hand:
    # P(z < 10) = (Phi(0) + Phi(-2)) / 2 = (.5 + .02275) / 2
    assert (made[:, 0] < 10).mean() == pytest.approx(0.2614, abs=0.01)
    # Columns do not share their noise: half of each variance, that between the two anomalies, is
    # common to both.
    assert np.corrcoef(made[:, 0], made[:, 2])[0, 1] == pytest.approx(0.5, abs=0.03)


def test_every_anomaly_is_drawn_once_before_any_is_drawn_again():
    # In 200 columns with one anomaly each the noise, sqrt(199) / 200 = .07, hides none of them.
    x = np.concatenate([np.zeros((1000, 200)), np.eye(200)])
    data = half_split((x, np.repeat([0, 1], [1000, 200])), contamination=0.5)
    drawn = data.x_train[500:].argmax(axis=1)
    assert data.x_train[500:].max(axis=1).min() > 0.6
    for part in (drawn[:200], drawn[200:400]):
        assert sorted(part) == list(range(200))
    assert len(set(drawn[400:])) == 100 and list(drawn[:200]) != list(drawn[200:400])


def test_more_contamination_keeps_the_anomalies_of_less(table):
    less, more = (half_split(table, contamination=c) for c in (0.2, 0.4))
    np.testing.assert_array_equal(more.x_train[:25], less.x_train)


@pytest.mark.filterwarnings("ignore:.*look like ids")
def test_names_and_formats(table, tmp_path):
    x, y = table
    np.savez(tmp_path / "thyroid.npz", X=x, y=y)
    header = "a,b,c,outlier"
    np.savetxt(tmp_path / "t.csv", np.c_[x, y], delimiter=",", header=header, comments="")
    expected = half_split(table, contamination=0.1)
    for source in ("thyroid", tmp_path / "t.csv", (x, np.where(y, "bad", "ok"))):
        normal = None if isinstance(source, (str, Path)) else "ok"
        data = half_split(source, contamination=0.1, normal_class=normal, data_dir=tmp_path)
        np.testing.assert_array_equal(data.x_train, expected.x_train)
        np.testing.assert_array_equal(data.y_test, expected.y_test)
    assert half_split("thyroid", data_dir=tmp_path).name == "thyroid-half-split"
    assert half_split(tmp_path / "t.csv").sample_format.columns == ("a", "b", "c")
    same = tabular(tmp_path / "t.csv", normal_class="0").sample_format
    assert half_split(tmp_path / "t.csv", normal_class="0").sample_format == same


def test_missing_values(table):
    x, y = table
    x[2, 1] = np.nan
    x[25, 2] = np.inf
    with pytest.raises(ValueError, match="2 missing or infinite values, the first in row 2, col"):
        half_split((x, y))
    with pytest.raises(ValueError, match="`missing` must be one of"):
        half_split((x, y), missing="mean")


@pytest.mark.parametrize("perturb", [True, False])
def test_medians_are_those_of_the_training_rows(random, perturb):
    x = random.normal(size=(60, 2)).astype("float32")
    y = np.repeat([0, 1], [40, 20])
    x[y == 1] += 100
    x[::6, 0] = np.nan
    options = dict(contamination=0.4, seed=5)
    marked = half_split((np.nan_to_num(x, nan=-999.0), y), perturb=False, **options)
    # With noise the same anomalies are drawn, and they count as they were before it.
    values = marked.x_train[marked.x_train[:, 0] != -999.0, 0]
    data = half_split((x, y), perturb=perturb, missing="median", **options)
    (filled,) = np.unique(data.x_test[np.isin(data.x_test[:, 1], x[::6, 1]), 0])
    assert filled == data.sample_format.fill[0] == np.median(values)
    assert np.isfinite(data.x_train).all()


@pytest.mark.parametrize("missing", ["error", "median"])
@pytest.mark.parametrize("perturb", [True, False])
def test_a_table_larger_than_the_memory(missing, perturb, tmp_path, limit_memory, random):
    x = random.normal(size=(5000, 4)).astype("float32")
    if missing == "median":
        x[::7, 1] = np.nan
    np.savez(tmp_path / "t.npz", X=x, y=(np.arange(5000) % 10 == 0).astype(int))
    options = dict(missing=missing, perturb=perturb, contamination=0.05)
    expected = half_split(tmp_path / "t.npz", **options)
    limit_memory(0)
    data = half_split(tmp_path / "t.npz", **options)
    for name in ("x_train", "x_val", "x_test"):
        assert isinstance(getattr(data, name), Rows)
        np.testing.assert_array_equal(np.asarray(getattr(data, name)), getattr(expected, name))
    np.testing.assert_array_equal(data.y_test, expected.y_test)
    for a, b in zip(
        data.preprocessing.get_weights(), expected.preprocessing.get_weights(), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-6)


ROWS = np.arange(12.0).reshape(6, 2)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (5, {}, "a pair of arrays.*Received: int"),
        ((ROWS, np.zeros(3)), {}, r"Received: shapes \(6, 2\) and \(3,\)"),
        ((ROWS, np.zeros(6)), {}, "and an anomaly to test with. Received: 6 normal rows and 0 an"),
        ((ROWS, [0, 1, 1, 1, 1, 1]), {}, "two normal rows.*Received: 1 normal rows and 5 anomal"),
        ((ROWS, [0, 0, 0, 0, 1, 1]), dict(contamination=1.0), r"`contamination` must be in \[0, "),
        ((ROWS, [0, 0, 0, 0, 1, 1]), dict(contamination=-0.1), r"`contamination` must be in \[0,"),
        ((ROWS, [0, 0, 0, 0, 1, 1]), dict(contamination=np.nan), "`contamination` must be in"),
        ((ROWS, [0, 0, 0, 0, 1, 1]), dict(seed=-1), "`seed` must be an integer of at least 0"),
        ((ROWS, [0, 0, 0, 0, 0, 1]), dict(contamination=0.5), "anomalies that differ.*1 equal an"),
        (
            (ROWS, [0, 0, 0, 0, 0, 1]),
            dict(contamination=0.5, perturb=False),
            "asks for 2 anomalies of the test part, which holds 1, of which 1 must stay",
        ),
        ((ROWS, [0, 0, 0, 0, 1, 1]), dict(normal_class="x"), "normal_class='x'"),
    ],
)
def test_bad_input(source, options, message):
    with pytest.raises(ValueError, match=message):
        half_split(source, **options)


def test_one_anomaly_will_do_without_contamination():
    assert half_split((ROWS, [0, 0, 0, 0, 0, 1])).y_test.sum() == 1


def test_standardisation_sees_the_training_rows_alone(table):
    data = half_split(table, contamination=0.3, perturb=False)
    np.testing.assert_allclose(data.preprocessing.mean, data.x_train.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(
        np.array(data.preprocessing.deviation)[:2], data.x_train.std(axis=0)[:2], rtol=1e-6
    )
    assert np.array(data.preprocessing.deviation)[2] == 1


@needs_folder("tabular")
def test_a_real_table():
    # cardio: 1655 normal, 176 anomalous rows; 827 / 9 = 91.9 anomalies make up a tenth.
    data = half_split("cardio", contamination=0.1, data_dir=KERASOCC_DATA)
    assert (len(data.x_train), int(data.truth_train.sum())) == (827 + 92, 92)
    assert (len(data.x_test), int(data.y_test.sum())) == (828 + 176, 176)
    encoder = kocc.networks.mlp([21, 32, 16, 8], seed=0)
    model = kocc.DeepSVDD(encoder, preprocessing=data.preprocessing, seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    model.fit(data.x_train, batch_size=128, epochs=5, verbose=0)
    assert model.evaluate(data.x_test, data.y_test, return_dict=True)["auc"] > 0.6
    assert np.ptp(model.score(data.x_train)) > 0


@needs_folder("features")
def test_real_features():
    data = half_split(
        "CV_by_ResNet18_MVTec-AD_bottle", contamination=0.1, perturb=False, data_dir=KERASOCC_DATA
    )
    normal, taken = np.bincount(data.truth_train)
    assert taken == round(normal / 9) and data.x_train.shape[1] == 512
    assert data.y_test.sum() + taken == 63
