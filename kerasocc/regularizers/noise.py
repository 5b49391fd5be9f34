"""Random noise injection by a head of random classification tasks."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc import distribution
from kerasocc.checks import check_integer
from kerasocc.losses.anti_collapse import random_label_cross_entropy
from kerasocc.regularizers.base import Regularizer


@keras.saving.register_keras_serializable(package="kerasocc")
class NoiseRegularizer(Regularizer):
    """Sigmoid cross-entropy for `k` random labels per sample, eq. 4.

    A linear head `g: R^p -> R^k` on the embedding is trained on labels that are drawn
    anew for every sample and step. They cannot be predicted, so the gradients of the
    embeddings change direction all the time, which prevents collapse. The penalty tends
    to log 2. The head has its own optimizer and takes no part in scores and exports.

    Args:
        k: Number of tasks; the paper chooses among 5, 30, 50, 60, 70, 100, 130 and
            200 by validation.
        head_optimizer: Keras optimizer of the head; default Adam with learning rate 1e-3,
            ten times that of the encoder in the paper.
        seed: Seed of the labels and of the head's initial weights, which depend on the
            Keras backend as well.
        name: Name of the layer.

    Raises:
        ValueError: If `k` is below 1.

    Example:
        >>> regularizer = kerasocc.regularizers.NoiseRegularizer(k=50)
        >>> model = kerasocc.DeepSVDD(encoder, regularizer=regularizer)

    Reference:
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, section IV-B.
    """

    def __init__(
        self,
        *,
        k: int = 50,
        head_optimizer: Any = None,
        seed: int | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.k = check_integer("k", k, minimum=1)
        self.seed = None if seed is None else check_integer("seed", seed, minimum=0)
        # As that of a model: what is drawn in every epoch depends on it.
        self.order_seed = random.randrange(2**31) if seed is None else seed
        self._labels_seed = keras.random.SeedGenerator(self.order_seed)
        self.optimizer = keras.optimizers.get(
            head_optimizer or {"class_name": "Adam", "config": {"learning_rate": 1e-3}}
        )
        self._head = keras.layers.Dense(
            self.k,
            dtype="float32",
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            name="head",
        )

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self._head.build(input_shape)
        self.optimizer.build(self._head.trainable_variables)

    @property
    def variables(self) -> list[Any]:
        # Backends other than TensorFlow must be passed every variable that a step changes,
        # the state of the optimizer included.
        return [*super().variables, *self.optimizer.variables]

    @property
    def head_weights(self) -> list[Any]:
        return self._head.trainable_variables

    @property
    def head_optimizer(self) -> keras.optimizers.Optimizer:
        return self.optimizer

    def begin_epoch(self, epochs_trained: int) -> None:
        # Keras does not save generators. The labels depend on the seed and the number of the
        # epoch alone, so that a resumed training draws the same.
        sequence = np.random.SeedSequence([self.order_seed, epochs_trained])
        self._labels_seed.state.assign(sequence.generate_state(2))

    def penalty_share(self, embedding: Any) -> tuple[Any, Any]:
        logits = self._head(ops.cast(embedding, "float32"))
        # Labels for the global batch: the generators of all replicas are in the same state.
        size, tasks = ops.shape(logits)
        shape = (distribution.global_size(size), tasks)
        labels = keras.random.randint(shape, 0, 2, seed=self._labels_seed)
        labels = distribution.local_rows(labels, size)
        share = distribution.global_mean_share(random_label_cross_entropy(logits, labels))
        return share, distribution.global_sum(ops.stop_gradient(share))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "k": self.k,
            "head_optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> NoiseRegularizer:
        optimizer = keras.saving.deserialize_keras_object(config["head_optimizer"])
        return cls(**{**config, "head_optimizer": optimizer})
