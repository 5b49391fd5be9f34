"""Pretraining hands weights and BatchNorm statistics over, and checks that it did."""

import keras
import numpy as np
import pytest

import kerasocc as kocc


def pretrain(digits, **options):
    encoder = kocc.networks.lenet("digits", seed=0)
    decoder = kocc.networks.lenet_decoder("digits", seed=0)
    options = {"epochs": 2, "batch_size": 16, "verbose": 0, "seed": 0, **options}
    autoencoder = kocc.pretrain(
        encoder, decoder, digits.x_train, preprocessing=digits.preprocessing, **options
    )
    return encoder, autoencoder


def test_every_weight_of_the_encoder_changes(digits):
    encoder, autoencoder = pretrain(digits)
    fresh = kocc.networks.lenet("digits", seed=0)
    assert len(encoder.weights) == len(fresh.weights)
    for trained, before in zip(encoder.weights, fresh.weights, strict=True):
        assert not np.array_equal(np.array(trained), np.array(before)), trained.path
    assert autoencoder.history.history["loss"][1] < autoencoder.history.history["loss"][0]


def test_the_center_comes_from_the_pretrained_encoder(digits):
    encoder, _ = pretrain(digits)
    embedding = np.array(encoder(digits.preprocessing(digits.x_train)))
    model = kocc.DeepSVDD(encoder, preprocessing=digits.preprocessing, seed=0)
    model.initialize_center(digits.x_train)
    mean = embedding.mean(axis=0)
    far = np.abs(mean) >= 0.1
    np.testing.assert_allclose(np.array(model.center)[far], mean[far], rtol=1e-4)


def test_unchanged_weights_are_reported(digits):
    with pytest.raises(ValueError, match="left these weights of the encoder unchanged: .*kernel"):
        pretrain(digits, optimizer=keras.optimizers.SGD(0.0))


def test_frozen_layers_may_stay_as_they_are(digits):
    encoder = kocc.networks.lenet("digits", seed=0)
    encoder.layers[0].trainable = False
    encoder.layers[1].trainable = False
    before = [np.array(w) for w in encoder.layers[0].weights]
    kocc.pretrain(
        encoder,
        kocc.networks.lenet_decoder("digits", seed=0),
        digits.x_train,
        epochs=1,
        verbose=0,
        seed=0,
    )
    np.testing.assert_array_equal(before, [np.array(w) for w in encoder.layers[0].weights])


def test_decoder_must_fit_the_input(digits):
    with pytest.raises(ValueError, match=r"`decoder` must map codes .*\(8, 8, 1\).*\(28, 28, 1\)"):
        kocc.Autoencoder(kocc.networks.lenet("digits"), kocc.networks.lenet_decoder("mnist"))
    with pytest.raises(ValueError, match="`decoder` must be a Keras model. Received: NoneType"):
        kocc.Autoencoder(kocc.networks.lenet("digits"), None)
