"""One-class problems of tables with text, dates and categories."""

import numpy as np
import pandas
import pytest

import kerasocc
from kerasocc.datasets import TableFeatures, load, tabular
from tests.datasets.mixed_examples import make_frame


@pytest.fixture(scope="module")
def frame():
    return make_frame()


@pytest.fixture(scope="module", params=["csv", "parquet", "frame", "dict", "pair"])
def source(request, frame, tmp_path_factory):
    """The same table in several forms."""
    path = tmp_path_factory.mktemp("tables") / f"shop.{request.param}"
    if request.param == "csv":
        frame.to_csv(path, index=False)
    elif request.param == "parquet":
        frame.assign(when=pandas.to_datetime(frame.when)).to_parquet(path)
    else:
        pair = (frame.drop(columns="fraud"), frame.fraud)
        return {"frame": frame, "dict": dict(frame), "pair": pair}[request.param]
    return path


def options(source):
    return {} if isinstance(source, tuple) else {"label": "fraud"}


@pytest.mark.filterwarnings("ignore:.*look like ids")
def test_every_form_gives_the_same_problem(source, frame):
    data = load(source, id="customer", validation=0.25, **options(source))
    expected = load(frame, id="customer", validation=0.25, label="fraud")
    assert [len(p) for p in (data.x_train, data.x_val, data.x_test)] == [94, 36, 96]
    for name in ("x_train", "x_val", "x_test", "y_train", "y_val", "y_test", "names_test"):
        np.testing.assert_array_equal(getattr(data, name), getattr(expected, name), err_msg=name)
    assert data.ids_test == {"customer": frame.customer[data.names_test].tolist()}
    np.testing.assert_array_equal(data.y_test, frame.fraud[data.names_test])
    layer = data.preprocessing
    assert isinstance(layer, TableFeatures)
    assert layer.feature_names == ("amount", "city", "when", "paid")
    new = frame.loc[data.names_test].drop(columns=["customer", "fraud"])
    np.testing.assert_array_equal(layer.encode(new), data.x_test)


def test_only_training_rows_are_learned_from(frame):
    """A city that occurs in the test part alone has no feature."""
    first = load(frame, label="fraud", drop="customer")
    spoiled = frame.copy()
    spoiled.loc[first.names_test[0], ["city", "amount"]] = ["Rome", 1e6]
    data = load(spoiled, label="fraud", drop="customer")
    np.testing.assert_array_equal(data.names_test, first.names_test)
    assert "city=Rome" not in data.preprocessing.encoded_names
    assert data.preprocessing.get_config()["columns"] == first.preprocessing.get_config()["columns"]
    np.testing.assert_array_equal(data.x_train, first.x_train)


def test_a_model_of_the_data_takes_frames(frame):
    data = load(frame, label="fraud", id="customer")
    model = kerasocc.NearestNeighbors(k=3, preprocessing=data.preprocessing)
    model.fit(data.x_train)
    test = frame.loc[data.names_test]
    np.testing.assert_array_equal(model.score(test), model.score(data.x_test))
    np.testing.assert_array_equal(
        model.score(test[["paid", "city", "amount", "when"]]), model.score(data.x_test)
    )


def test_groups_are_never_on_both_sides(frame):
    for seed in range(3):
        data = load(frame, label="fraud", group="customer", validation=0.3, seed=seed)
        train, test = frame.customer[data.names_train], frame.customer[data.names_test]
        assert not set(train) & set(test)
        # The anomalies of the training part are left out, so that the rest is in validation.
        rest = frame.drop(index=[*data.names_train, *data.names_test])
        held_out = rest[~rest.customer.isin(set(train)) | rest.fraud]
        assert len(data.x_val) and len(data.x_val) <= len(held_out)
        assert not set(rest[~rest.fraud].customer) & set(train)
        assert 0.25 < len(test) / len(frame) < 0.55 and data.y_test.any()
        assert "customer" not in data.preprocessing.feature_names


