"""`kerasocc train` without a method: what it takes, what it makes, what the report says."""

import json

import numpy as np
import pandas
import pytest
from sklearn.metrics import roc_auc_score

import kerasocc
from kerasocc.cli import main
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.methods import METHODS
from kerasocc.experiments.runs import ensemble_training, runner
from tests.cli.helpers import refused


def write_pumps(path, columns=4, rows=160):
    """Normal rows on a ring of two columns, anomalies in its middle."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, columns))
    bad = np.arange(rows) % 8 == 3
    angle, radius = 2 * np.pi * random.random(rows), np.where(bad, 0.1, 3.0)
    x[:, 0], x[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
    frame = pandas.DataFrame(x).rename(columns=str)
    frame["label"] = bad.astype(int)
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("auto")
    table = write_pumps(folder / "pumps.csv")
    arguments = ["train", "--dataset", str(table), "--out", str(folder), "--name", "run"]
    assert main([*arguments, "--quiet"]) == 0
    return folder


def results_of(folder, name="run"):
    return json.loads((folder / name / "results.json").read_text())


def test_a_table_has_neighbours_and_deep_svdd(run):
    results = results_of(run)
    assert results["method"] == "Automatic choice" and results["left_out"] == {}
    kinds = [member["kind"] for member in results["members"]]
    assert kinds.count("Nearest neighbours") == 4 and kinds.count("Deep SVDD") == 3
    assert kinds.count("Neighbours in Deep SVDD") == 3
    assert results["auc"] > 0.95
    assert all(0.5 < member["auc"] <= 1 for member in results["members"])
    assert all(-1 <= member["agreement"] <= 1 for member in results["members"])
    page = (run / "run" / "report.html").read_text()
    assert "Nearest neighbours, quantile" in page and "AUC alone" in page


def test_the_scalings_and_the_seeds_differ(run):
    model = kerasocc.load_model(run / "run" / "model.keras")
    assert isinstance(model, kerasocc.Ensemble)
    names = [type(member.preprocessing.scaling).__name__ for member in model.members[:4]]
    assert names == ["Standardization", "MinMaxScaling", "RobustScaling", "QuantileScaling"]
    assert not any(member.standardize for member in model.members[:4])
    x = np.random.default_rng(1).normal(size=(50, 4)).astype("float32")
    scores = model.member_scores(x)
    assert len(np.unique(scores[0])) == 10
    np.testing.assert_allclose(model.score(x), scores.mean(axis=1), rtol=1e-5, atol=1e-6)


def test_the_model_scores_and_is_evaluated(run, capsys, monkeypatch):
    monkeypatch.chdir(run)
    assert main(["evaluate", "--out", str(run), "--run", "run"]) == 0
    assert f"{100 * results_of(run)['auc']:.2f} %" in capsys.readouterr().out
    frame = pandas.read_csv(run / "pumps.csv").drop(columns="label")
    frame.head(3).to_csv(run / "new.csv", index=False)
    assert main(["score", str(run / "new.csv"), "--out", str(run), "--run", "run"]) == 0
    assert capsys.readouterr().out.startswith("row,score,is_anomaly")


@pytest.mark.slow
def test_an_interrupted_run_ends_as_if_it_had_not_been(run, tmp_path, monkeypatch):
    arguments = ["train", "--dataset", str(run / "pumps.csv"), "--out", str(tmp_path)]
    arguments += ["--name", "run", "--quiet"]
    train, calls = ensemble_training.train_model, []

    def stop_at_the_sixth(*args, **options):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return train(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ensemble_training, "train_model", stop_at_the_sixth)
        assert main(arguments) != 0
    assert main([*arguments, "--resume"]) == 0
    assert (tmp_path / "run" / "scores.csv").read_bytes() == (
        run / "run" / "scores.csv"
    ).read_bytes()


def test_members_for_which_there_is_no_time_are_left_out(run, tmp_path):
    arguments = ["train", "--dataset", str(run / "pumps.csv"), "--out", str(tmp_path)]
    assert main([*arguments, "--name", "run", "--quiet", "--time-budget", "1e-9"]) == 0
    results = results_of(tmp_path)
    assert [member["title"] for member in results["members"]] == ["Nearest neighbours, standard"]
    assert len(results["left_out"]) == 6
    assert "1e-09 seconds of `time_budget`" in results["left_out"]["Deep SVDD 1"]
    assert "Left out: Deep SVDD 1" in (tmp_path / "run" / "report.html").read_text()


def test_members_by_the_kind_of_data():
    def of(shape):
        members = METHODS["auto"].members(TrainConfig.for_dataset(method="auto"), shape, 300)
        return [(member.method, member.settings.get("preprocessing")) for member in members]

    assert ("nearest-neighbors", "quantile") in of((20,))
    assert ("neutral-ad", None) not in of((20,)) and ("neutral-ad", None) in of((512,))
    assert of((28, 28, 1))[:2] == [("nearest-neighbors", "unit"), ("nearest-neighbors", "contrast")]
    assert len(of((28, 28, 1))) == 4 and len(of((7, 28, 1))) == 2


@pytest.mark.parametrize("options", [{"hidden_anomalies": True}, {"contamination": 0.1}])
def test_hidden_anomalies_change_how_neighbours_are_sought(options):
    def of(**options):
        config = TrainConfig.for_dataset(method="auto", **options)
        return METHODS["auto"].members(config, (4,), 300)

    assert [member.settings.get("subsets") for member in of(**options)] == [100, 100, 100, None]
    assert of(**options)[3].neighbors["subsets"] == 100
    for usual in (of(), of(**{"contamination": 0.1, **options, "hidden_anomalies": False})):
        assert "subsets" not in usual[0].settings and "subsets" not in usual[-1].neighbors


def test_hidden_anomalies_are_found(tmp_path):
    random = np.random.default_rng(0)
    hidden = random.normal(4, 0.05, size=(20, 3))
    rows = np.concatenate([random.normal(size=(300, 3)), hidden])
    pandas.DataFrame(rows).rename(columns=lambda c: f"c{c}").to_csv(
        tmp_path / "rows.csv", index=False
    )
    arguments = ["train", "--dataset", str(tmp_path / "rows.csv"), "--out", str(tmp_path)]
    assert main([*arguments, "--quiet", "--name", "run", "--hidden-anomalies"]) == 0
    assert main([*arguments, "--quiet", "--name", "usual", "--method", "auto"]) == 0
    x, labels = rows.astype("float32"), np.arange(320) >= 300
    aucs = [
        roc_auc_score(labels, kerasocc.load_model(tmp_path / name / "model.keras").score(x))
        for name in ("run", "usual")
    ]
    assert aucs[0] > 0.9 and aucs[1] < aucs[0] - 0.2
    model = kerasocc.load_model(tmp_path / "run" / "model.keras")
    assert [getattr(member, "subsets", None) for member in model.members] == [100] * 3 + [None, 100]
    pages = [(tmp_path / name / "report.html").read_text() for name in ("run", "usual")]
    assert "without labels, anomalies among them" in pages[0]
    assert "without labels, taken for normal" in pages[1]
    assert main(["calibrate", str(tmp_path / "run"), "--fpr", "0.2"]) == 0
    for calibration in (
        results_of(tmp_path)["calibration"],
        results_of(tmp_path, "usual")["calibration"],
    ):
        hidden = calibration["on"] == "held-out samples that may have anomalies among them"
        assert hidden == (calibration["rate"] == 0.2) == (calibration["interval"] is None)
        assert hidden == ("may have anomalies among them: about" in str(calibration["note"]))


@pytest.mark.parametrize(("samples", "components"), [(200, None), (1023, None), (1024, 256)])
def test_the_components_of_few_images_are_not_taken_for_all_there_is(samples, components):
    config = TrainConfig.for_dataset(method="auto")
    members = METHODS["auto"].members(config, (48, 48, 1), samples)
    assert [member.settings["components"] for member in members] == [components] * 4


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ([], "auto"),
        (["--seed", "3", "--validation", "0.3"], "auto"),
        (["--epochs", "2"], "deep-svdd"),
        (["--hidden", "8"], "deep-svdd"),
        (["--preprocessing", "standard"], "deep-svdd"),
        (["--latent", "soft"], "deep-svdd"),
        (["--nu", "0.2"], "deep-svdd"),
        (["--fourier-features", "64"], "oc-nn"),
        (["--lam", "0.1"], "robust-autoencoder"),
        (["--temperature", "0.2"], "neutral-ad"),
        (["--labelled", "0.1"], "deep-sad"),
        (["--k", "3"], "nearest-neighbors"),
        (["--protocol", "transductive"], "deep-svdd"),
        (["--method", "icl"], "icl"),
    ],
)
def test_options_imply_their_method(options, method, tmp_path, monkeypatch):
    table = write_pumps(tmp_path / "pumps.csv")
    found = []

    def stop(config, *args, **kwargs):
        found.append(config.method)
        raise ValueError("enough")

    monkeypatch.setattr(runner, "train_phases", stop)
    main(["train", "--dataset", str(table), "--out", str(tmp_path), "--quiet", *options])
    assert found == [method]


@pytest.mark.slow
def test_a_file_of_settings_implies_its_method_and_that_of_a_run_is_repeated(run, tmp_path):
    config = TrainConfig.read(run / "run" / "config.json")
    assert config.method == "auto"
    arguments = ["train", "--config", str(run / "run" / "config.json"), "--out", str(tmp_path)]
    assert main([*arguments, "--name", "run", "--quiet"]) == 0
    assert results_of(tmp_path)["auc"] == results_of(run)["auc"]


@pytest.mark.parametrize("option", ["--epochs 3", "--hidden 8", "--preprocessing standard"])
def test_what_auto_decides_about_is_refused_beside_it(option, run, tmp_path, capsys):
    arguments = ["train", "--dataset", str(run / "pumps.csv"), "--method", "auto"]
    message = refused([*arguments, "--out", str(tmp_path), *option.split()], capsys)
    assert "must be left out: the method 'auto' decides about it" in message
