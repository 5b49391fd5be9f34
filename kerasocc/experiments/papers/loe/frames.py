"""Features of video frames, from files of features or from images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kerasocc.experiments.papers.loe.pretrained import embedded_images

if TYPE_CHECKING:
    from kerasocc.datasets import OneClassDataset


def frame_features(source: str, *, contamination: float, seed: int) -> OneClassDataset:
    """A video set as a one-class problem of features of its frames.

    Args:
        source: Folder in the layout of UCSD Pedestrian, or its name in `KERASOCC_DATA_DIR`; see
            `frame_sequences`. Of images the features are those of a pretrained ResNet-18.
        contamination: Fraction of anomalous frames among the training frames. They stay in the
            test part: what is looked for is in the training data.
        seed: Of their draw.

    Raises:
        FileNotFoundError: If there is no such folder, or no weights for images.
    """
    import kerasocc

    folder = Path(source)
    if not folder.is_dir():
        folder = Path(os.environ.get("KERASOCC_DATA_DIR", "."), source)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {source!r} with `Train` and `Test`, neither here nor in "
            "KERASOCC_DATA_DIR"
        )
    data = kerasocc.datasets.frame_sequences(
        folder, contamination=contamination, keep_in_test=True, seed=seed
    )
    if data.x_train.ndim == 2:
        return data
    return embedded_images(data)
