"""The files that the table of hostile inputs names, each made in a line."""

import gzip
import json
import os
import shutil
import zipfile

import keras
import numpy as np
import openpyxl
import pandas
from PIL import Image
from scipy.io import savemat

COLUMNS = ["a", "b", "flow rate", "d"]
ROWS = 40


def normal_rows():
    return np.random.default_rng(0).normal(size=(ROWS, 4)).round(6)


def table_text(last_row=""):
    """A table of numbers with a header, and a last row as it is given."""
    return pandas.DataFrame(normal_rows(), columns=COLUMNS).to_csv(index=False) + last_row


def repeated(row, header="a,b\n"):
    return header + row * ROWS


TEXTS = {
    "plain.csv": table_text(),
    "empty.csv": "",
    "blank.csv": "\n\n\n",
    "binary.csv": bytes(range(256)) * 9,
    "header.csv": "a,b\n",
    "only labels.csv": "label\n0\n1\n0\n",
    "one row.csv": "a,b\n1,2\n",
    "ragged.csv": repeated("1,2\n") + "1\n" + "3,4\n",
    "duplicate.csv": repeated("1,2,3\n", "a,b,a\n"),
    "constant.csv": repeated("1,2\n"),
    "missing.csv": table_text("NaN,1,2,3\n"),
    "infinite.csv": table_text("inf,1,2,3\n"),
    "huge.csv": table_text("1e300,1,2,3\n"),
    "nothing.csv": repeated("NaN,\n"),
    "text.csv": table_text("x,1,2,3\n"),
    "quote.csv": 'a,b\n1,"2\n' + "3,4\n" * ROWS,
    "latin.csv": "größe,b\n".encode("latin-1") + b"1,2\n" * ROWS,
    "odd utf-16.csv": repeated("1,2\n").encode("utf-16")[:-1],
    "no gzip.csv.gz": b"\x1f\x8b no gzip",
    "cut.csv.gz": gzip.compress(os.urandom(50).hex().encode() * 9)[:-9],
    "no zstd.csv.zst": b"\x28\xb5\x2f\xfd no zstd",
    "long.csv": "a" * 200_000 + "\n1\n",
    "page.csv": "<html>\n<body>Not found, sorry</body>\n</html>\n",
    "thousands.csv": "a;b\n1.234;2\n3.500;4\n",
    "dates.csv": "day,v\n" + "".join(f"{i % 28 + 1:02}.01.2024,{i}\n" for i in range(ROWS)),
    "no day.csv": "day,v\n" + "".join(f"2024-02-{i % 31 + 1:02},{i}\n" for i in range(ROWS)),
    "three labels.csv": "a,label\n" + "".join(f"{i % 7},{i % 3}\n" for i in range(ROWS)),
    "no normal.csv": "a,label\n" + "".join(f"{i % 7},1\n" for i in range(ROWS)),
    "one normal.csv": "a,label\n0,0\n1,0\n" + "".join(f"{i % 7},1\n" for i in range(ROWS)),
    "holes in labels.csv": "a,label\n" + "1,0\n2,\n" * ROWS,
    "other names.csv": table_text().replace("flow rate", "flow"),
    "returns.csv": table_text().replace("\n", "\r"),
    "marked.csv": table_text().encode("utf-8-sig"),
    "x.parquet": b"PAR1xx",
    "x.npz": b"PK",
    "x.npy": b"\x93NUMPY\x01\x00\x10\x00{'descr': bad   }",
    "x.mat": b"x",
    "x 7.3.mat": b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(600),
    "x.xlsx": b"x",
    "x.txt": "a,b\n1,2\n",
    "x.keras": "no model",
    "cut.yaml": "nu: [1,",
    "unknown.yaml": "nope: 1",
    "code.yaml": "nu: !!python/object:os.system x",
    "list.yaml": "- 1",
    "cut.json": "{",
    "raises.py": "raise ZeroDivisionError('no')",
    "exits.py": "raise SystemExit(3)",
}


def image(seed=0, size=(16, 16), mode="RGB"):
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype("uint8")
    return Image.fromarray(pixels).convert(mode)


