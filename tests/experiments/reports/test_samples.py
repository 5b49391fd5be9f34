"""Which samples a page shows, class by class and one by one."""

import numpy as np
import pytest

from kerasocc.experiments.reports import by_class, samples
from kerasocc.experiments.reports.markup import as_text, element
from kerasocc.experiments.reports.pictures import Pictures, address_of, pictures_of
from kerasocc.experiments.reports.scored_samples import ScoredSamples

SCORES = np.array([0.1, 0.9, 0.4, 0.6, 0.2, 0.8])
LABELS = np.array([0, 1, 1, 0, 1, 0])


def test_wrong_and_close_decisions_are_worth_a_look():
    found = samples.worth_a_look(LABELS, SCORES, 0.5)
    assert {name: indices.tolist() for name, indices in found.items()} == {
        "Missed anomalies": [4, 2],
        "False alarms": [5, 3],
        "Closest to the threshold": [0, 1],
    }
    found = samples.worth_a_look(None, SCORES, 0.5)
    assert found["Closest to the threshold"][:2].tolist() == [2, 3] and len(found) == 1
    assert list(samples.worth_a_look(np.zeros(6), SCORES, 2.0)) == ["Closest to the threshold"]


def test_no_sample_is_at_both_ends():
    found = samples.extremes(SCORES)
    assert found["Largest scores"].tolist() == [1, 5, 3]
    assert found["Smallest scores"].tolist() == [0, 4, 2]
    assert samples.extremes(np.array([1.0]))["Largest scores"].tolist() == [0]
    many = samples.extremes(np.arange(100.0))
    assert [len(indices) for indices in many.values()] == [16, 16]


def test_classes_by_hand():
    classes = np.array(["good", "hole", "hole", "good", "crack", "good"])
    found = by_class.by_class(ScoredSamples(SCORES, LABELS, classes=classes), 0.5)
    assert [entry["name"] for entry in found] == ["good", "crack", "hole"]
    assert [entry["flagged"] for entry in found] == [2, 0, 1]
    # Of the normal scores 0.1, 0.6 and 0.8 the crack beats one; the holes three and one of three.
    assert found[1]["auc"] == pytest.approx(1 / 3) and found[2]["auc"] == pytest.approx(4 / 6)
    assert found[0]["auc"] is None and found[0]["samples"] == 3
    low, high = found[0]["flagged_interval"]
    assert low < 2 / 3 < high
    text = as_text(by_class.table(found))
    assert ">good</th><td>normal</td>" in text and ">66.67</td>" in text


@pytest.mark.parametrize(
    "classes", [None, ["normal", "anomaly", "anomaly", "normal", "anomaly", "normal"]]
)
def test_classes_that_say_no_more_than_the_labels_are_left_out(classes):
    classes = None if classes is None else np.array(classes)
    assert by_class.by_class(ScoredSamples(SCORES, LABELS, classes=classes), 0.5) == []
    assert by_class.table([]) is None


def shown(tested, pictures):
    groups = {"Here": np.array([1, 0])}
    return as_text(element("div", samples.show(groups, tested, 0.5, pictures)))


def test_rows_have_their_columns_and_what_made_their_scores():
    tested = ScoredSamples(SCORES, None, np.arange(6), {"order": list("abcdef")})
    text = shown(tested, Pictures(remarks={"1": "a <b> far out"}))
    assert '<th scope="row">row 1</th><td>b</td><td class="number">0.9</td>' in text
    assert "a &lt;b&gt; far out" in text and "what made the score" in text
    assert "what made the score" not in shown(tested, Pictures())


def test_images_have_pictures_and_heat_maps():
    x = np.random.default_rng(0).random((6, 5, 4, 1))
    maps = {1: np.ones((5, 4, 3))}
    pictures = pictures_of(x, np.array([1, 3]), maps=maps, remarks={1: "a stroke"})
    assert set(pictures.samples) == {"1", "3"} and pictures.is_small
    text = shown(ScoredSamples(SCORES, LABELS, np.array([f"{i}.png" for i in range(6)])), pictures)
    assert 'alt="1.png: score 0.9, anomaly, flagged"' in text
    assert 'alt="What made the score of 1.png"' in text and "a stroke" in text
    assert text.count("<img") == 2, "sample 0 has no picture"
    assert pictures_of(np.zeros((6, 3)), np.array([0])) == Pictures()


def test_pictures_are_kept_in_a_file(tmp_path):
    assert Pictures.read(tmp_path) == Pictures()
    x = np.random.default_rng(0).random((2, 5, 4, 3))
    pictures = pictures_of(x, np.array([0, 1]), remarks={0: "why"})
    pictures.write(tmp_path)
    assert Pictures.read(tmp_path) == pictures
    (tmp_path / "pictures.json").write_text('{"other": 1}')
    with pytest.raises(ValueError, match="entries among"):
        Pictures.read(tmp_path)


def test_large_pictures_are_made_smaller():
    import base64
    import io

    from PIL import Image

    kinds = {}
    for side in (64, 400):
        address = address_of(np.random.default_rng(0).random((side, side // 2, 3)))
        head, _, content = address.partition(",")
        kinds[head] = Image.open(io.BytesIO(base64.b64decode(content))).size
    assert kinds == {"data:image/png;base64": (32, 64), "data:image/jpeg;base64": (96, 192)}
