"""The stored format of samples."""

import pytest

from kerasocc.datasets.sample_format import ARRAYS, TABLE, SampleFormat


@pytest.mark.parametrize(
    "sample_format",
    [
        SampleFormat(kind=ARRAYS, shape=(8, 8, 1)),
        SampleFormat(
            kind=TABLE, shape=(2,), columns=("a", "b"), fill=(0.5, -1.0), normal_class="ok"
        ),
    ],
)
def test_round_trip(sample_format, tmp_path):
    sample_format.write(tmp_path / "f.json")
    assert SampleFormat.read(tmp_path / "f.json") == sample_format


@pytest.mark.parametrize("content", ["[]", "{}", '{"kind": "table", "shape": [2]}'])
def test_other_content_is_refused(content, tmp_path):
    (tmp_path / "f.json").write_text(content)
    with pytest.raises(ValueError, match="f.json must be a JSON object with the entries"):
        SampleFormat.read(tmp_path / "f.json")
