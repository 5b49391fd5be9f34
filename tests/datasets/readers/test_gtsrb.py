"""The layouts of GTSRB."""

import numpy as np
import PIL.Image
import pytest

from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_folders import list_images
from tests.datasets.image_examples import decoded, names, save, write

SIGNS = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"


@pytest.fixture
def gtsrb(tmp_path, random):
    root = tmp_path / "GTSRB"
    for label in (2, 14):
        folder = root / "Final_Training" / "Images" / f"{label:05}"
        for name in ("00000_00000.ppm", "00000_00001.ppm"):
            save(folder / name, random.integers(0, 256, (10, 9, 3), dtype="uint8"))
        rows = (f"00000_0000{i}.ppm;9;10;1;2;6;7;{label}" for i in (1, 0))
        write(folder / f"GT-{label:05}.csv", SIGNS, *rows)
    save(root / "Final_Test" / "Images" / "00000.ppm")
    save(root / "Final_Test" / "Images" / "00001.ppm")
    return root


def test_gtsrb(gtsrb):
    listing = list_images(gtsrb)
    train = gtsrb / "Final_Training" / "Images"
    assert names(listing.train, train) == [
        ("00002/00000_00000.ppm", "2"),
        ("00002/00000_00001.ppm", "2"),
        ("00014/00000_00000.ppm", "14"),
        ("00014/00000_00001.ppm", "14"),
    ]
    assert listing.classes == ["2", "14"]
    assert listing.test is None and listing.default_normal is None
    # Columns 1 to 6 and rows 2 to 7, both ends included.
    assert {file.box for file in listing.train} == {(1, 2, 7, 8)}
    whole = np.asarray(PIL.Image.open(listing.train[0].path))
    np.testing.assert_array_equal(decoded(listing.train[0])[0], whole[2:8, 1:7])
    path = train / "00002" / "GT-00002.csv"
    path.write_text(path.read_text(), encoding="utf-8-sig")  # as spreadsheets save it
    assert list_images(gtsrb) == listing


@pytest.mark.parametrize("place", ["Final_Test/Images", "Final_Test", ".", ".."])
def test_test_part_of_gtsrb(gtsrb, place):
    rows = ("00001.ppm;4;3;0;0;3;2;7", "00000.ppm;4;3;1;1;2;2;14")
    without = [line.rsplit(";", 1)[0] for line in (SIGNS, *rows)]
    write(gtsrb / "Final_Test" / "Images" / "GT-final_test.test.csv", *without)
    assert list_images(gtsrb).test is None
    write(gtsrb / place / "GT-final_test.csv", SIGNS, *rows)
    listing = list_images(gtsrb.parent)
    images = gtsrb / "Final_Test" / "Images"
    assert listing.test == [
        ImageFile(images / "00000.ppm", "14", (1, 1, 3, 3)),
        ImageFile(images / "00001.ppm", "7", (0, 0, 4, 3)),
    ]
    assert listing.classes == ["2", "7", "14"]


BROKEN_SIGNS = {
    "column": ([SIGNS.replace(";Roi.Y2", ""), "a"], r"the columns \['Roi.Y2'\] too. Received: \["),
    "number": (
        [SIGNS, "00000_00000.ppm;9;10;1;2;6;7;2", "00000_00001.ppm;9;10;1;x;6;7;2"],
        "Received: 'x' in row 3, column 'Roi.Y1'",
    ),
    "short": ([SIGNS, "00000_00000.ppm;9;10;1"], "Received: None in row 2, column 'Roi.Y1'"),
    "rows": ([SIGNS], "hold images .*Received: none"),
    "empty": ([], "Received: None"),
}


@pytest.mark.parametrize("broken", BROKEN_SIGNS)
def test_broken_list_of_gtsrb(broken, gtsrb):
    lines, message = BROKEN_SIGNS[broken]
    path = gtsrb / "Final_Training" / "Images" / "00002" / "GT-00002.csv"
    path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=f"GT-00002.csv' must .*{message}"):
        list_images(gtsrb)
    path.write_bytes(SIGNS.encode() + b"\n\xff\xfe;1\n")
    with pytest.raises(ValueError, match="GT-00002.csv' is no readable .csv file"):
        list_images(gtsrb)


def test_files_that_gtsrb_lacks(gtsrb):
    folder = gtsrb / "Final_Training" / "Images" / "00014"
    (folder / "00000_00001.ppm").unlink()
    with pytest.raises(FileNotFoundError, match="00000_00001.ppm', which '.*GT-00014.csv' lists"):
        list_images(gtsrb)
    (folder / "GT-00014.csv").unlink()
    with pytest.raises(FileNotFoundError, match="GT-00014.csv"):
        list_images(gtsrb)


def test_gtsrb_of_kaggle(tmp_path):
    header = "Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path"
    for name in ("Train/20/a.png", "Train/3/b.png", "Test/00000.png", "Meta/0.png"):
        save(tmp_path / name)
    write(
        tmp_path / "Train.csv",
        header,
        "4,3,0,0,2,1,20,Train/20/a.png",
        "4,3,1,1,3,2,3,Train/3/b.png",
    )
    write(tmp_path / "Test.csv", header, "4,3,1,0,2,1,3,Test/00000.png")
    listing = list_images(tmp_path)
    assert listing.train == [
        ImageFile(tmp_path / "Train/20/a.png", "20", (0, 0, 3, 2)),
        ImageFile(tmp_path / "Train/3/b.png", "3", (1, 1, 4, 3)),
    ]
    assert listing.test == [ImageFile(tmp_path / "Test/00000.png", "3", (1, 0, 3, 2))]
    assert listing.classes == ["3", "20"]
