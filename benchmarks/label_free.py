"""Parameters chosen without labels, by the criteria of `kerasocc.estimators`: worth it or not?

`KERASOCC_DATA_DIR=... python -m benchmarks.label_free` in the root of the repository. For every
table and grid the criteria are means over two folds of the normal training rows. The value
with the best one is trained on all of them, as is the default, and both are tested with the
anomalies. Only tables of the half that settings may be chosen on are used
(`benchmarks/detection`). Results are kept in `--out`, a file per table and grid.
"""

from __future__ import annotations

import argparse
import os
import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_validate

from benchmarks.detection.problems import TABLES_TO_CHOOSE_ON, Division, find_problems, read_parts
from kerasocc import estimators
from kerasocc.files import read_json, write_json

NAMES = ("breastw", "cardio", "glass", "ionosphere", "letter", "vertebral")
SYNTHETIC, LOSS = CRITERIA = ("synthetic anomalies", "held-out loss")
SCORERS = {
    SYNTHETIC: estimators.synthetic_anomaly_scorer,
    LOSS: estimators.held_out_loss_scorer,
}


class Grid(NamedTuple):
    """Values of one parameter.

    Attributes:
        detector: What is tuned.
        parameter: Its name.
        values: What it may be.
        default: One of them.
        criteria: Those that apply.
    """

    detector: Any
    parameter: str
    values: tuple[Any, ...]
    default: Any
    criteria: tuple[str, ...] = (SYNTHETIC,)


GRIDS = {
    "Deep SVDD, steps": Grid(estimators.DeepSVDDDetector(), "steps", (25, 50, 100, 200, 400), 100),
    "Deep SVDD, soft boundary, nu": Grid(
        estimators.DeepSVDDDetector(objective="soft-boundary"), "nu", (0.02, 0.1, 0.3), 0.1
    ),
    "autoencoder, steps": Grid(
        estimators.AutoencoderDetector(), "steps", (125, 250, 500, 1000), 500, CRITERIA
    ),
    "autoencoder, code size": Grid(
        estimators.AutoencoderDetector(),
        "hidden",
        ((128, 2), (128, 8), (128, 24), (128, 64)),
        (128, 64),
    ),
    "nearest neighbours, k": Grid(estimators.NearestNeighborsDetector(), "k", (1, 3, 5, 10, 20), 5),
    "robust autoencoder, lam": Grid(
        estimators.RobustAutoencoderDetector(), "lam", ("auto", 0.5, 5.0), "auto"
    ),
}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/label_free"))
    parser.add_argument("--tables", nargs="+", default=list(NAMES), choices=TABLES_TO_CHOOSE_ON)
    parser.add_argument("--grids", nargs="+", default=list(GRIDS), choices=GRIDS)
    parser.add_argument("--max-rows", type=int, default=1000)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore", message="`fpr` must be at least")
    folder = Path(os.environ["KERASOCC_DATA_DIR"])
    problems = {p.name: p for p in find_problems(folder, folder / "none")}
    results: dict[str, list[dict[str, Any]]] = {}
    for title in options.grids:
        for name in options.tables:
            file = options.out / f"{re.sub('[^a-zA-Z]+', '-', title)}-{name}.json"
            if not file.exists():
                division = Division(max_rows=options.max_rows, held_out=0.0)
                write_json(
                    file, _result(GRIDS[title], read_parts(problems[name], division, folder))
                )
            results.setdefault(title, []).append(read_json(file))
    _report(results)


def _result(grid: Grid, parts: Any) -> dict[str, Any]:
    """The AUC of every value, and what each criterion thinks of it."""
    found: dict[str, Any] = {"auc": [], **{name: [] for name in grid.criteria}}
    for value in grid.values:
        detector = clone(grid.detector).set_params(random_state=0, **{grid.parameter: value})
        folds = KFold(2, shuffle=True, random_state=0)
        scorers = {name: SCORERS[name] for name in grid.criteria}
        scores = cross_validate(detector, parts.x_train, scoring=scorers, cv=folds)
        for name in grid.criteria:
            found[name].append(float(np.mean(scores[f"test_{name}"])))
        fitted = detector.fit(parts.x_train)
        found["auc"].append(float(roc_auc_score(parts.y_test, -fitted.score_samples(parts.x_test))))
    return found


def _report(results: dict[str, list[dict[str, Any]]]) -> None:
    """Mean AUCs in %: of the default, of the worst and the best value, and of those chosen."""
    print("| parameter | tables | default | worst | best | " + " | ".join(CRITERIA) + " |")
    print("|---|---|---|---|---|" + "---|" * len(CRITERIA))
    for title, found in results.items():
        grid = GRIDS[title]
        aucs = 100 * np.array([result["auc"] for result in found])
        default = aucs[:, grid.values.index(grid.default)]
        cells = [len(found), default.mean(), aucs.min(axis=1).mean(), aucs.max(axis=1).mean()]
        for name in CRITERIA:
            if name not in grid.criteria:
                cells.append("")
                continue
            best = [int(np.argmax(result[name])) for result in found]
            chosen = aucs[np.arange(len(found)), best]
            worse = int(np.sum(chosen < default - 1))
            cells.append(f"{chosen.mean():.1f} ({worse} worse)")
        texts = [c if isinstance(c, str) else f"{c:.4g}" for c in cells]
        print(f"| {title} | " + " | ".join(texts) + " |")


if __name__ == "__main__":
    main()