@pytest.mark.parametrize("column", ["when", "number"])
def test_the_future_is_never_trained_on(column, frame):
    table = frame.assign(number=pandas.to_datetime(frame.when).astype("int64") // 10**6)
    data = load(table, label="fraud", time=column, drop="customer", validation=0.25)
    when = table.when.to_numpy()
    train, test = when[data.names_train], when[data.names_test]
    held_out = np.setdiff1d(np.arange(len(table)), [*data.names_train, *data.names_test])
    held_out = when[held_out][~table.fraud.to_numpy()[held_out]]
    assert train.max() < held_out.min() and held_out.max() < test.min()
    assert len(test) == 96
    assert column not in data.preprocessing.feature_names


def test_rows_of_one_time_stay_together(frame):
    table = frame.assign(year=np.repeat([2020, 2021, 2022], 80))
    data = load(table, label="fraud", time="year", drop="customer", test=0.1)
    assert set(table.year[data.names_test]) == {2022} and len(data.names_test) == 80
    with pytest.raises(ValueError, match="`time` must differ between rows"):
        load(table.assign(year=1), label="fraud", time="year", drop="customer")


def test_numbers_alone_can_have_ids_and_groups(tmp_path):
    random = np.random.default_rng(0)
    table = pandas.DataFrame(random.normal(size=(60, 2)), columns=["a", "b"])
    table.assign(key=[f"k{i}" for i in range(60)], g=np.arange(60) % 6).to_csv(
        tmp_path / "t.csv", index=False
    )
    data = tabular(tmp_path / "t.csv", id="key", group="g")
    assert data.preprocessing.feature_names == ("a", "b") and data.preprocessing.is_numeric
    assert not set(data.names_train % 6) & set(data.names_test % 6)
    assert data.unlabelled == ("train", "val", "test") and not data.y_test.any()
    assert data.ids_test["key"] == [f"k{i}" for i in data.names_test]


def test_columns_of_many_values_become_their_rarity(frame, tmp_path):
    data = load(frame, label="fraud", frequencies=["customer", "city"])
    names = data.preprocessing.encoded_names
    assert names[:3] == ("amount", "city:rarity", "when:time_sin")
    assert names[-2:] == ("paid", "customer:rarity")
    numbers = frame[["amount", "paid", "fraud"]].assign(code=np.arange(240) ** 2 % 7)
    numbers.to_csv(tmp_path / "t.csv", index=False)
    data = load(tmp_path / "t.csv", label="fraud", frequencies="code")
    assert data.preprocessing.encoded_names == ("amount", "paid", "code:rarity")
    assert len(np.unique(data.x_train[:, 2])) > 1


def test_a_file_of_numbers_remembers_its_names(tmp_path):
    random = np.random.default_rng(0)
    table = pandas.DataFrame(random.normal(size=(60, 2)), columns=["a", "b"])
    table.assign(label=np.arange(60) % 5 == 0).to_csv(tmp_path / "t.csv", index=False)
    data = tabular(tmp_path / "t.csv")
    assert data.preprocessing.feature_names == ("a", "b")
    model = kerasocc.NearestNeighbors(k=1, preprocessing=data.preprocessing)
    model.fit(data.x_train)
    new = table.iloc[data.names_test]
    np.testing.assert_allclose(model.score(new[["b", "a"]]), model.score(data.x_test), rtol=1e-5)


@pytest.mark.parametrize("normal", [False, "False", "false", "no"])
@pytest.mark.parametrize("written", ["boolean", "text", "yes/no"])
def test_booleans_are_labels(normal, written, frame):
    labels = {
        "boolean": frame.fraud,
        "text": frame.fraud.astype(str),
        "yes/no": frame.fraud.map({True: "yes", False: "no"}),
    }[written]
    data = load(frame.assign(fraud=labels), label="fraud", normal_class=normal, drop="customer")
    np.testing.assert_array_equal(data.y_test, frame.fraud[data.names_test])


def test_parts_that_are_given(frame, tmp_path):
    normal = frame[~frame.fraud].drop(columns="fraud")
    frame.to_csv(tmp_path / "test.csv", index=False)
    data = load(
        normal[:150],
        label="fraud",
        id="customer",
        validation_data=normal[150:],
        test_data=tmp_path / "test.csv",
    )
    assert [len(p) for p in (data.x_train, data.x_val, data.x_test)] == [150, 60, 240]
    np.testing.assert_array_equal(data.y_test, frame.fraud)
    assert data.ids_test["customer"] == frame.customer.tolist()
    with pytest.raises(ValueError, match=r"`test_data`: .*no column \['city'\]"):
        load(normal, id="customer", test_data=normal.drop(columns="city"))


@pytest.mark.parametrize(
    "changed, options, message",
    [
        ({}, {"drop": "z"}, "`drop` must name columns of `source`"),
        ({"city": None}, {}, "Column 'city' must not have missing values"),
        ({"amount": 1e300}, {}, "Received: 1e\\+300 in row 0"),
        ({"customer": None}, {"group": "customer"}, "`group` must name a column without missing"),
        ({"customer": "one"}, {"group": "customer"}, "`group` must have groups for both sides"),
        (
            {},
            {"time": "city", "drop": ["customer"]},
            "`time` must name a column of numbers, or of dates",
        ),
        ({}, {"label": "nope"}, "must have labels called one of"),
        ({"fraud": None}, {}, "`source` must label every row"),
        ({}, {"normal_class": "maybe"}, "`normal_class` must be a label"),
    ],
)
def test_what_does_not_fit(changed, options, message, frame):
    given = {"label": "fraud", "drop": "customer", **options}
    if "group" in options:
        del given["drop"]
    with pytest.raises(ValueError, match=message):
        load(frame.assign(**changed), **given)


def test_errors_name_the_line(frame, tmp_path):
    spoiled = frame.astype(object)
    spoiled.loc[7, "amount"] = "unknown"
    spoiled.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match=r"'unknown' in row 7 \(line 9\), column 'amount'"):
        load(tmp_path / "t.csv", label="fraud", drop="customer")


def test_suspicious_columns_are_warned_of(frame):
    table = frame.assign(**{"Unnamed: 0": range(240), "constant": 1})
    with pytest.warns(UserWarning, match=r"\['Unnamed: 0'\] look like the index.*\['constant'\]"):
        load(table, label="fraud", drop="customer")
