"""Which view of an image the steps of an epoch show."""

from __future__ import annotations

from kerasocc.callbacks.base import StateCallback


class ViewOrder(StateCallback):
    """Tell `GEO` which epoch begins, on which the view of an image depends."""

    of_models = "a `GEO`"

    def fits(self, model):
        return hasattr(model, "fit_dirichlets")

    def on_epoch_begin(self, epoch, logs=None):
        self.model.training_run.cached["epoch"] = self.epochs_trained()
