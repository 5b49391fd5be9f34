"""What the engine assumes of a model, as protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np


class ScorableModel(Protocol):
    """A model that scores samples and is stored in files."""

    name: str
    built: bool
    threshold: Any
    """Weight: scores above it are anomalies."""
    epochs_trained: Any
    """Weight: epochs finished over all fits."""
    named_state: tuple[str, ...]
    data_state: tuple[str, ...]
    inference: Any
    """The `InferenceRunner` of the model."""
    score_metrics: Any
    """The `ScoreMetrics` that `compile` was given."""
    feature_names: tuple[str, ...] | None
    sample_dtype: str
    """Dtype of the samples, `"float32"` or `"float64"`."""

    def source_of(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Wrap the user's data."""

    def weight_penalty(self) -> Any:
        """Penalty on the weights that the objective has, a scalar."""

    def add_state(self, name: str, shape: tuple[int, ...] = ()) -> Any:
        """Add a weight that is not trained."""

    def derive_state(self, name: str) -> None:
        """Set a weight that a file lacks."""


class TrainableModel(ScorableModel, Protocol):
    """A model that is trained; the hooks are described by `models.base.OneClassModel`."""

    optimizer: Any
    run_eagerly: bool
    jit_compile: bool
    compiled: bool
    steps_per_execution: int
    auto_steps_per_execution: bool
    order_seed: int
    weight_decay: float
    uses_labels: bool
    uses_outliers: bool
    needs_anomalies: bool
    table_features: Any
    has_anomaly_loss: bool
    fitted: Any
    """Weight: 1 where the model can score."""
    flagged_share: Any
    """Weight: share of a batch that the step takes for anomalies."""
    loss_tracker: keras.metrics.Metric
    losses: list[Any]
    weights: list[Any]
    variables: list[Any]
    current_run: Any
    """The running `TrainingRun`, or None."""
    train_functions: Any

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        """Per-example loss, shape `(batch,)`."""

    def anomaly_loss_of(self, representation: Any) -> Any:
        """Per-example loss of samples taken for anomalies, shape `(batch,)`."""

    def regularization(self, representation: Any, objective: Any) -> Any:
        """This replica's share of a penalty, a scalar."""

    def decayed_kernels(self) -> list[Any]:
        """The weights that weight decay applies to."""

    def sample_targets(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """Per-sample targets by name."""

    def check_training_source(self, source: Any, steps: int | None) -> None:
        """Refuse samples that cannot be trained on."""

    def ensure_built(self, source: Any) -> None:
        """Build the model for samples, or check that they fit it."""

    def build_optimizer(self) -> None:
        """Create the state of the optimizer."""

    def check_trained_weights(self) -> None:
        """Refuse a training without weights, or with others than the optimizer knows."""

    def initialize(self) -> None:
        """Set the state that depends on the training data."""

    def loops_in_program(self) -> bool:
        """Whether the loop over the steps is part of the compiled function."""

    def default_callbacks(self) -> list[Any]:
        """Callbacks of every fit."""

    def evaluate(self, *arguments: Any, **options: Any) -> Any:
        """Objective and metrics of samples."""
