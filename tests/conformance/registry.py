"""The models that run through the whole conformance suite, one line each."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.datasets.preprocessing import contrast_min_max
from kerasocc.networks.layer_factory import LayerFactory, sequential
from tests.own_method import DirectionModel


class Case(NamedTuple):
    """A model and what a short training on the digits must reach."""

    name: str
    make: Callable[..., keras.Model]
    """Takes `preprocessing` and `seed`."""
    epochs: int
    auc: float
    spread: float
    """Ratio of the standard deviation of the test scores to their mean, at least."""
    exempt: tuple[str, ...] = ()
    """Tests of the suite that the model must not pass, each with a reason where it stands."""
    needs_outliers: bool = False
    """Whether `fit` is given auxiliary outliers wherever a test does not say otherwise."""


def encoder(seed: int) -> keras.Model:
    return kocc.networks.lenet("digits", seed=seed)


def decoder(seed: int) -> keras.Model:
    return kocc.networks.lenet_decoder("digits", seed=seed)


def biased_encoder(seed: int) -> keras.Model:
    return kocc.networks.lenet("digits", use_bias=True, seed=seed)


def windows_encoder(seed: int) -> keras.Model:
    shape = (8, 8, 1)
    # In one order, with all windows: what the statistics of several orders round to differs
    # between one and two replicas by more than the 1e-6 of the suite.
    return kocc.networks.icl_encoder(
        shape,
        window=32,
        hidden=(32,),
        code=16,
        permutations=1,
        num_windows=None,
        seed=seed,
    )


def encoder_of_views(seed: int) -> keras.Model:
    """An encoder that looks at 36 views of each digit.

    BatchNorm comes after the dense layer: the fused kernel sums in float32, over the
    cells of a feature map of all views with an error that two replicas do not make.
    """
    make = LayerFactory(seed=seed)
    convolution = [make.convolution(16, 3), make.leaky(), keras.layers.MaxPooling2D()]
    dense = [keras.layers.Flatten(), make.dense(32), make.norm(), make.leaky(), make.dense(16)]
    return sequential((8, 8, 1), [*convolution, *dense], "encoder_of_views")


def ensemble(*, preprocessing, seed, weight_decay=0.0) -> keras.Model:
    """Models of three methods; one has negative scores, one stores samples."""
    options = dict(preprocessing=preprocessing, seed=seed)
    return kocc.Ensemble(
        [
            kocc.DeepSVDD(encoder(seed), weight_decay=weight_decay, **options),
            kocc.OCNN(encoder(seed + 1), train_encoder=True, weight_decay=weight_decay, **options),
            kocc.NearestNeighbors(k=3, **options),
        ]
    )


WITHOUT_STEPS = (
    # There are no steps that lower a loss or change a weight, see
    # tests/models/test_nearest_neighbors.py for what it finds.
    "test_learns",
    "test_batch_hooks_see_every_batch",
    "test_train_and_test_on_batch",
    "test_weight_decay_shrinks_and_stays_out_of_the_loss",
    "test_diverged_training_is_reported",
    "test_resumed_training_equals_uninterrupted",
    # Nothing has to be chosen by `compile`.
    "test_fit_before_compile",
    # There are no losses of a step that could be mixed.
    "test_a_step_mixes_both_losses",
    "test_training_with_latent_labels",
)

NOT_OF_AN_ENSEMBLE = (
    # It has no loss, optimizer, steps, encoder or order of its own; the members, which have, go
    # through these tests themselves. tests/models/test_ensemble.py shows what it finds.
    "test_learns",
    "test_another_seed_gives_another_order",
    "test_validation_reports_the_exact_rank_auc",
    "test_steps_per_execution",
    "test_two_replicas_equal_one",
    "test_mixed_precision",
    "test_learns_in_every_dtype",
    "test_train_and_test_on_batch",
    "test_weight_decay_shrinks_and_stays_out_of_the_loss",
    "test_a_step_mixes_both_losses",
    "test_loaded_model_trains_on_like_the_original",
    # Callbacks belong to one model: it refuses them.
    "test_keras_callbacks_see_val_auc",
    "test_batch_hooks_see_every_batch",
    "test_resumed_training_equals_uninterrupted",
    "test_monitor_logs_the_spread",
    "test_training_with_latent_labels",
    # The scores of all training samples set the scales.
    "test_endless_dataset",
)

WITHOUT_OUTLIERS = (
    # Outliers are mixed into arrays; tests/engine/test_outlier_exposure.py has datasets with
    # labelled anomalies.
    "test_datasets_equal_arrays",
    "test_endless_dataset",
    "test_nan_in_a_dataset_is_reported",
    "test_labels_of_datasets_are_checked_too",
    # A loaded model is not given any; the same file goes on with them there.
    "test_loaded_model_trains_on_like_the_original",
    # Half of a batch are outliers, so that an epoch has twice the batches, and the last one of
    # two samples at least.
    "test_batch_hooks_see_every_batch",
    "test_a_replica_without_samples_is_refused",
    # Latent labels take their place; they are trained with them there.
    "test_a_step_mixes_both_losses",
    "test_training_with_latent_labels",
)


def gaussian_encoder(seed: int) -> keras.Model:
    return kocc.networks.dense_encoder((8, 8, 1), 32, seed=seed)


def variational_decoder(seed: int, classes: int = 0) -> keras.Model:
    return kocc.networks.dense_decoder((8, 8, 1), 16 + classes, seed=seed)


SLOW = {
    "oc_nn_fourier",
    "neutral_ad",
    "icl",
    "multi_head_rotnet",
    "geo",
    "autoencoder",
    "robust_autoencoder",
    "hypersphere_classifier",
    "fcdd",
    "ensemble",
    "direction",
}
"""Models whose steps take long (many views of a sample, a decoder, outliers, members), a second
encoder of OC-NN, and the model of the guide."""
BASELINES = {"supervised_classifier", "variational_autoencoder", "ss_dgm"}
"""Models that go through all tests in the slow part; they have quick ones in `tests/baselines`."""

CASES = [
    Case("one_class", lambda **k: kocc.DeepSVDD(encoder(k["seed"]), **k), 15, 0.9, 0.2),
    Case(
        "soft_boundary",
        lambda **k: kocc.DeepSVDD(encoder(k["seed"]), objective="soft-boundary", nu=0.2, **k),
        15,
        0.9,
        0.2,
    ),
    Case("deep_sad", lambda **k: kocc.DeepSAD(encoder(k["seed"]), **k), 15, 0.9, 0.2),
    Case(
        "hypersphere_classifier",
        lambda **k: kocc.HypersphereClassifier(biased_encoder(k["seed"]), **k),
        10,
        0.98,
        0.3,
        exempt=WITHOUT_OUTLIERS,
        needs_outliers=True,
    ),
    Case(
        "fcdd",
        lambda **k: kocc.FCDD(kocc.networks.fcdd("digits", seed=k["seed"]), **k),
        10,
        0.98,
        0.25,
        exempt=WITHOUT_OUTLIERS,
        needs_outliers=True,
    ),
    Case(
        "oc_nn",
        lambda **k: kocc.OCNN(encoder(k["seed"]), train_encoder=True, **k),
        15,
        0.9,
        0.2,
    ),
    Case(
        "oc_nn_fourier",
        lambda **k: kocc.OCNN(kocc.networks.fourier_features((8, 8, 1), seed=k["seed"]), **k),
        15,
        0.9,
        0.2,
        # Raw pixels are so far apart that their features are orthogonal, which is warned of.
        exempt=("test_saved_model_without_preprocessing",),
    ),
    Case(
        "neutral_ad",
        lambda **k: kocc.NeuTraLAD(encoder(k["seed"]), num_transforms=4, **k),
        10,
        0.95,
        0.4,
    ),
    Case("icl", lambda **k: kocc.ICL(windows_encoder(k["seed"]), **k), 10, 0.95, 0.12),
    Case(
        "multi_head_rotnet",
        # Untrained its scores have an AUC of 0.4 to 0.7 and a spread of 0.003.
        lambda **k: kocc.MultiHeadRotNet(encoder_of_views(k["seed"]), shift=2, **k),
        10,
        0.9,
        0.15,
    ),
    Case(
        "geo",
        # A step shows each image in one of 72 views.
        lambda **k: kocc.GEO(encoder_of_views(k["seed"]), **k),
        72,
        0.9,
        0.15,
        exempt=(
            # The loss of a step is that of the views it shows.
            "test_a_step_mixes_both_losses",
            # The Dirichlets are fitted to outputs whose last bits depend on the size of a batch:
            # tests/models/test_geo.py compares the other weights as closely.
            "test_datasets_equal_arrays",
            "test_two_replicas_equal_one",
        ),
    ),
    Case(
        "autoencoder",
        lambda **k: kocc.Autoencoder(encoder(k["seed"]), decoder(k["seed"]), **k),
        15,
        0.9,
        0.2,
    ),
    Case(
        "robust_autoencoder",
        # The noise of `encode="residual"` depends on that of the epochs before and is in no file
        # of the weights; tests/test_robust_autoencoder.py resumes with it.
        lambda weight_decay=0.0, **k: kocc.RobustAutoencoder(
            encoder(k["seed"]),
            decoder(k["seed"]),
            lam=1.0,
            mu=weight_decay,
            norm="l21",
            encode="input",
            **k,
        ),
        15,
        0.9,
        0.2,
        # Every training sample has noise of its own, and an endless dataset no samples.
        exempt=("test_endless_dataset",),
    ),
    Case(
        "nearest_neighbors",
        # The seed draws which of the samples are stored.
        lambda weight_decay=0.0, **k: kocc.NearestNeighbors(
            encoder(k["seed"]), k=3, max_samples=60, **k
        ),
        1,
        0.9,
        0.15,
        exempt=WITHOUT_STEPS,
    ),
    Case(
        "neighbor_subsets",
        lambda weight_decay=0.0, **k: kocc.NearestNeighbors(
            encoder(k["seed"]), k=1, subsets=20, max_samples=16, **k
        ),
        1,
        0.9,
        0.15,
        exempt=WITHOUT_STEPS,
    ),
    Case("ensemble", lambda **k: ensemble(**k), 15, 0.9, 0.2, exempt=NOT_OF_AN_ENSEMBLE),
    Case(
        "supervised_classifier",
        lambda **k: kocc.baselines.SupervisedClassifier(encoder(k["seed"]), **k),
        10,
        0.98,
        0.3,
        exempt=WITHOUT_OUTLIERS,
        needs_outliers=True,
    ),
    Case(
        "variational_autoencoder",
        lambda **k: kocc.baselines.VariationalAutoencoder(
            gaussian_encoder(k["seed"]), variational_decoder(k["seed"]), **k
        ),
        30,
        0.9,
        # That of unpredictable pixels, which every sample has, makes up most of the score.
        0.02,
        exempt=(
            # Every step draws codes: two of one batch have different losses.
            "test_a_step_mixes_both_losses",
            # Adam's first steps in float16 alone are so large that its activations overflow;
            # BatchNorm, which the networks of the other models have, bounds them.
            "test_every_dtype",
        ),
    ),
    Case(
        "ss_dgm",
        lambda **k: kocc.baselines.SSDGM(
            gaussian_encoder(k["seed"]),
            variational_decoder(k["seed"], classes=2),
            latent=16,
            **k,
        ),
        30,
        0.9,
        0.2,
        exempt=(
            *WITHOUT_OUTLIERS,
            "test_every_dtype",  # as for `variational_autoencoder`
            # They look at the encoder, which is not trained; tests/baselines/test_ss_dgm.py has
            # both for what is.
            "test_resumed_training_equals_uninterrupted",
            "test_weight_decay_shrinks_and_stays_out_of_the_loss",
        ),
        needs_outliers=True,
    ),
    Case("direction", lambda **k: DirectionModel(encoder(k["seed"]), **k), 15, 0.9, 0.2),
]


ESSENTIAL = {
    "test_learns",
    "test_config_holds_exactly_the_init_arguments",
    "test_keras_file_round_trip",
}
"""Tests that slow models go through in the fast part too."""


TWINS = {
    "soft_boundary": {
        "test_calibration",
        "test_loaded_model_trains_on_like_the_original",
        "test_onnx_scores_like_the_model",
        "test_resumed_training_equals_uninterrupted",
        "test_steps_per_execution",
        "test_train_and_test_on_batch",
        "test_weights_round_trip",
    },
    "deep_sad": {
        "test_labels_of_anomalies_are_not_trained_on_as_normal",
        "test_labels_of_datasets_are_checked_too",
        "test_validation_reports_the_exact_rank_auc",
    },
}
"""Models that differ from `one_class` by a state (the radius) or by the use of labels alone, and
the tests of these, which they go through in the fast part beside the essential ones."""


class MadeOnce(dict):
    """Values by the names of models, each made when it is first asked for.

    Two processes share the tests of a module: neither makes what only the other needs.
    """

    def __init__(self, make: Callable):
        super().__init__()
        self._make = make

    def __missing__(self, name: str):
        self[name] = self._make(next(case for case in CASES if case.name == name))
        return self[name]


def is_slow(case: Case, test: str) -> bool:
    """Whether a model goes through a test in the slow part."""
    if test in ESSENTIAL and case.name not in BASELINES:
        return False
    return case.name in SLOW | BASELINES or test not in TWINS.get(case.name, {test})


def every_model(test: Callable) -> Callable:
    """Run a test for every model that is not exempt from it."""
    cases = [case for case in CASES if test.__name__ not in case.exempt]
    marked = [
        pytest.param(case, marks=pytest.mark.slow) if is_slow(case, test.__name__) else case
        for case in cases
    ]
    return pytest.mark.parametrize("case", marked, ids=[case.name for case in cases])(test)


def build(case: Case, data, *, seed: int = 0, optimizer: object = None, **compile_arguments):
    """A compiled model of the case, Adam at 1e-3 unless said otherwise."""
    model = case.make(preprocessing=contrast_min_max(data.x_train), seed=seed, weight_decay=1e-6)
    model.compile(optimizer=optimizer or keras.optimizers.Adam(1e-3), **compile_arguments)
    return with_outliers(case, model)


def with_outliers(case: Case, model: keras.Model) -> keras.Model:
    """A model whose `fit` is given outliers if the case needs them."""
    if case.needs_outliers:
        model.fit = functools.partial(model.fit, outliers=outliers())
    return model


@functools.cache
def outliers() -> np.ndarray:
    """Auxiliary outliers for the digits: others than zeros, none of them in the test part."""
    data = kocc.datasets.one_vs_rest("digits", normal_class=0, labelled=0.3)
    return data.x_train[data.y_train == -1]
