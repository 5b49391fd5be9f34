"""The encoder and decoder of a run."""

import dataclasses

import numpy as np
import pytest

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.networks import check_network, choose_network, make_networks


def test_a_network_that_does_not_fit_is_refused_before_there_is_a_run(tmp_path):
    from kerasocc.experiments.runs.networks import check_network, choose_network

    config = TrainConfig.for_dataset("cifar10", network="resnet18")
    assert choose_network(config, (32, 32, 3)) == "resnet18"
    with pytest.raises(ValueError, match="`network` must be left out: the samples are no images"):
        choose_network(config, (9,))
    missing = dataclasses.replace(config, weights=str(tmp_path / "w.npz"))
    with pytest.raises(FileNotFoundError, match="There is no file .*w.npz', which `weights` names"):
        check_network(missing, (32, 32, 3))


@pytest.mark.parametrize(
    ("settings", "shape", "name"),
    [
        (dict(dataset="digits", method="neutral-ad"), (8, 8, 1), "digits_lenet"),
        (dict(dataset="digits", method="neutral-ad", network="wide-resnet"), (8, 8, 1), "wide_r"),
        (dict(dataset="digits", network="wide-resnet"), (8, 8, 1), "wide_resnet_16_4"),
        (dict(dataset="cifar10", method="icl", window=3000), (32, 32, 3), "icl_encoder"),
    ],
)
def test_encoders(settings, shape, name):
    encoder, decoder = make_networks(TrainConfig.for_dataset(**settings), shape, 100)
    assert encoder.name.startswith(name) and encoder.input_shape == (None, *shape)
    assert (decoder is None) == (name != "digits_lenet")


def test_the_name_of_a_table_counts_under_a_protocol_alone(tmp_path):
    np.savez(tmp_path / "thyroid.npz", X=np.zeros((4, 6)), y=[0, 0, 1, 1])
    path = str(tmp_path / "thyroid.npz")
    published = TrainConfig.for_dataset(path, "deep-sad")
    assert choose_network(published, (6,)) == [6, 32, 16, 4]
    own = TrainConfig.for_dataset(path, method="deep-sad")
    assert choose_network(own, (6,)) == [6, 32, 16, 8]
    assert choose_network(TrainConfig.for_dataset(path), (6,)) == [6, 128, 64]


@pytest.mark.parametrize("preprocessing", ["standard", "robust", "quantile", "min-max"])
def test_the_decoder_reaches_the_values_of_the_columns(preprocessing, tmp_path, random):
    (tmp_path / "t.csv").write_text("a,b,c,label\n")
    config = TrainConfig.for_dataset(
        str(tmp_path / "t.csv"), method="autoencoder", preprocessing=preprocessing
    )
    encoder, decoder = make_networks(config, (3,), 100)
    assert encoder.output_shape == (None, 64)
    output = np.array(decoder(10 * random.normal(size=(200, 64))))
    is_bounded = preprocessing == "min-max"
    assert output.min() >= 0 if is_bounded else output.min() < -1
    assert output.max() <= 1 if is_bounded else output.max() > 1


@pytest.mark.parametrize(
    ("method", "chosen", "has_norm", "has_bias"),
    [
        ("autoencoder", {}, False, True),
        ("robust-autoencoder", {}, False, True),
        ("autoencoder", {"batch_norm": True, "use_bias": False}, True, False),
        ("deep-svdd", {}, True, False),
        ("deep-svdd", {"batch_norm": False}, False, False),
        ("hypersphere-classifier", {"labelled": 0.1}, True, True),
    ],
)
def test_what_an_mlp_is_made_of(method, chosen, has_norm, has_bias, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,c,label\n")
    config = TrainConfig.for_dataset(str(tmp_path / "t.csv"), method=method, **chosen)
    for network in make_networks(config, (3,), 100):
        layers = [type(layer).__name__ for layer in network.layers]
        assert ("GlobalBatchNormalization" in layers) == has_norm
        assert network.layers[-1 if "Dense" in layers[-1] else -2].use_bias == has_bias


def test_images_have_batch_norm():
    with pytest.raises(ValueError, match="`batch_norm` must be left out: the samples are images"):
        check_network(TrainConfig.for_dataset("digits", batch_norm=False), (8, 8, 1))


@pytest.mark.parametrize(
    ("method", "shape", "message"),
    [
        (
            "icl",
            (2,),
            "`method` 'icl' needs samples of at least 3 columns, for two windows with a complement "
            "each. Received: samples of shape (2,)",
        ),
        (
            "multi-head-rotnet",
            (6,),
            "`method` 'multi-head-rotnet' needs square images, because it turns them; `image_size` "
            "resizes them. Received: samples of shape (6,)",
        ),
        (
            "geo",
            (24, 32, 3),
            "`method` 'geo' needs square images, because it turns them; `image_size` resizes them. "
            "Received: samples of shape (24, 32, 3)",
        ),
        (
            "multi-head-rotnet",
            (24, 32, 3),
            "`method` 'multi-head-rotnet' needs square images, because it turns them; `image_size` "
            "resizes them. Received: samples of shape (24, 32, 3)",
        ),
    ],
)
def test_samples_that_a_method_cannot_take(method, shape, message):
    with pytest.raises(ValueError) as error:
        check_network(TrainConfig.for_dataset(method=method), shape)
    assert str(error.value) == message


def test_code_is_the_dimension_of_lenets():
    encoder, decoder = make_networks(TrainConfig.for_dataset("digits", code=5), (8, 8, 1), 100)
    assert encoder.output_shape == (None, 5) and decoder.input_shape == (None, 5)
    with pytest.raises(ValueError, match="`code` must be left out: the samples are no images"):
        check_network(TrainConfig.for_dataset("digits", code=5), (6,))
