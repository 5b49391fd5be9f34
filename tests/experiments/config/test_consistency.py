"""Settings that are out of range, would be ignored, or lack another."""

import pytest

from kerasocc.experiments.config import TrainConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            dict(labelled=0.1),
            "`labelled` is of the method 'deep-sad' or 'hypersphere-classifier' or 'fcdd'. "
            "Received: labelled=0.1",
        ),
        (dict(eta=2.0), "`eta` is of the method 'deep-sad'"),
        (dict(method="deep-sad", nu=0.2), "`nu` is of the method 'deep-svdd' or 'oc-nn'. Rec"),
        (dict(method="deep-sad", objective="soft-boundary"), "`objective` is of the method"),
        (dict(method="sad"), r"`method` must be one of \['auto', 'deep-svdd', 'deep-sad'"),
        (dict(units=8), "`units` is of the method 'oc-nn'. Received: units=8"),
        (dict(method="oc-nn", lam=1.0), "`lam` is of the method 'robust-autoencoder'"),
        (
            dict(method="oc-nn", regularizer="noise"),
            "`regularizer` is of the method 'deep-svdd' or",
        ),
        (
            dict(method="oc-nn", train_encoder=False, weight_decay=1e-6),
            "`weight_decay` must be 0 unless `train_encoder`",
        ),
        (dict(method="oc-nn", nu=0), r"`nu` must be in \(0, 1\]"),
        (dict(method="robust-autoencoder", lam=-1), "`lam` must be .* Received: lam=-1"),
        (dict(method="robust-autoencoder", lam=float("nan")), "`lam` must be .* Received: lam=nan"),
        (dict(method="robust-autoencoder", norm="l2"), "`norm` must be one of"),
        (dict(method="robust-autoencoder", noise_every=0), "`noise_every` must be an integer"),
        (dict(method="autoencoder", pretrain_epochs=2), "`pretrain_epochs` must be 0: the method"),
        (dict(method="autoencoder", network="resnet18"), "`network` must be left out: the method"),
        (dict(transductive="yes"), "`transductive` must be true or false"),
        (dict(method="deep-sad", eta=0), "`eta` must be a finite number above 0"),
        (dict(method="deep-sad", labelled=1), r"`labelled` must be in \[0, 1\)"),
        (dict(method="deep-sad", labelled_classes=0), "`labelled_classes` must be an integer of"),
        (dict(method="deep-sad", labelled_classes=[1.5]), "`labelled_classes` must be the number"),
        (dict(regularizer="both"), r"`regularizer` must be one of \['noise', 'variance'\]"),
        (dict(regularizer_weight=1.0), "`regularizer_weight` needs a `regularizer`. Received: r"),
        (dict(regularizer="noise", regularizer_weight=-1), "`regularizer_weight` must be a finite"),
        (dict(use_bias=1), "`use_bias` must be true or false. Received: use_bias=1"),
        (dict(pooling="max"), "`pooling` is of the network 'resnet18' alone"),
        (dict(code=0), "`code` must be an integer of at least 1"),
        (dict(method="icl", code=8), "`code` must be left out: the method 'icl' has an encoder"),
        (dict(network="resnet18", code=8), "`code` is of the LeNets alone. Received: code=8"),
        (dict(weights="w.pth"), "`weights` needs the network 'resnet18' or an `encoder`"),
        (dict(network="resnet18", pretrain_epochs=3), "`pretrain_epochs` must be 0: the network"),
        (dict(keep="best", validation=0), "`keep` must be 'last' where no samples are held out"),
        (dict(amount=2), "`amount` needs `altered`. Received: amount=2"),
        (dict(altered="strokes"), "`amount` must be given with `altered`: blocks per side"),
        (dict(altered="noise", amount=1), r"`altered` must be one of \['blocks', 'strokes'\]"),
        (dict(altered="blocks", amount=0), "`amount` must be an integer of at least 1"),
        (
            dict(altered="blocks", amount=2, normal_class=3),
            "`normal_class` must be left out with `altered`. Received: normal_class=3",
        ),
        (dict(altered="blocks", amount=2, contamination=0.1), "`contamination` must be left out"),
        (dict(epochs=3, steps=3), "`epochs` must be given, or `steps`, but not both: steps=3. Rec"),
        (dict(epochs=None), "`epochs` must be given, or `steps`, but not both: steps=None"),
        (dict(steps=0), "`steps` must be an integer of at least 1. Received: steps=0"),
        (dict(steps=9, drop_at=(2,)), "`drop_at` must hold epochs after the first .* epochs=None"),
        (dict(preprocessing="gcn"), r"`preprocessing` must be one of \['contrast', 'unit', 'im"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig.for_dataset(**settings)
