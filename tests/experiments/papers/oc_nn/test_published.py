"""The figures of the OC-NN repository."""

from kerasocc.experiments.papers.oc_nn.published import PUBLISHED, published_auc


def test_published_figures():
    rows = [row for by_method in PUBLISHED.values() for row in by_method.values()]
    assert [len(row) for row in rows] == [8, 10, 6, 1, 1, 1, 1]
    found = [published_auc("mnist", "oc-nn", c) for c in range(10)]
    assert all(figure.checked for figure in found if figure)
    mnist = [figure and figure.value for figure in found]
    assert mnist[6:] == [97.1, None, 88.6, None]
    assert published_auc("cifar10", "oc-nn", 9).value == 68.7
    assert published_auc("/data/gtsrb32_subset.npz", "soft-boundary", "00014").value == 67.5
    assert published_auc("/data/gtsrb32_subset.npz", "one-class", 13) is None
