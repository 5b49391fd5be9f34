"""`Scorer`: scores, embeddings, weights and files of a one-class model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasocc.datasets.preprocessing.table_features import TableFeatures
from kerasocc.engine import evaluation, saving
from kerasocc.engine.adaptation import check_adapted
from kerasocc.engine.as_source import as_source
from kerasocc.engine.batches import as_targets
from kerasocc.engine.inference import InferenceRunner
from kerasocc.engine.iterables import first_batches
from kerasocc.engine.jax_devices import whole_batches
from kerasocc.engine.keras_contract import (
    delete_weight,
    new_weights_allowed,
    own_variables,
    remove_weight,
    variable_scope,
)
from kerasocc.engine.keras_layers import forget_calls
from kerasocc.engine.lockstep import claim_ownership
from kerasocc.engine.score_metrics import ScoreMetrics
from kerasocc.engine.sources import Source
from kerasocc.engine.structure import Structure
from kerasocc.engine.tables import as_array
from kerasocc.state import add_state


class Scorer(keras.Model):
    """What a fitted model does.

    Assumes the methods and weights of `models.base.OneClassModel`: `call`, `embedding`,
    `loss_and_score`, `ensure_built`, `fitted`, `threshold`.

    Attributes:
        inference: Applies methods of the model to all samples of a source.
        score_metrics: What `evaluate` computes beside the AUC, the `metrics` of `compile`.
    """

    score_metrics = ScoreMetrics()

    named_state: tuple[str, ...] = ("fitted", "flagged_ratio", "flagged_remainder", "fitted_on")
    """Weights that are stored under their names: a file written before they were added lacks
    them, and `derive_state` gives them a value."""
    data_state: tuple[str, ...] = ()
    """Attributes that hold weights whose size depends on the data, each named like its
    attribute. They are stored under their names and created by `add_state` with the size that
    a file has. In both lists those of the base classes count too."""

    feature_names: tuple[str, ...] | None = None
    """Names of the columns that the model was fitted on; None for arrays."""

    def __init__(self, **arguments: Any):
        super().__init__(**arguments)
        self.inference = InferenceRunner(self)
        self._predicted = Structure(self)
        self._is_adapted = False

    @property
    def table_features(self) -> TableFeatures | None:
        """The part of the model that makes numbers of the columns of a table, or None."""
        preprocessing = getattr(self, "preprocessing", None)
        return preprocessing if isinstance(preprocessing, TableFeatures) else None

    def source_of(self, x: Any, y: Any = None, sample_weight: Any = None) -> Source:
        """Wrap the user's data for this model, the columns of a table in the model's order."""
        x = as_array(x, self.feature_names, self.table_features, self.sample_dtype)
        return as_source(x, y, sample_weight, dtype=self.sample_dtype)

    @property
    def is_fitted(self) -> bool:
        """Whether the model can score."""
        return self.built and float(keras.ops.convert_to_numpy(self.fitted)) > 0

    def build_by_call(self, input_shape: tuple[int | None, ...]) -> None:
        """Build through a symbolic call: Keras exports models only that were called."""
        if not self.built:
            claim_ownership(self.variables)
            with variable_scope(self):
                self(keras.Input(batch_shape=input_shape))
            forget_calls(self)

    def score(
        self, x: Any, *, batch_size: int | None = None, steps: int | None = None, verbose: int = 0
    ) -> np.ndarray:
        """Anomaly scores.

        Args:
            x: Array of shape `(samples, ...)`, a data frame or a dict of columns (in any order,
                if the model was fitted on names), or a dataset or generator of batches.
            batch_size: Samples per pass; the scores do not depend on it.
            steps: Number of batches, needed for endless datasets only.
            verbose: 1 shows a progress bar.

        Returns:
            Array of shape `(samples,)`, float32, larger is more anomalous.

        Raises:
            ValueError: For data that do not fit or hold NaN or infinity, and
                before the first fit.
        """
        source = self.source_of(first_batches(x, steps))
        self.ensure_built(source)
        if source.num_samples is None or source.num_samples > source.rows_read_at_once:
            # Before a long pass, not after it. A short one is not slowed down by the check.
            self.check_fitted()
        scores = self.inference.map(
            "score_if_fitted", source, batch_size=batch_size, steps=steps, verbose=verbose
        )
        if not np.isfinite(scores).all():
            self.check_fitted()
            evaluation.check_scores(scores)
        return scores

    def score_if_fitted(self, x: Any) -> Any:
        """Scores of inputs `(batch, ...)`, shape `(batch,)`; NaN before the first fit."""
        if not self.needs_initialization:
            return self(x)
        return keras.ops.where(keras.ops.greater(self.fitted, 0.0), self(x), np.nan)

    def loss_and_score(self, x: Any) -> tuple[Any, Any]:
        """Per-example objective of unlabelled inputs and their score, in inference mode."""
        representation = self.represent(x)
        return self.loss_of(representation, as_targets(None, x)), self.score_of(representation)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None) -> np.ndarray:
        """Anomaly scores, as `score`; with `callbacks` through Keras's own loop."""
        if callbacks is not None:
            self.scoring_source(x)
            with whole_batches():
                return super().predict(x, batch_size, verbose, steps, callbacks)
        return self.score(x, batch_size=batch_size, steps=steps, verbose=verbose == 1)

    def predict_on_batch(self, x) -> np.ndarray:
        """Anomaly scores of one batch, as `score`, by a function of Keras."""
        self.scoring_source(x)
        return super().predict_on_batch(x)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False) -> Any:
        """As in Keras, for samples that `score` takes."""
        self.scoring_source(x)
        return super().test_on_batch(x, y, sample_weight, return_dict)

    def make_predict_function(self, force: bool = False) -> Any:
        """As in Keras, but anew after a change of the model's layers."""
        self.check_adapted()
        return super().make_predict_function(self._predicted.has_changed() or force)

    def embed(
        self, x: Any, *, batch_size: int | None = None, steps: int | None = None
    ) -> np.ndarray:
        """Embeddings `phi(x)`, shape `(samples, d)`, in inference mode."""
        source = self.source_of(first_batches(x, steps))
        self.ensure_built(source)
        return self.inference.map("embedding", source, batch_size=batch_size, steps=steps)

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
    ) -> Any:
        """Mean objective, exact rank AUC, average precision, and the metrics of `compile`.

        Args:
            x: Array of shape `(samples, ...)` or a dataset of batches `(x, y)`.
            y: 0 normal, 1 anomaly, shape `(samples,)`; the AUC and the average
                precision are left out where it is None or holds one class only.
            batch_size: Samples per pass.
            verbose: 1 prints the results.
            sample_weight: Weights of the objective; the ranking ignores them.
            steps: Batches of an endless dataset.
            callbacks: Get `on_test_begin` and `on_test_end`.
            return_dict: Whether to return a dict instead of a list.

        Returns:
            `{"loss", "auc", "average_precision", ...}` or its values in this order.
        """
        hooks = keras.callbacks.CallbackList(callbacks, model=self)
        hooks.on_test_begin()
        source = self.scoring_source(first_batches(x, steps), y, sample_weight)
        results = evaluation.evaluate(self, source, batch_size=batch_size, steps=steps)
        hooks.on_test_end(results)
        if verbose not in (0, "auto"):
            print(" - ".join(f"{name}: {value:.4f}" for name, value in results.items()))
        return results if return_dict else list(results.values())

    @property
    def sample_dtype(self) -> str:
        """The dtype of samples, `"float32"` or `"float64"`: what the preprocessing was made for."""
        return getattr(self.preprocessing, "sample_dtype", "float32")

    def scoring_source(self, x: Any, y: Any = None, sample_weight: Any = None) -> Source:
        """Wrap data that are to be scored, checked to fit a fitted model."""
        source = self.source_of(x, y, sample_weight)
        self.ensure_built(source)
        self.check_fitted()
        return source

    def check_adapted(self) -> None:
        """Raise `ValueError` if a preprocessing layer was never adapted; see `adaptation`."""
        if not self._is_adapted:
            check_adapted(self)
            self._is_adapted = True

    def check_fitted(self) -> None:
        """Raise `ValueError` before the first fit."""
        self.check_adapted()
        if not self.is_fitted:
            raise ValueError(f"{self.name} is not fitted yet. Call `fit` first.")

    def add_state(
        self, name: str, shape: tuple[int, ...] = (), *, initial: float = 0.0
    ) -> keras.Variable:
        """Add a weight that is not trained, but saved, restored and exported.

        `build` or the constructor adds it, so that a loaded model has it too. One whose size
        depends on the data may be added, or replaced, at any time if its name is in
        `data_state`.

        Args:
            name: Name of the weight, unlike those of the model's other weights.
            shape: Its shape.
            initial: Its initial value.
        """
        for weight in own_variables(self):
            if weight.name == name and name not in saving.inherited_names(self, "data_state"):
                raise ValueError(
                    "`name` must be new, unless it is in `data_state`. Received: "
                    f"name={name!r}, a weight that {self.name} has"
                )
            if weight.name == name:
                remove_weight(self, weight)
        if self.built:
            self.invalidate_compiled()
        with new_weights_allowed(self), variable_scope(self):
            return add_state(self, name, shape, initial=initial)

    def remove_state(self, name: str) -> None:
        """Remove a weight that `add_state` made, if there is one.

        Args:
            name: Of the weight and of the attribute that holds it, None after that.
        """
        if getattr(self, name, None) is None:
            return
        # Deleted first: TensorFlow keeps what an attribute held when None is assigned to it.
        delete_weight(self, name)
        setattr(self, name, None)
        self.invalidate_compiled()

    def invalidate_compiled(self) -> None:
        """Have everything compiled anew: the model has changed."""
        self.inference.invalidate()

    # Files.

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**saving.restored(config, custom_objects))

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save as `keras.Model.save` does, but completely or not at all."""
        saving.write_atomically(super().save, filepath, overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save as `keras.Model.save_weights` does, but completely or not at all."""
        saving.write_atomically(super().save_weights, filepath, overwrite, **kwargs)

    def save_own_variables(self, store: Any) -> None:
        saving.store_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        saving.restore_variables(self, store)

    def derive_state(self, name: str) -> None:
        """Set a weight of `named_state` or `data_state` that a file lacks.

        Args:
            name: Of the weight. A model that was trained counts as fitted; so does one whose
                score needs no state.
        """
        if name == "fitted":
            trained = int(keras.ops.convert_to_numpy(self.epochs_trained)) > 0
            self.fitted.assign(float(trained or not self.needs_initialization))
        elif name in ("flagged_ratio", "flagged_remainder", "fitted_on"):
            weight = getattr(self, name)
            weight.assign(keras.ops.zeros_like(weight))