def make_files(place):
    for name, text in TEXTS.items():
        (place / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    np.savez(place / "no rows.npz", X=np.zeros((0, 3)))
    np.savez(place / "text.npz", X=np.array([["a"] * 3] * 30))
    np.savez(place / "objects.npz", X=np.array([{}, []], dtype=object))
    np.savez(place / "complex.npz", X=np.ones((30, 3), complex))
    np.savez(place / "one axis.npz", X=np.ones(30))
    np.savez(place / "no name.npz", foo=np.ones((30, 3)))
    np.savez(place / "black.npz", images=np.zeros((20, 16, 16, 3), "uint8"))
    np.savez(place / "few labels.npz", X=normal_rows(), y=np.zeros(3))
    np.save(place / "three columns.npy", np.ones((5, 3)))
    savemat(place / "few labels.mat", {"X": normal_rows(), "y": np.zeros(3)})
    content = (place / "few labels.npz").read_bytes()
    (place / "cut.npz").write_bytes(content[: len(content) // 2])
    pandas.DataFrame({"a": [[1], [2]] * 20}).to_parquet(place / "lists.parquet")
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    book.save(place / "header.xlsx")
    openpyxl.Workbook().save(place / "empty.xlsx")
    with zipfile.ZipFile(place / "other.keras", "w") as archive:
        archive.writestr("a", "b")
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(place / "foreign.keras")
    make_folders(place)


def make_folders(place):
    for name in ("photos", "nothing", "broken", "links", "one", "cut", "modes", "folder.csv"):
        (place / name).mkdir()
    for number in range(20):
        image(number).save(place / "photos" / f"{number:02}.png")
    for number in range(3):
        (place / "broken" / f"{number}.png").write_text("no image")
        (place / "links" / f"{number}.png").symlink_to("nowhere")
    image().save(place / "one" / "1.png")
    (place / "cut" / "1.png").write_bytes((place / "one" / "1.png").read_bytes()[:300])
    for mode in ("1", "L", "P", "RGBA"):
        image(size=(20, 24), mode=mode).save(place / "modes" / f"{mode}.png")
    (place / "loop").mkdir()
    (place / "loop" / "again").symlink_to(".")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def with_text(text):
    return lambda path: path.write_bytes(text.encode())


def without_last_line(path):
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")


def with_changed(change):
    def damage(path):
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return damage


def with_nan_as_score(path):
    lines = path.read_text().splitlines()
    cells = lines[3].split(",")
    cells[lines[0].split(",").index("score")] = "nan"
    path.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]) + "\n")


# By name of a run: which of its files is damaged, and how.
DAMAGE = {
    "cut-model": ("model.keras", cut),
    "no-model": ("model.keras", os.unlink),
    "text-model": ("model.keras", with_text("x")),
    "cut-config": ("config.json", cut),
    "empty-config": ("config.json", with_text("")),
    "other-config": ("config.json", with_text("[]")),
    "no-results": ("results.json", os.unlink),
    "cut-results": ("results.json", cut),
    "other-results": ("results.json", with_text("{}")),
    "no-threshold": ("results.json", with_changed(lambda found: found.update(threshold="x"))),
    "unfinished": ("results.json", with_changed(lambda found: found.update(status="x"))),
    "no-format": ("sample_format.json", os.unlink),
    "cut-format": ("sample_format.json", cut),
    "other-format": ("sample_format.json", with_text("{}")),
    "wide-format": ("sample_format.json", with_changed(lambda found: found["shape"].append(2))),
    "other-data": ("data.json", with_text("{}")),
    "list-data": ("data.json", with_text("[]")),
    "few-scores": ("scores.csv", without_last_line),
    "nan-scores": ("scores.csv", with_nan_as_score),
    "binary-scores": ("scores.csv", lambda path: path.write_bytes(b"\xff\xfe\x00")),
}


def damaged_runs(run):
    for name, (file, damage) in DAMAGE.items():
        shutil.copytree(run, run.parent / name)
        damage(run.parent / name / file)
