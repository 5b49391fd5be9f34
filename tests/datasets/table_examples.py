"""A small table and its files."""

import numpy as np
import scipy.io


def make_table(random):
    """40 normal rows and 10 anomalies."""
    x = random.normal(size=(50, 3)).astype("float32")
    y = np.repeat([0, 1], [40, 10])
    return x, y


def write_csv(path, x, y, header="a,b,c,label"):
    rows = [",".join([*map(repr, map(float, row)), str(v)]) for row, v in zip(x, y, strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n")


def write(path, x, y):
    if path.suffix == ".npz":
        np.savez(path, X=x, y=y)
    elif path.name.endswith("v73.mat"):
        import h5py

        with h5py.File(path, "w") as file:
            file["X"], file["y"] = x.T, y[None]
    elif path.suffix == ".mat":
        scipy.io.savemat(path, {"X": x, "y": y[:, None]})
    elif path.suffix == ".csv":
        write_csv(path, x, y)
    else:
        import pandas

        pandas.DataFrame({**{f"c{i}": x[:, i] for i in range(3)}, "Outlier": y}).to_parquet(path)
