"""The one-class problems of the paper: one class against all, and altered images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kerasocc.experiments.papers.named_files import path_of

if TYPE_CHECKING:
    import numpy as np

SOURCES = {"cifar10": "CIFAR10", "voc2012": "VOC2012", "wikiart": "WikiArt"}
SIDE = 224
"""Of the images of folders, as in the paper."""
VALIDATION_SHARE = 0.4
"""Of VOC2012's own validation part, all the rest of which is the test part."""
LABELLED_SHARE = 0.1


def one_vs_all(normal_class: int, labelled_class: int | None = None) -> dict[str, Any]:
    """One class of CIFAR-10 is normal; samples of another one may be labelled anomalies."""
    return {
        "source": "cifar10",
        "setup": "one-vs-all",
        "normal_class": normal_class,
        "labelled_class": labelled_class,
    }


def alteration(
    source: str,
    test: tuple[str, int],
    *,
    validation: tuple[str, int] | None = None,
    labelled: tuple[str, int] | None = None,
) -> dict[str, Any]:
    """Natural images are normal, altered ones are not.

    Args:
        source: One of `SOURCES`.
        test: Kind and amount of the alteration of the test anomalies.
        validation: Those of the validation anomalies, None for the same.
        labelled: Those of the labelled training anomalies, None for none.
    """
    alterations = {"test": test, "validation": validation or test, "labelled": labelled}
    found = {name: None if kind is None else list(kind) for name, kind in alterations.items()}
    return {"source": source, "setup": "altered", **found}


def load_problem(problem: Mapping[str, Any], seed: int) -> Any:
    """The data of a problem with the splits of the paper, or fewer of them.

    Args:
        problem: What `one_vs_all` or `alteration` returned, with `path` for a folder, and
            `sizes` (training, validation and test samples at most) where it is reduced.
        seed: Of the splits and the alterations.

    Raises:
        FileNotFoundError: If the images are not there.
    """
    altered = problem["setup"] == "altered"
    data = _altered(problem, seed) if altered else _one_vs_all(problem, seed)
    sizes = problem.get("sizes")
    return data if sizes is None else _reduced(data, sizes, seed)


def _one_vs_all(problem: Mapping[str, Any], seed: int) -> Any:
    from kerasocc.datasets import one_vs_rest

    labelled = {}
    if problem["labelled_class"] is not None:
        # A tenth of one class beside four fifths of the normal one.
        share = LABELLED_SHARE / (LABELLED_SHARE + 0.8)
        labelled = dict(labelled=share, labelled_classes=[problem["labelled_class"]])
    return one_vs_rest(
        problem["source"],
        normal_class=problem["normal_class"],
        validation=0.2,
        preprocessing="imagenet",
        seed=seed,
        **labelled,
    )


def _altered(problem: Mapping[str, Any], seed: int) -> Any:
    parts = {"validation": 0.0 if problem["source"] == "voc2012" else 0.2}
    data = _with_alteration(problem, "test", seed, **parts)
    other = data
    if problem["validation"] != problem["test"]:
        other = _with_alteration(problem, "validation", seed, **parts)
    if problem["source"] != "voc2012":
        return replace(data, x_val=other.x_val, y_val=other.y_val)
    import numpy as np

    # Both halves of a part hold the same images in the same order, altered ones behind.
    count = len(data.x_test) // 2
    order = np.random.default_rng([seed, 6]).permutation(count)
    held_out, tested = np.split(order, [round(VALIDATION_SHARE * count)])
    rows = [np.sort(np.concatenate([chosen, chosen + count])) for chosen in (held_out, tested)]
    return replace(
        data,
        x_val=other.x_test[rows[0]],
        y_val=other.y_test[rows[0]],
        x_test=data.x_test[rows[1]],
        y_test=data.y_test[rows[1]],
    )


def _with_alteration(problem: Mapping[str, Any], part: str, seed: int, **parts: Any) -> Any:
    from kerasocc.datasets import altered

    kind, amount = problem[part]
    labelled = {}
    if problem["labelled"] is not None:
        labelled_kind, labelled_amount = problem["labelled"]
        labelled = dict(
            labelled=LABELLED_SHARE, labelled_kind=labelled_kind, labelled_amount=labelled_amount
        )
    source, size = problem["source"], None
    if "path" in problem:
        source, size = _folder(problem["path"]), SIDE
    return altered(
        source,
        kind=kind,
        amount=amount,
        preprocessing="imagenet",
        image_size=size,
        seed=seed,
        **labelled,
        **parts,
    )


def _folder(name: str) -> Any:
    from kerasocc.datasets.catalog import FOLDER, resolve

    found = resolve(path_of(name))
    if found.kind != FOLDER:
        raise FileNotFoundError(f"There is no folder of images called {path_of(name)!r}.")
    return found


def _reduced(data: Any, sizes: Mapping[str, int], seed: int) -> Any:
    """Fewer samples of every part, drawn by the seed; both kinds in the proportion they have."""
    import numpy as np

    generator = np.random.default_rng([seed, 7])

    def rows(labels: np.ndarray, size: int) -> np.ndarray:
        share = min(1.0, size / max(len(labels), 1))
        chosen = []
        for value in np.unique(labels):
            own = np.flatnonzero(labels == value)
            chosen.append(generator.choice(own, max(1, round(share * len(own))), replace=False))
        return np.sort(np.concatenate(chosen)) if chosen else np.arange(0)

    train, val, test = (
        rows(labels, sizes[part])
        for part, labels in (
            ("train", data.truth_train),
            ("validation", data.y_val),
            ("test", data.y_test),
        )
    )
    return replace(
        data,
        x_train=data.x_train[train],
        y_train=data.y_train[train],
        truth_train=data.truth_train[train],
        x_val=data.x_val[val],
        y_val=data.y_val[val],
        x_test=data.x_test[test],
        y_test=data.y_test[test],
        names_train=None,
        names_test=None,
        classes_test=None,
    )
