"""The settings of latent outlier exposure, which every method can be trained with."""

from __future__ import annotations

from dataclasses import dataclass

from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import only_if, require, setting

MODE_TITLES = {
    "blind": "Blind",
    "refine": "Refine",
    "hard": "LOE-H",
    "soft": "LOE-S",
    "known": "known labels",
}
"""Modes of `LatentLabels`, and what they are called in reports."""

_FLAGGING = only_if(
    lambda config: config.latent not in (None, "known"),
    "needs a `latent` that flags samples by their losses: 'soft', 'hard' or 'refine'",
)


@dataclass(frozen=True, kw_only=True)
class LatentSettings:
    """How anomalies are inferred among the unlabelled training samples."""

    latent: str | None = setting(
        None,
        kinds.choice("soft", "hard", "refine", "known"),
        "infer while training which samples are anomalies, and expose them with half (soft) or "
        "all (hard) of their weight, leave them out (refine), or expose the hidden ones of "
        "`contamination` (known, an upper bound); none: all unlabelled samples count as normal",
    )
    assumed_contamination: float | str = setting(
        0.1,
        kinds.fraction_or_auto(),
        "fraction of the unlabelled training samples that is flagged, in [0, 1), or auto to "
        "estimate it",
        symbol="alpha",
        rules=(_FLAGGING,),
    )
    latent_refresh: str = setting(
        "batch",
        kinds.choice("batch", "epoch"),
        "when the samples are flagged",
        rules=(_FLAGGING,),
    )
    latent_warmup: int = setting(
        0,
        kinds.integer(0),
        "epochs before any sample is flagged; auto needs one",
        metavar="EPOCHS",
        rules=(
            _FLAGGING,
            require(
                lambda config: config.assumed_contamination != "auto" or config.latent_warmup > 0,
                "must be at least 1 with assumed_contamination='auto': the estimate is made of "
                "the losses of a trained model",
            ),
            require(
                lambda config: config.epochs is None or config.latent_warmup < config.epochs,
                "must be less than the {config.epochs} epochs, or no sample is ever flagged",
            ),
        ),
    )
