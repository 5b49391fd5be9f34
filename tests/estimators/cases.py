"""The detectors, tables and images that their tests share, and what scikit-learn's checks find."""

import numpy as np

from kerasocc import estimators

TINY = dict(steps=2, hidden=(2,))
"""So short that a whole list of checks takes a minute; what is trained does not matter there."""

CHECKED = {
    "nearest neighbours": estimators.NearestNeighborsDetector(k=1),
    "Deep SVDD": estimators.DeepSVDDDetector(**TINY),
    "Deep SAD": estimators.DeepSADDetector(**TINY),
    "hypersphere classifier": estimators.HypersphereClassifierDetector(**TINY),
    "OC-NN": estimators.OCNNDetector(steps=2, fourier_features=8),
    "autoencoder": estimators.AutoencoderDetector(**TINY),
    "robust autoencoder": estimators.RobustAutoencoderDetector(**TINY),
    "NeuTraL AD": estimators.NeuTraLADDetector(**TINY, num_transforms=2),
    "ICL": estimators.ICLDetector(**TINY, permutations=1),
    "ensemble": estimators.EnsembleDetector(
        detectors=[
            estimators.NearestNeighborsDetector(k=1),
            estimators.AutoencoderDetector(**TINY),
        ]
    ),
}
"""Every detector that takes tables; `FCDDDetector`, `GEODetector` and `MultiHeadRotNetDetector` are
for images alone, for which scikit-learn has no checks."""


def table(samples=200, anomalies=40, columns=4, seed=0):
    """Rows of which the columns depend on one another, and anomalies in which they do not."""
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(2, columns))
    normal = generator.normal(size=(samples, 2)) @ mixing
    normal += 0.05 * generator.normal(size=normal.shape)
    strange = generator.permuted(normal[:anomalies], axis=0) + generator.normal(
        0, 2, size=(anomalies, columns)
    )
    return normal.astype("float32"), strange.astype("float32")
