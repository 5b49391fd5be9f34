"""Robust (convolutional) autoencoder: a reconstruction beside sparse noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.noise_update import NoiseUpdate
from kerasocc.checks import (
    AUTO,
    check_choice,
    check_integer,
    check_non_negative,
    check_non_negative_or_auto,
)
from kerasocc.engine.positions import check_ends
from kerasocc.engine.sources import Source
from kerasocc.losses.sparsity import group_soft_threshold, soft_threshold
from kerasocc.models.options import CommonOptions
from kerasocc.models.reconstruction import ReconstructionModel
from kerasocc.models.training_noise import EVERYTHING, TrainingNoise, twice
from kerasocc.state import add_state


@keras.saving.register_keras_serializable(package="kerasocc")
class RobustAutoencoder(ReconstructionModel):
    """Robust autoencoder (RCAE): `X = rec + N`, what cannot be reconstructed goes to `N`.

    `1/samples * (sum_i ||x_i - n_i - rec_i||^2 + lam * ||N||) + mu/2 * sum ||W||_F^2`
    over the preprocessed inputs `x` of the training set. Weights and noise are
    minimised in turn: epochs of training with `N` fixed, then `N` = the proximal step
    on `Z = X - rec` (`callbacks.NoiseUpdate`, attached by default). The reported loss
    is the mean of `||x_i - n_i - rec_i||^2`.

    | `norm` | `||N||` | proximal step, `t = lam / 2` |
    |---|---|---|
    | `"l1"` | sum of absolute entries | entries beyond `t` keep their excess |
    | `"l21"`, samples | sum of `||n_i||` | samples with `||z_i|| > t`, shrunk by `t` |
    | `"l21"`, features | sum of `||N_:j||` | the same for columns of the training set |

    So `t` is the largest residual that passes for ordinary: of an entry, of a whole
    sample, or of a feature, there growing like the root of the number of samples.
    `lam="auto"` chooses it anew at every update, from the residuals of that moment: `t` is
    Tukey's upper fence (`losses.sparsity.upper_fence`) of the absolute values of the
    entries, or, with twice its reach, of the norms of the samples or features. Of clean data
    little lies beyond it, and `N` may be 0. For images in [0, 1] with corrupted pixels 0.4
    is a start; a `lam` below the residuals of clean data moves most of them into `N`. The
    rule is ours, not from the papers, which search for `lam`. For samples networks without
    BatchNorm gained more in our measurements. `lam=inf` leaves `N` out: an `Autoencoder`,
    weight for weight. `sample_weight` weighs the reconstruction, not the proximal step.
    For `N`, reconstructions are clipped to twice the range of the training samples (ours);
    nothing else pulls one back to its sample once the difference is in `N`.

    The score is `||x - rec(x)||^2` with `n = 0`, for any data (inductive);
    `noise_scores()` is that of the training data (transductive). `N` has the size of
    the training set and is no part of the saved or exported model: a later `fit` on
    the same data in one process goes on with it, on other data it starts from 0; for
    a training that is resumed in another process see `NoiseUpdate(folder=...)`. Samples
    are identified by their position: a dataset must end and keep its order, which is
    checked by reading it (a `tf.data.Dataset` twice) before the training.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to codes `(batch, d)`.
        decoder: Keras model from codes to the shape of the inputs.
        lam: Weight of the noise, not negative; `math.inf` for none, `"auto"` to have every
            update of the noise choose it (`lam_used` is the value).
        mu: Weight of `1/2 * sum ||W||_F^2` over the kernels of encoder and decoder;
            what other models call `weight_decay`.
        norm: `"l1"` for corrupted entries, `"l21"` for corrupted samples or features.
        groups: `"samples"` or `"features"`; used by `"l21"` only.
        encode: What is encoded: `"residual"`, `X - N` (Zhou and Paffenroth), or
            `"input"`, `X` (Chalapathy et al.). Both reconstruct `X - N`.
        **options: `preprocessing`, `seed` and `name`, see `ReconstructionModel`.

    Raises:
        ValueError: For arguments out of range, and if the decoder's output has
            another shape than the input.

    Example:
        >>> model = kerasocc.RobustAutoencoder(encoder, decoder, lam=5.0, norm="l21")
        >>> model.compile(optimizer="adam")
        >>> model.fit(x_train, epochs=50)
        >>> model.noise_scores()  # of x_train, without knowing its anomalies
        >>> model.score(x_new)

    Reference:
        Zhou and Paffenroth, Anomaly Detection with Robust Deep Autoencoders, KDD 2017;
        Chalapathy et al., Robust, Deep and Inductive Anomaly Detection, ECML 2017
        (arXiv 1704.06743), eq. 4.
    """

    named_state = (*ReconstructionModel.named_state, "chosen_lam", "value_range")
    without_augmentation = "every training sample has noise of its own, which no other fits"

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        lam: float | str = AUTO,
        mu: float = 0.0,
        norm: str = "l1",
        groups: str = "samples",
        encode: str = "residual",
        **options: Unpack[CommonOptions],
    ):
        super().__init__(encoder, decoder, weight_decay=check_non_negative("mu", mu), **options)
        self.lam = check_non_negative_or_auto("lam", lam, infinity=True)
        self.norm = check_choice("norm", norm, ["l1", "l21"])
        self.groups = check_choice("groups", groups, ["samples", "features"])
        self.encode = check_choice("encode", encode, ["residual", "input"])
        self.training_noise = TrainingNoise(self)
        if self.chooses_lam:
            self.chosen_lam = add_state(self, "chosen_lam", initial=math.inf)
        if self.has_noise:
            self.value_range = add_state(self, "value_range", (2,))
            self.derive_state("value_range")
        self.build_from_encoder()

    @property
    def has_noise(self) -> bool:
        """Whether there is an `N` at all."""
        return self.chooses_lam or not math.isinf(self.lam)

    @property
    def chooses_lam(self) -> bool:
        """Whether every update of the noise chooses the weight of the noise."""
        return self.lam == AUTO

    @property
    def lam_used(self) -> float:
        """The weight of the noise: `lam`, or what the last update chose; inf before the first."""
        return float(ops.convert_to_numpy(self.chosen_lam)) if self.chooses_lam else self.lam

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if self.has_noise and self.norm == "l21" and self.groups == "features":
            # What a column of the training set was multiplied by; new data need it too.
            self.feature_shrinkage = add_state(self, "feature_shrinkage", tuple(input_shape[1:]))

    def represent_batch(self, x: Any, targets: dict[str, Any], training: bool) -> dict[str, Any]:
        noise = targets.get("noise")
        if noise is None:
            return self.represent(x, training)
        return self._represent(self.prepare(x), noise, training)

    def _represent(self, prepared: Any, noise: Any, training: bool = False) -> dict[str, Any]:
        clean = prepared - ops.cast(noise, "float32")
        read = clean if self.encode == "residual" else prepared
        return {"input": clean, "output": self.autoencode(read, training)}

    # The noise of the training set.

    def initialize(self) -> None:
        if self.has_noise:
            self.training_noise.begin(self.training_run.source)
            self.value_range.assign(twice(self.training_run.map("range_of")))

    def sample_targets(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        return {"noise": self.training_noise.noise_at} if self.has_noise else {}

    def default_callbacks(self) -> list[StateCallback]:
        noise = [NoiseUpdate()] if self.has_noise else []
        return [*noise, *super().default_callbacks()]

    def reset(self) -> None:
        super().reset()
        self.training_noise.clear()

    @property
    def noise(self) -> np.ndarray | None:
        """`N` of the training set, shape `(samples, ...)`, float32, in stored order.

        An array, or a memory-mapped one if it is large. In the space of the
        preprocessed inputs. None before the first update, after loading, and for
        `lam=inf`. Not to be changed.
        """
        return self.training_noise.values

    def noise_scores(self) -> np.ndarray:
        """`||n_i||_2` of the training samples, shape `(samples,)`, float32.

        Raises:
            ValueError: If there is no noise of a training set.
        """
        if self.noise is None:
            trained = int(ops.convert_to_numpy(self.epochs_trained))
            raise ValueError(
                "There is no noise of a training set: call `fit` with a finite `lam` first. It is "
                "no part of a saved model; `score` works without it. "
                f"Received: lam={self.lam}, {trained} epochs trained"
            )
        return self.training_noise.sample_norms()

    def update_noise(self, into: np.ndarray, epoch: int) -> None:
        """Make the proximal step over the training data, and use it from now on.

        Args:
            into: Array to hold it, of the shape of `training_noise`.
            epoch: Number of epochs trained.

        Raises:
            RuntimeError: Outside of `fit`.
        """
        self.training_noise.step(self.training_run.source, into)
        self.training_noise.set(into, epoch)

    # The noise of any data.

    def denoise(self, x: Any, *, iterations: int = 10, batch_size: int | None = None) -> np.ndarray:
        """Samples without their noise, `x - n`, at fixed weights.

        `n` starts at 0; `encode="residual"` repeats `n = prox(x - rec(x - n))`, which
        is complete after one step with `encode="input"`. With groups of features the
        factors are those of the training set.

        Args:
            x: Array of shape `(samples, ...)` or a dataset of batches.
            iterations: Proximal steps.
            batch_size: Samples per pass; the result does not depend on it.

        Returns:
            Array of shape `(samples, ...)`, float32, in the space of the preprocessed
            inputs.
        """
        iterations = check_integer("iterations", iterations, minimum=1)
        steps = (1 if self.encode == "input" else iterations) if self.has_noise else 0
        source = self.scoring_source(x)
        size = source.rows_at_once if batch_size is None else batch_size
        clean = []
        for samples, _, _ in source.batches(check_integer("batch_size", size, minimum=1)):
            noise = np.zeros(samples.shape, "float32")
            for _ in range(steps):
                noise = self.map_noise("noise_of", samples, noise)
            clean.append(self.map_noise("without_noise", samples, noise))
        return np.concatenate(clean)

    def map_noise(self, method: str, x: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Apply a method to samples and their noise, both of shape `(batch, ...)`.

        Args:
            method: `"residual_of"`, `"noise_of"` or `"without_noise"`.
            x: Samples, not preprocessed.
            noise: Their noise.
        """
        x = x if x.dtype == self.sample_dtype else x.astype("float32")
        return self.inference.run(method, [np.stack([x, noise], axis=1)])

    def residual_of(self, pairs: Any) -> Any:
        """`Z = x - rec`, shape `(batch, ...)`, of samples and noise `(batch, 2, ...)`."""
        prepared = self.prepare(pairs[:, 0])
        output = self._represent(prepared, pairs[:, 1])["output"]
        lowest, highest = self.value_range[0], self.value_range[1]
        return prepared - ops.clip(ops.cast(output, "float32"), lowest, highest)

    def range_of(self, x: Any) -> Any:
        """The smallest and the largest preprocessed value of samples, shape `(batch, 2)`."""
        values = ops.reshape(self.prepare(x), (ops.shape(x)[0], -1))
        return ops.stack([ops.min(values, axis=1), ops.max(values, axis=1)], axis=1)

    def noise_of(self, pairs: Any) -> Any:
        """The proximal step, shape `(batch, ...)`, of samples and noise `(batch, 2, ...)`."""
        residual = self.residual_of(pairs)
        if self.norm == "l21" and self.groups == "features":
            return residual * self.feature_shrinkage
        lam = self.chosen_lam if self.chooses_lam else self.lam
        return self.proximal(residual, lam / 2)

    def proximal(self, residual: Any, threshold: Any) -> Any:
        """The proximal step of residuals `(batch, ...)` for `t`, not for groups of features."""
        step = soft_threshold if self.norm == "l1" else group_soft_threshold
        return step(residual, threshold)

    def without_noise(self, pairs: Any) -> Any:
        """`x - n`, shape `(batch, ...)`, of samples and noise `(batch, 2, ...)`."""
        return self.prepare(pairs[:, 0]) - ops.cast(pairs[:, 1], "float32")

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        mu = config.pop("weight_decay")
        own = {name: getattr(self, name) for name in ("lam", "norm", "groups", "encode")}
        return {**config, "mu": mu, **own}

    def derive_state(self, name: str) -> None:
        super().derive_state(name)
        if name == "chosen_lam":
            # Files without it are older than "auto": this was the default then.
            self.chosen_lam.assign(0.1)
        if name == "value_range":
            self.value_range.assign(EVERYTHING)

    def check_training_source(self, source: Source, steps: int | None) -> None:
        if self.has_noise:
            check_ends(source, steps, "to train with noise: every sample has its own")
