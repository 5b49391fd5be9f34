"""Mean distance to the nearest training samples, of the inputs or of embeddings."""

from __future__ import annotations

from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_choice, check_integer, check_number_or_share
from kerasocc.datasets.storage.rows import chunks
from kerasocc.engine.epochs_without_steps import epochs_without_steps
from kerasocc.engine.optimizer_steps import OptimizerGroup
from kerasocc.losses import nearest_neighbors
from kerasocc.models import coreset as coresets
from kerasocc.models import neighbor_memory
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import CommonOptions
from kerasocc.models.principal_components import principal_components
from kerasocc.state import add_state


@keras.saving.register_keras_serializable(package="kerasocc")
class NearestNeighbors(OneClassModel):
    """Scores by the mean distance to the `k` nearest training samples.

    `fit` stores the training samples, embedded by a frozen encoder or, without one, as they
    come out of the preprocessing. There are no gradient steps: every epoch of `fit` reports the
    same loss, the mean score of the stored samples among each other; one is enough. `compile` may
    be left out. A second `fit` replaces the stored samples. `sample_weight` changes nothing. As
    other models without labels do, `fit` refuses labelled anomalies (-1).

    The columns of a table need comparable scales: pass `standardize=True`, or an adapted
    `preprocessing`.

    The stored samples, `memory`, are weights of the model. **Its files, backups and exports
    hold them: whoever has the file has these rows of the training data**, or their embeddings.

    Hidden anomalies that are alike are each other's neighbours, but few of them are in a small
    random subset: `subsets=100, k=1` is the mean over many of 8 samples (LeSiNN).

    Args:
        encoder: Keras model from inputs `(batch, ...)` to embeddings `(batch, d)`, which is not
            trained; None for the inputs themselves, flattened.
        k: Number of neighbours.
        max_samples: Most training samples to store, more than `k`; None for all, `"auto"` for
            10,000. Time of a score and size of a file are in proportion to it. With `subsets` it
            is the size of each, `"auto"` for `8 * k`.
        coreset: Which samples to store of more than `max_samples`: `"random"` ones, or by
            `"greedy"` k-center those that cover the others best, which takes a pass over the
            samples for every stored one and keeps outliers among them.
        standardize: Whether every dimension of the embeddings is divided by its standard
            deviation over the training samples (over the stored ones where these are random).
        components: How many principal components of the embeddings are compared, or if it is
            below 1 the share of the variance that they hold (at most 256); None for all.
        subsets: Number of random subsets to store, in each of which neighbours are sought; None
            for one set.
        **options: `preprocessing`, `seed` (of the coreset) and `name`, see `OneClassModel`.

    Attributes:
        memory: The stored embeddings, divided by `deviation` and projected by `projection`,
            shape `(m, d)`; `subsets` one after the other.
        deviation: What dimensions are divided by, shape `(d,)`; ones without `standardize`.
        projection: The principal components, one per column; None without `components`.
        positions: Their positions in the training data of the last `fit`, shape `(m,)`; None
            in a model that was loaded.

    Raises:
        ValueError: For `k` below 1, `max_samples` not above it, and an unknown argument.

    Example:
        >>> model = kerasocc.NearestNeighbors(k=5, standardize=True)
        >>> model.fit(x_train)
        >>> model.calibrate(x_held_out, fpr=0.05)
        >>> model.is_anomaly(x_new)

    References:
        - Angiulli and Pizzuti, Fast Outlier Detection in High Dimensional Spaces, PKDD 2002.
        - Sun et al., Out-of-Distribution Detection with Deep Nearest Neighbors, ICML 2022.
        - Pang, Ting and Albrecht, LeSiNN: Detecting Anomalies by Identifying Least Similar
          Nearest Neighbours, ICDM Workshops 2015.
    """

    needs_initialization = True
    has_training_steps = False
    data_state = ("memory", "projection")
    without_augmentation = "there are no training steps"

    def __init__(
        self,
        encoder: keras.Model | None = None,
        *,
        k: int = 5,
        max_samples: int | str | None = "auto",
        coreset: str = "random",
        standardize: bool = False,
        components: float | None = None,
        subsets: int | None = None,
        **options: Unpack[CommonOptions],
    ):
        # Mixed precision must not round the inputs.
        flatten = keras.layers.Flatten(dtype="float32", name="inputs_as_embeddings")
        super().__init__(flatten if encoder is None else encoder, **options)
        self.k = check_integer("k", k, minimum=1)
        self.coreset = check_choice("coreset", coreset, ["random", "greedy"])
        self.subsets = coresets.check_subsets(subsets, max_samples, self.coreset)
        self.max_samples = coresets.check_max_samples(max_samples, self.k, self.subsets)
        self.standardize = bool(standardize)
        self.components = components
        if components is not None:
            self.components = check_number_or_share("components", components)
        self.positions: np.ndarray | None = None
        self._embeds_inputs = encoder is None
        self._sample_shape: tuple[int, ...] | None = None
        # There is nothing to choose.
        self.compile()
        self.build_from_encoder()

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self._sample_shape = tuple(input_shape[1:])
        size = self.embedding_size(input_shape)
        self.deviation = add_state(self, "deviation", (size,), initial=1.0)
        compared = size if self.components is None else 1
        self.projection = None
        if self.components is not None:
            self.projection = add_state(self, "projection", (size, compared))
        # As many rows as a score needs, until there are training data.
        self.memory = add_state(self, "memory", (self.k + 1, compared))

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.build_by_call(tuple(config["input_shape"]))

    @property
    def encoder_input_shape(self) -> tuple[int | None, ...] | None:
        if not self._embeds_inputs:
            return super().encoder_input_shape
        return None if self._sample_shape is None else (None, *self._sample_shape)

    def represent(self, x: Any, training: bool = False) -> Any:
        """Mean distances of inputs `(batch, ...)` from their neighbours, shape `(batch,)`."""
        return nearest_neighbors.mean_distances(self.scaled(x), self.memory, self.k, self._sets)

    @property
    def _sets(self) -> int:
        """Into how many subsets `memory` is divided; subsets of all samples are one."""
        return self.subsets if self.subsets and self.memory.shape[0] > self.max_samples else 1

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        return representation

    def score_of(self, representation: Any) -> Any:
        return representation

    def neighbor_distances(self, x: Any) -> Any:
        """Distances of inputs `(batch, ...)` from the `k + 1` nearest, shape `(batch, k + 1)`."""
        return self.memory_distances(self.scaled(x))

    def memory_distances(self, rows: Any) -> Any:
        """As `neighbor_distances`, of rows like those of `memory`, shape `(batch, d)`."""
        return nearest_neighbors.nearest_distances(rows, self.memory, self.k + 1)

    def scaled(self, x: Any) -> Any:
        """Embeddings of inputs `(batch, ...)` as `memory` holds them, shape `(batch, d)`."""
        rows = ops.cast(self.embedding(x), "float32") / self.deviation
        return rows if self.projection is None else ops.matmul(rows, self.projection)

    def training_scores(self, x: Any, y: Any = None) -> np.ndarray:
        """Scores of the samples of the last `fit`; a stored sample is none of its neighbours.

        Args:
            x: The samples that `fit` was given, in the same order.
            y: Not used.

        Returns:
            Shape `(samples,)`, float32.

        Raises:
            ValueError: If `x` holds other samples, or the model was loaded and does not know
                which of them it stores.
        """
        self.check_fitted()
        source = self.source_of(x)
        if self._sets > 1:
            scores = self.score(source)
            positions = self._positions_among(source, len(scores))
            # In its own subset a sample has itself, at a distance of 0, in place of the last one.
            own = self._own_distances(ops.convert_to_numpy(self.memory))
            last = own[:, -1] / (self.k * self._sets)
            np.add.at(scores, positions, last.astype(scores.dtype))
            return scores
        distances = self.inference.map("neighbor_distances", source)
        positions, scores = self._positions_among(source, len(distances)), distances[:, :-1].mean(1)
        scores[positions] = distances[positions, 1:].mean(axis=1)
        return scores

    def _own_distances(self, memory: np.ndarray) -> np.ndarray:
        """Distances of stored samples from their `k` neighbours but themselves, `(m, k)`."""
        if self._sets > 1:
            return neighbor_memory.own_distances(memory, self.k, self._sets)
        return self.inference.run("memory_distances", chunks(memory))[:, 1:]

    def _positions_among(self, source: Any, samples: int) -> np.ndarray:
        """Positions of the stored samples among those of the last `fit`."""
        positions, stored = self.positions, self.memory.shape[0]
        is_repeatable = self.coreset == "random" and self.seed is not None
        if positions is None and (is_repeatable or stored == samples):
            positions = self._random_positions(samples)
        elif positions is None and self._sets == 1:
            rows = self.inference.map("scaled", source)
            positions = coresets.matched_positions(ops.convert_to_numpy(self.memory), rows)
        return coresets.check_positions(positions, stored, samples)

    def reset(self) -> None:
        super().reset()
        self.positions = None

    def initialize(self) -> None:
        run = self.training_run
        if run.latent_rule is not None:
            raise ValueError(
                f"`callbacks` must not hold `LatentLabels`: {type(self).__name__} has no steps in "
                "which samples could be left out"
            )
        embeddings, self.positions = self._stored_embeddings()
        if len(embeddings) <= self.k:
            raise ValueError(
                f"`x` must hold more than k={self.k} samples: each needs as many neighbours. "
                f"Received: {len(embeddings)} samples"
            )
        self.memory = self.add_state("memory", embeddings.shape)
        self.memory.assign(embeddings)
        run.cached["loss"] = float(self._own_distances(embeddings).mean(dtype="float64"))

    def _stored_embeddings(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of `memory` and their positions in the training data; sets `deviation`."""
        run, source = self.training_run, self.training_run.source
        if self.coreset == "random" and source.has_random_access:
            positions = self._random_positions(source.num_samples)
            # Subsets may share samples, and come one after the other.
            read = positions if self.subsets is None else np.unique(positions)
            samples = chunks(source.read(read))
            rows = self._scaled_rows(self.inference.run("embedding", samples))
            if self.subsets is not None:
                rows = rows[np.searchsorted(read, positions)]
            return rows, positions
        rows = self._scaled_rows(run.map("embedding"))
        if self.coreset == "random":
            positions = self._random_positions(len(rows))
        else:
            positions = coresets.greedy_coreset(rows, self.max_samples, self.order_seed)
        return rows[positions], positions

    def _scaled_rows(self, embeddings: np.ndarray) -> np.ndarray:
        rows = embeddings.astype("float32")
        if self.standardize:
            self.deviation.assign(neighbor_memory.column_deviations(rows))
        rows = rows / ops.convert_to_numpy(self.deviation)
        if self.components is None:
            return rows
        found = principal_components(rows, self.components, self.order_seed)
        self.projection = self.add_state("projection", found.shape)
        self.projection.assign(found)
        return rows @ found

    def _random_positions(self, samples: int) -> np.ndarray:
        return coresets.drawn_positions(samples, self.max_samples, self.subsets, self.order_seed)

    def run_epochs(self, x: Any, **options: Any) -> keras.callbacks.History:
        """Epochs without steps: all that callbacks do between them."""
        return epochs_without_steps(self, {"loss": self.training_run.cached["loss"]}, **options)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Not available: there are no gradient steps.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f"{type(self).__name__} has no training steps; `fit` stores the training samples."
        )

    def optimizer_groups(self) -> list[OptimizerGroup]:
        return [OptimizerGroup(self.optimizer, [])]

    def default_callbacks(self) -> list[StateCallback]:
        # The embeddings of a frozen encoder stay what they are.
        return []

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        # Nothing is trained whose weights could decay.
        del config["weight_decay"]
        if self._embeds_inputs:
            config["encoder"] = None
        own = ("k", "max_samples", "coreset", "standardize", "components", "subsets")
        return {**config, **{name: getattr(self, name) for name in own}}
