"""`Compilable`: Keras's `compile` for a one-class objective, and the state of the optimizer."""

from __future__ import annotations

from typing import Any

import keras

from kerasocc.checks import check_integer
from kerasocc.engine.explaining import Explainable
from kerasocc.engine.keras_contract import (
    known_compile_options,
    optimized_weights,
    variable_scope,
)
from kerasocc.engine.score_metrics import ScoreMetrics
from kerasocc.engine.strategy_contract import outside_of_workers

COMPILE_OPTIONS = (
    "optimizer",
    "metrics",
    "run_eagerly",
    "steps_per_execution",
    "jit_compile",
    "auto_scale_loss",
)
"""Arguments of `compile` that are saved."""


class Compilable(Explainable):
    """How the training of a model is configured.

    Attributes:
        auto_steps_per_execution: Whether `fit` chooses the number of steps per execution.
    """

    auto_steps_per_execution = True

    def compile(
        self,
        optimizer: Any = "adam",
        *,
        metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int | str = "auto",
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
        **unsupported: Any,
    ) -> None:
        """Configure the training; there is no loss to choose.

        Args:
            optimizer: Keras optimizer or its name.
            metrics: A list of functions of labels (0 normal, 1 anomaly) and scores, or of Keras's
                metrics that take predictions of any size. They are reported where there are
                such labels, beside the AUC: by `evaluate`, and for the `validation_data` of
                `fit` as `val_` and their name. Unlike Keras's they are given all samples at
                once.
            run_eagerly: As in Keras.
            steps_per_execution: Steps that one call of the compiled function runs.
                `"auto"` runs up to 32, or a fiftieth of the epoch, at once where nobody
                could tell the difference: one replica of TensorFlow, or JAX where it is
                fast, array data, no callback with batch hooks. An integer is taken as it is.
            jit_compile: As in Keras.
            auto_scale_loss: As in Keras.
            **unsupported: Keras's other arguments: only None is accepted.

        Raises:
            ValueError: If a loss is given, or a metric that scores have no meaning for.
        """
        for argument, value in unsupported.items():
            if value is not None:
                raise ValueError(
                    f"`compile` must not be given `{argument}`: {type(self).__name__} has its "
                    "own objective, and `val_auc` comes from the `validation_data` of `fit`. "
                    f"Received: {argument}={value!r}"
                )
        self.score_metrics = ScoreMetrics(metrics)
        self.auto_steps_per_execution = steps_per_execution == "auto"
        if not self.auto_steps_per_execution:
            check_integer("steps_per_execution", steps_per_execution, minimum=1)
        # Keras decides for the backend at hand, but the file may be loaded under another.
        self._auto_jit_compile = jit_compile == "auto"
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=1 if self.auto_steps_per_execution else steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=auto_scale_loss,
        )
        self.train_functions.invalidate()

    def get_compile_config(self) -> dict[str, Any] | None:
        config = super().get_compile_config()
        if config:
            config["metrics"] = self.score_metrics.serialize()
        if config and self.auto_steps_per_execution:
            config["steps_per_execution"] = "auto"
        if config and self._auto_jit_compile:
            config["jit_compile"] = "auto"
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        config = known_compile_options(config, COMPILE_OPTIONS)
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.build_optimizer()

    def build_optimizer(self) -> None:
        """Create the state of the model's optimizer, for the weights that it trains."""
        if not self.optimizer.built:
            with variable_scope(self):
                self.optimizer.build(self.optimizer_groups()[0].weights)

    def check_trained_weights(self) -> None:
        """Raise `ValueError` unless there are weights to train, those that `compile` met."""
        weights = self.optimizer_groups()[0].weights
        if self.has_training_steps and not weights:
            raise ValueError(
                "`encoder` must have weights to train. Received: "
                f"{self.encoder.name!r} without any (frozen by `trainable=False`, quantized, or "
                "made without). Take `NearestNeighbors(encoder)`, or `OCNN(encoder, "
                "train_encoder=False)`, for one that stays as it is."
            )
        known = {id(weight) for weight in optimized_weights(self.optimizer)}
        if known != {id(weight) for weight in weights}:
            raise ValueError(
                f"The weights of {self.name} that are trained have changed since the optimizer "
                "met them (`trainable`, quantization, LoRA). Call `compile` again with a new "
                f"optimizer. Received: {len(weights)} weights to train, {len(known)} that it knows"
            )

    def load_weights(self, filepath: Any, **kwargs: Any) -> None:
        """Load as `keras.Model.load_weights` does, the state of the optimizer included."""
        if self.compiled and self.built:
            self.build_optimizer()
        outside_of_workers(super().load_weights, filepath, **kwargs)
